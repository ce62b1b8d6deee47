import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Two directions of bytes; a socket is both of its own. */
export interface SpliceEnd {
  readonly readable: Readable;
  readonly writable: Writable;
}

/**
 * When it is over. `when-both-ended` lets each direction end for itself. `when-right-ended` does not
 * wait for the left end to follow: a process's own stdin may stay open for ever, and its stdout
 * reaches end-of-file only when the process exits.
 */
export type SpliceEnding = 'when-both-ended' | 'when-right-ended';

/**
 * Joins two ends in both directions, each as fast as its receiver takes the bytes. The end of one
 * direction is passed on and leaves the other alone (sockets need `allowHalfOpen`). Resolves when
 * it is over and everything has been handed on; when a direction fails, all streams are destroyed,
 * and it rejects with that error.
 */
export async function splice(
  left: SpliceEnd,
  right: SpliceEnd,
  ending: SpliceEnding = 'when-both-ended',
): Promise<void> {
  const stop = new AbortController();
  let failure: { readonly error: unknown } | undefined;
  const pipe = async (from: SpliceEnd, to: SpliceEnd): Promise<void> => {
    try {
      await pipeline(from.readable, to.writable, { signal: stop.signal });
      if (from === right && ending === 'when-right-ended') stop.abort();
    } catch (error) {
      if (!stop.signal.aborted) failure = { error };
      stop.abort();
    }
  };
  await Promise.all([pipe(left, right), pipe(right, left)]);
  if (failure === undefined) return;
  for (const { readable, writable } of [left, right]) {
    readable.destroy();
    writable.destroy();
  }
  throw failure.error;
}
