import type { Socket } from 'node:net';
import { EMPTY_BYTES } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';

/**
 * Reads what an accepted socket says first, by Node's own means, and stops: it is paused then, with nothing left in it. Empty when
 * it has said nothing by `dueMs`. It does not come when the socket ends before.
 */
export function readFirstChunk(
  socket: Socket,
  clock: Clock,
  dueMs: number,
  onChunk: (bytes: Uint8Array) => void,
): void {
  const finish = (bytes: Uint8Array): void => {
    timer.cancel();
    socket.pause();
    socket.removeListener('data', onData);
    // Once the read that brought it is through, which still looks at the socket.
    clock.defer(() => {
      if (!socket.destroyed) onChunk(bytes);
    });
  };
  const onData = (bytes: Uint8Array): void => finish(bytes);
  const timer = clock.schedule(dueMs - clock.now(), () => finish(EMPTY_BYTES));
  socket.on('data', onData);
  socket.once('end', () => {
    timer.cancel();
    socket.end();
  });
  socket.once('close', () => timer.cancel());
  // It is told by `close`.
  socket.on('error', () => undefined);
  socket.resume();
}
