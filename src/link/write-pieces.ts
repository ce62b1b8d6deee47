import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { freeBytes } from '../base/free-bytes.ts';

/** Writes pieces that the caller gives up, with one system call where the stream can. `owned`: the buffers that they are views of. */
export function writePieces(
  stream: Writable,
  pieces: readonly Uint8Array[],
  owned: readonly Uint8Array[] = pieces,
): void {
  const full = pieces.filter(({ length }) => length > 0);
  const last = full.length - 1;
  if (last > 0) stream.cork();
  full.forEach((piece, i) => {
    if (i < last) stream.write(piece);
    else stream.write(piece, (error) => freeAll(stream, owned, error));
  });
  if (last > 0) stream.uncork();
}

/** A socket that has written them has handed them to the kernel; of another stream nobody knows who still holds them. */
function freeAll(stream: Writable, pieces: readonly Uint8Array[], error?: Error | null): void {
  if (stream instanceof Socket && !error) pieces.forEach(freeBytes);
}

/** `pieces` without their first `count` bytes. */
export function behind(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let skip = count;
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    if (skip >= piece.length) skip -= piece.length;
    else {
      rest.push(piece.subarray(skip));
      skip = 0;
    }
  }
  return rest;
}
