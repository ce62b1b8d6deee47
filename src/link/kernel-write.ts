import { writeSync, writevSync } from 'node:fs';
import type { Socket } from 'node:net';
import { systemCodeOf } from '../base/errors.ts';

/** Of a socket's handle only its descriptor. Node does not document it. */
type SocketInternals = { readonly _handle?: { readonly fd?: number } | null };

/** The socket's descriptor, whose bytes are those of the socket; -1 where there is none, or TLS lies between. */
export function descriptorOf(socket: Socket): number {
  return 'encrypted' in socket ? -1 : ((socket as unknown as SocketInternals)._handle?.fd ?? -1);
}

/**
 * Straight into the kernel, without a copy and without a request of libuv's, while nothing waits before it. How many bytes it took; what it
 * did not is to be written as usual.
 *
 * @throws what write(2) fails with, but EAGAIN. Node destroys a socket that it cannot write to, with what can still be read from it.
 */
export function writeNow(socket: Socket, pieces: readonly Uint8Array[]): number {
  const descriptor = descriptorOf(socket);
  if (descriptor < 0 || socket.writableLength > 0) return 0;
  let taken = 0;
  try {
    const [only] = pieces;
    if (pieces.length > 1) return writevSync(descriptor, pieces);
    if (only !== undefined) while (taken < only.length) taken += writeSync(descriptor, only, taken);
  } catch (error) {
    if (systemCodeOf(error) !== 'EAGAIN') throw error;
  }
  return taken;
}

/** Whether the peer has gone: it takes nothing more, but what it said before may still be in the kernel, to be read. */
export function isPeerGone(error: unknown): boolean {
  const code = systemCodeOf(error);
  return code === 'EPIPE' || code === 'ECONNRESET';
}
