import type { Duplex } from 'node:stream';
import type { Clock } from '../base/clock.ts';

/** A client that has not closed its side this long after it was told, in milliseconds, is cut off. */
const LINGER_MS = 2000;

/**
 * Ends a connection behind `text`. What the client still sends is read and thrown away until it has closed too: bytes left unread would
 * make the kernel reset the connection, and the text be lost with it.
 */
export function sayLast(socket: Duplex, text: string, clock: Clock): void {
  if (socket.destroyed) return;
  const timer = clock.schedule(LINGER_MS, () => socket.destroy());
  socket.once('close', () => timer.cancel());
  if (!socket.writableEnded) socket.end(text);
  socket.resume();
}
