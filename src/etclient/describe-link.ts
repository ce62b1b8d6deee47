import type { SessionLink } from '../backed/session-link.ts';
import type { ClientSession } from './client-session.ts';

/** What `~s` prints: the roads, the round trip, and what is on its way. */
export function describeSession(client: ClientSession): string[] {
  const { session, mux, outageMs, lastFailure } = client;
  const lines: string[] = [];
  for (const link of session.links) lines.push(describeLink(link));
  if (lines.length === 0) lines.push('no link');
  if (outageMs !== undefined) {
    lines.push(`outage: ${(outageMs / 1000).toFixed(1)} s`);
    if (lastFailure !== undefined) lines.push(`last attempt: ${lastFailure.message}`);
  }
  lines.push(
    `unsent: ${mux.bufferedBytes} bytes, unacknowledged: ${session.unacknowledgedBytes} bytes`,
  );
  return lines;
}

function describeLink(link: SessionLink): string {
  const rtt = link.rtt.smoothedMs;
  const state = link.isSuspect ? 'silent' : link.isRetired ? 'ending' : 'alive';
  const time = rtt === undefined ? 'not measured' : `${rtt.toFixed(rtt < 10 ? 1 : 0)} ms`;
  const rate = link.bytesPerMs === undefined ? '' : `, up to ${formatRate(link.bytesPerMs * 1000)}`;
  return `link ${link.id}: ${link.secure.label}, ${state}, round trip ${time}${rate}`;
}

/** `12 kB/s`. */
export function formatRate(bytesPerSecond: number): string {
  if (bytesPerSecond < 10_000) return `${Math.round(bytesPerSecond)} B/s`;
  if (bytesPerSecond < 10_000_000) return `${Math.round(bytesPerSecond / 1000)} kB/s`;
  return `${Math.round(bytesPerSecond / 1_000_000)} MB/s`;
}
