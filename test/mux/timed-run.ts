import type { MuxPair } from './mux-pair.ts';

/** A symmetric link in virtual time. */
export interface TimedLink {
  readonly oneWayMs: number;
  /** In each direction. */
  readonly bytesPerMs: number;
  readonly recordBytes: number;
}

/** Lets the two ends talk over `link` for `ms`, sending whenever the link has room; looks at `eachMs` after each millisecond. */
export function runTimed(pair: MuxPair, link: TimedLink, ms: number, eachMs?: () => void): void {
  const budget = { client: 0, server: 0 };
  for (let tick = 0; tick < ms; tick += 1) {
    for (const from of ['client', 'server'] as const) {
      budget[from] = Math.min(
        budget[from] + link.bytesPerMs,
        Math.max(link.bytesPerMs, link.recordBytes),
      );
      while (budget[from] > 0) {
        const sent = sendOne(pair, from, link);
        if (sent === 0) break;
        budget[from] -= sent;
      }
    }
    pair.clock.advance(1);
    eachMs?.();
  }
}

function sendOne(pair: MuxPair, from: 'client' | 'server', link: TimedLink): number {
  const source = from === 'client' ? pair.client : pair.server;
  const sink = from === 'client' ? pair.server : pair.client;
  for (let stream = 0; stream < 8; stream += 1) {
    if ((source.ready & (1 << stream)) === 0) continue;
    const target = new Uint8Array(link.recordBytes);
    const bytes = target.subarray(0, source.take(stream, target));
    pair.clock.schedule(link.oneWayMs, () => sink.receive(stream, bytes));
    return bytes.length;
  }
  return 0;
}
