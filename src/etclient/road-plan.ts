import { type RaceEntry, raceDials } from '../backed/dial-race.ts';
import { type LinkDialOptions, linkDial } from '../backed/link-dial.ts';
import { DEFAULT_RECONNECT } from '../backed/reconnect.ts';
import type { StartDial } from '../backed/redialer.ts';
import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { Dial } from '../link/carrier.ts';
import { RoadBook } from './road-book.ts';

/** ssh connects, authenticates and starts a program; over a satellite that is a dozen round trips. */
const SSH_TIMEOUT_MS = 60_000;
/** TCP's head start over ssh. */
const SSH_AFTER_MS = 1500;
/** One ssh may start beside another after this long: a third of the 15 s that each has to connect. */
const SSH_APART_MS = 5000;
const MAX_SSH_COUNT = 3;

/** The roads to one session server. */
export interface Roads {
  /** `undefined`: `--via ssh`, or the server listens nowhere. */
  readonly tcp: Dial | undefined;
  /** `undefined`: `--via tcp`. */
  readonly ssh: Dial | undefined;
  /** True for hosts behind a ProxyJump or ProxyCommand: their address is not ours to dial, so ssh starts at once. */
  readonly sshFirst: boolean;
}

/** What a client dials: any road when it has no link, the better one when it has. */
export interface RoadPlan {
  readonly dial: StartDial;
  /** The road that a link over ssh gives way to. */
  readonly upgrade: StartDial | undefined;
  /** Each road by itself, best first, for `--standby`. */
  readonly book: RoadBook;
}

export function planRoads(clock: Clock, options: LinkDialOptions, roads: Roads): RoadPlan {
  const entries: RaceEntry[] = [];
  const book = new RoadBook();
  const { tcp, ssh, sshFirst } = roads;
  // TCP is one dial with nothing before it: it has what any attempt has.
  const { dropAfterMs, patientMs } = DEFAULT_RECONNECT;
  if (tcp !== undefined)
    entries.push({
      start: book.add(linkDial(options, tcp)),
      afterMs: 0,
      timeoutMs: dropAfterMs,
      patientMs,
      againAfterMs: dropAfterMs,
    });
  if (ssh !== undefined) {
    const afterMs = tcp === undefined || sshFirst ? 0 : SSH_AFTER_MS;
    entries.push({
      start: book.add(sparingly(clock, linkDial(options, ssh))),
      afterMs,
      timeoutMs: SSH_TIMEOUT_MS,
      sharesRoute: !sshFirst,
    });
  }
  const upgrade =
    tcp === undefined || ssh === undefined ? undefined : raceDials(clock, entries.slice(0, 1));
  return { dial: raceDials(clock, entries), upgrade, book };
}

/**
 * Of several attempts beside each other, few run ssh: each authenticates, at both ends. But one that nobody has answered
 * is not all there is, since it repeats its SYN more slowly than people wait.
 */
function sparingly(clock: Clock, start: StartDial): StartDial {
  let runningCount = 0;
  let lastStartMs = Number.NEGATIVE_INFINITY;
  return (done) => {
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
    const dial = start((result) => {
      leave();
      done(result);
    });
    return {
      cancel: () => {
        leave();
        dial.cancel();
      },
    };
  };
}
