import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { freeBytes } from '../base/free-bytes.ts';

/** Writes pieces that the caller gives up, with one system call where the stream can. */
export function writePieces(stream: Writable, pieces: readonly Uint8Array[]): void {
  if (pieces.length > 1) stream.cork();
  const last = pieces.length - 1;
  pieces.forEach((piece, i) => {
    if (i < last) stream.write(piece);
    else stream.write(piece, (error) => freeAll(stream, pieces, error));
  });
  if (pieces.length > 1) stream.uncork();
}

/** A socket that has written them has handed them to the kernel; of another stream nobody knows who still holds them. */
function freeAll(stream: Writable, pieces: readonly Uint8Array[], error?: Error | null): void {
  if (stream instanceof Socket && !error) pieces.forEach(freeBytes);
}
