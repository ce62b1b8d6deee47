import { equalBytes } from '../../src/base/bytes.ts';
import type { SessionPair } from './session-pair.ts';
import { pattern } from './stream-script.ts';

/** A wire of 50 ms there and back. */
export const WIRE = { aToB: { delayMs: 25 }, bToA: { delayMs: 25 } } as const;

/** Whether everything that was written, `bytes` on each of two streams in each direction, has arrived. */
export function isExact(pair: SessionPair, bytes: number): boolean {
  return pair.ends.every(({ script }) =>
    [0, 1].every((stream) => equalBytes(script.received(stream), pattern(bytes, stream * 1000))),
  );
}

/** Lets time pass until as much has arrived; whether it is exact. */
export function arrives(pair: SessionPair, bytes: number, maxMs = 60_000): boolean {
  pair.runUntil(
    () => pair.ends.every(({ script }) => [0, 1].every((n) => script.receivedBytes(n) >= bytes)),
    maxMs,
  );
  return isExact(pair, bytes);
}

export function writeAll(pair: SessionPair, bytes: number): void {
  for (const { script } of pair.ends)
    for (const stream of [0, 1]) script.write(stream, pattern(bytes, stream * 1000));
}
