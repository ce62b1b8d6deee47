import type { StreamSocketEvents } from '../link/stream-socket.ts';
import type { Joinable } from './joinable.ts';

/**
 * Joins two connections: bytes, ends and resets go over in both directions, each as fast as its receiver takes them. What was read
 * from the left already comes first. `onOver` comes once, when neither is there any more.
 *
 * Between any two calls: an end is read only while nothing waits to be written to the other, so that what is kept here is at most
 * what one read has brought.
 */
export function joinEnds(
  left: Joinable,
  right: Joinable,
  alreadyRead: readonly Uint8Array[],
  onOver: () => void,
): { readonly cut: () => void } {
  let openCount = 2;
  const cut = (): void => {
    if (openCount === 0) return;
    openCount = 0;
    left.reset();
    right.reset();
    onOver();
  };
  const closed = (error: unknown): void => {
    if (error !== undefined) {
      cut();
      return;
    }
    openCount -= 1;
    if (openCount === 0) onOver();
  };
  const eventsOf = (own: Joinable, other: Joinable): StreamSocketEvents => ({
    onBytes: (bytes) => {
      other.write(bytes);
      if (other.queuedBytes > 0) own.pause();
    },
    onEnd: () => other.end(),
    onDrain: () => other.resume(),
    onClose: closed,
  });
  right.start(eventsOf(right, left));
  for (const bytes of alreadyRead) right.write(bytes);
  left.start(eventsOf(left, right));
  if (right.queuedBytes > 0) left.pause();
  return { cut };
}
