import { copyOf } from '../base/bytes.ts';
import type { Carrier, Dial } from '../link/carrier.ts';
import { DialFailure } from '../link/dial-failure.ts';

/** Unsent bytes above which a side is not read on; carriers cannot pause, so this only bounds what a stalled ssh costs. */
const MAX_QUEUED_BYTES = 64 * 1024 * 1024;

/** Joins two byte carriers until either ends. `onOver` comes once. */
export function joinCarriers(left: Carrier, right: Carrier, onOver: () => void): void {
  let isOver = false;
  const finish = (other: Carrier): void => {
    if (isOver) return;
    isOver = true;
    other.close();
    onOver();
  };
  const forward = (from: Carrier, to: Carrier): void =>
    from.start({
      onBytes: (bytes) => {
        to.write([copyOf(bytes)]);
        if (to.queuedBytes > MAX_QUEUED_BYTES) {
          from.reset();
          finish(to);
        }
      },
      onClose: () => finish(to),
    });
  forward(left, right);
  forward(right, left);
}

/** Dials a session server; `onGone` comes before the failure where nobody listens any more. */
export async function reachSession(dial: Dial, onGone: () => void): Promise<Carrier> {
  try {
    return await dial(new AbortController().signal);
  } catch (error) {
    if (error instanceof DialFailure && error.kind === 'refused') onGone();
    throw error;
  }
}
