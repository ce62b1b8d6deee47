import { EtError } from '../base/errors.ts';
import type { RunningDial, StartDial } from './redialer.ts';

/** Ends a dial whose time is up; `text` is for one that cannot say itself what it has tried. */
export function expireDial(dial: RunningDial, done: Parameters<StartDial>[0], text: string): void {
  if (dial.expire !== undefined) {
    dial.expire();
    return;
  }
  dial.cancel();
  done({ kind: 'failed', error: new EtError('ET_ERR_LINK_TIMEOUT', text), noRoute: false });
}
