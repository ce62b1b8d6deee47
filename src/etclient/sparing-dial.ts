import { expireDial } from '../backed/expire-dial.ts';
import type { DialResult, StartDial } from '../backed/redialer.ts';
import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';

/** One ssh may start beside another after this long: a third of the 15 s that each has to connect. */
const SSH_APART_MS = 5000;
const MAX_SSH_COUNT = 3;

/**
 * Of several attempts beside each other, few run ssh: each authenticates, at both ends. But one that nobody has answered
 * is not all there is, since it repeats its SYN more slowly than people wait.
 */
export function sparingDial(clock: Clock, start: StartDial): StartDial {
  let runningCount = 0;
  let lastStartMs = Number.NEGATIVE_INFINITY;
  return (done, patience) => {
    const isEarly = clock.now() - lastStartMs < SSH_APART_MS;
    if (runningCount >= MAX_SSH_COUNT || (runningCount > 0 && isEarly)) {
      const error = new EtError('ET_ERR_DIAL', 'ssh: an earlier attempt is still connecting');
      done({ kind: 'failed', error, noRoute: false });
      return { cancel: () => undefined };
    }
    let isOver = false;
    const leave = (): void => {
      if (!isOver) runningCount -= 1;
      isOver = true;
    };
    runningCount += 1;
    lastStartMs = clock.now();
    const end = (result: DialResult): void => {
      leave();
      done(result);
    };
    const dial = start(end, patience);
    return {
      cancel: () => {
        leave();
        dial.cancel();
      },
      expire: () => expireDial(dial, end, 'ssh: no link'),
    };
  };
}
