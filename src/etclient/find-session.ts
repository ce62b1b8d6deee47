import { toHex } from '../base/bytes.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';
import { isSessionId } from './cli/flag-values.ts';
import type { ListedSession } from './listed-session.ts';

/** The sessions known here that `text` names: by name, by the beginning of the id, or else by where they run. */
export function findKept(
  kept: readonly SessionCredentials[],
  text: string,
): readonly SessionCredentials[] {
  const called = calledSo(kept, text);
  return called.length > 0 ? called : onHost(kept, text);
}

/** Those of a host that are called so; without `text` all of it. */
export function findOnHost(
  kept: readonly SessionCredentials[],
  host: string,
  text: string | undefined,
): readonly SessionCredentials[] {
  const there = onHost(kept, host);
  return text === undefined ? there : calledSo(there, text);
}

/** By name, or by the beginning of the id. */
export function calledSo(
  kept: readonly SessionCredentials[],
  text: string,
): readonly SessionCredentials[] {
  const named = kept.filter(({ name }) => name === text);
  if (named.length > 0 || !isSessionId(text)) return named;
  return kept.filter(({ session }) => toHex(session).startsWith(text.toLowerCase()));
}

/** The same among sessions whose server is this machine. */
export function listedAs(listed: readonly ListedSession[], text: string): readonly ListedSession[] {
  const named = listed.filter(({ name }) => name === text);
  if (named.length > 0 || !isSessionId(text)) return named;
  return listed.filter(({ session }) => session.startsWith(text.toLowerCase()));
}

/**
 * Where nobody says which: the latest that nobody has. What another client has taken over is somebody's, and comes last; what a client
 * here has is not left at all.
 */
export function latestLeft(
  kept: readonly SessionCredentials[],
  isRunning: (pid: number) => boolean,
): SessionCredentials | undefined {
  const free = kept.filter(({ clientPid = 0 }) => clientPid === 0 || !isRunning(clientPid));
  const [latest] = free.toSorted(
    (a, b) =>
      Number(a.left === 'taken-over') - Number(b.left === 'taken-over') || seenMs(b) - seenMs(a),
  );
  return latest;
}

function seenMs(credentials: SessionCredentials): number {
  return credentials.seenMs ?? credentials.createdMs;
}

function onHost(kept: readonly SessionCredentials[], text: string): SessionCredentials[] {
  const exact = kept.filter(({ destination }) => destination === text);
  if (exact.length > 0) return exact;
  return kept.filter(({ destination }) => {
    const [place = ''] = destination.split(' ');
    return place === text || place.slice(place.lastIndexOf('@') + 1) === text;
  });
}
