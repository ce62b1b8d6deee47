import type { Clock } from '../base/clock.ts';
import type { StreamSocket } from '../link/stream-socket.ts';

/** A program that has not closed its side this long after it was told, in milliseconds, is cut off. */
export const LINGER_MS = 2000;

/**
 * Ends a connection behind `last`, and lets go of it. What the program still sends is read and thrown away until it has closed too:
 * bytes left unread would make the kernel reset the connection, and `last` be lost with it.
 */
export function sayGoodbye(socket: StreamSocket, last: Uint8Array | undefined, clock: Clock): void {
  if (socket.isOver) return;
  const timer = clock.schedule(LINGER_MS, () => socket.reset());
  socket.start({
    onBytes: () => undefined,
    onEnd: () => undefined,
    onDrain: () => undefined,
    onClose: () => timer.cancel(),
  });
  if (last !== undefined) socket.write(last);
  socket.end();
}
