import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import { expireDial } from './expire-dial.ts';
import type { RunningDial, StartDial } from './redialer.ts';

/** A dial that begins after a wait, whatever else happens meanwhile. */
export function delayedDial(clock: Clock, start: StartDial, waitMs: number): StartDial {
  return (done, patience) => {
    let running: RunningDial | undefined;
    const timer = clock.schedule(waitMs, () => {
      running = start(done, patience);
    });
    return {
      cancel: () => {
        timer.cancel();
        running?.cancel();
      },
      expire: () => {
        if (running !== undefined) {
          expireDial(running, done, `no link after ${waitMs / 1000} s and more`);
          return;
        }
        timer.cancel();
        const text = `no time was left after a delay of ${waitMs / 1000} s`;
        done({ kind: 'failed', error: new EtError('ET_ERR_LINK_TIMEOUT', text), noRoute: false });
      },
    };
  };
}
