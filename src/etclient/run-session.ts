import type { SessionEnd } from '../backed/session-events.ts';
import type { Clock, WallClock } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { RandomSource } from '../base/random.ts';
import { NetworkWatch, type NetworkWatchDeps } from '../link/network-watch.ts';
import { BYE } from '../wire/frames.ts';
import { ClientSession } from './client-session.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import { Farewell } from './farewell.ts';
import type { FirstLink } from './first-link.ts';
import type { RoadPlan } from './road-plan.ts';

/**
 * An end before the first link waits this long for it, in milliseconds: a server that nobody tells waits for minutes. Where the link is not
 * known to be near, no longer than nobody notices who has pressed ^C.
 */
const TELL_WITHIN_MS = { near: 3000, unknown: 250 };

/** What runs in the session, once it is there. */
export interface Service {
  /** The first link has joined. */
  onFirstLink(): void;
  onOutage(): void;
  onRecovered(): void;
  /** Gives back what was taken; called once, before the process ends. */
  restore(): void;
}

export interface RunDeps {
  readonly clock: Clock;
  readonly wallClock: WallClock;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly interfaces: NetworkWatchDeps['interfaces'];
}

export interface RunOptions {
  readonly plan: RoadPlan;
  /** `--standby`. */
  readonly hasStandby?: boolean;
  readonly keepaliveMs: number | undefined;
  /** What it takes to come back is kept in `onEnded`. */
  readonly isResumable?: boolean;
  /**
   * Opens the channels; `over` ends the session with this result. `received` comes before it where all that the server has to
   * say is here, and only has to be written: the server need not wait for that, nor be there.
   */
  readonly makeService: (
    client: ClientSession,
    over: (end: WorkEnd) => void,
    received: () => void,
  ) => Service;
  readonly firstLink: FirstLink;
  /** A link has joined: the first, or one after an outage. */
  readonly onLink: () => void;
  /** Once; `isEndedThere`: the server has ended too, or was told to. */
  readonly onEnded?: (isEndedThere: boolean) => void;
  readonly onDialFailed: (error: EtError) => void;
}

export interface RunningSession {
  readonly client: ClientSession;
  /** Ends the session, with this as the result; `isGone`: there is nobody left to tell. */
  readonly stop: (end: WorkEnd, isGone?: boolean) => void;
  /** Ends with this result because of a bug of ours; a session that can be resumed is left as it is. */
  readonly giveUp: (end: WorkEnd) => void;
  readonly ended: Promise<WorkEnd>;
}

/** Runs one service over one session, until either ends. */
export function runSession(deps: RunDeps, options: RunOptions): RunningSession {
  let resolveEnd: (end: WorkEnd) => void = () => undefined;
  const ended = new Promise<WorkEnd>((resolve) => {
    resolveEnd = resolve;
  });
  let isOver = false;
  let hasReceivedAll = false;
  let isTold = false;
  const farewell = new Farewell(deps.clock);
  const untold = new UntoldEnd(deps.clock);
  const finish = (end: WorkEnd, isEndedThere: boolean): void => {
    if (isOver) return;
    isOver = true;
    watch.stop();
    service.restore();
    options.onEnded?.(isEndedThere);
    resolveEnd(end);
  };
  const client: ClientSession = new ClientSession(
    {
      ...deps,
      plan: options.plan,
      hasStandby: options.hasStandby === true,
      keepaliveMs: options.keepaliveMs,
    },
    {
      onFirstLink: () => {
        if (untold.onFirstLink()) return;
        watch.setMode('calm');
        options.onLink();
        service.onFirstLink();
      },
      onOutage: () => {
        watch.setMode('alert');
        service.onOutage();
      },
      onRecovered: () => {
        watch.setMode('calm');
        options.onLink();
        service.onRecovered();
      },
      onDialFailed: (error) => options.onDialFailed(error),
      // While a link is alive addresses are looked at rarely; a key finds out at once whether they are still there.
      onKey: () => watch.lookNow(),
      onEnd: (end) => {
        if (!hasReceivedAll) finish(endOf(end), end.kind === 'bye');
      },
    },
  );
  const watch = new NetworkWatch(deps, {
    onAddressesChange: () => client.onAddressesChange((address) => watch.hasAddress(address)),
    onWake: () => client.onWake(),
  });
  // Without a link that is known to be alive the BYE may never arrive: then the session can still be resumed.
  const over = (end: WorkEnd, isGone = false): void => {
    const endNow = (): void => {
      finish(end, isGone || isTold || client.session.links.hasTrusted);
      farewell.say(client);
    };
    if (isGone || client.hasBeenUp) endNow();
    else untold.end(endNow, options.firstLink.isNear ? 'near' : 'unknown');
  };
  const received = (): void => {
    hasReceivedAll = true;
    isTold = client.session.links.hasTrusted;
    farewell.say(client);
  };
  const service: Service = options.makeService(client, over, received);
  options.firstLink.begin(client);
  const giveUp = (end: WorkEnd): void => {
    if (options.isResumable !== true) over(end);
    else finish({ ...end, advice: 'the session goes on: et to this host offers it again' }, false);
  };
  return { client, stop: over, giveUp, ended: farewell.after(ended) };
}

/** An end before the first link: it waits a moment for it. */
class UntoldEnd {
  readonly #clock: Clock;
  #endNow: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whoever asks twice does not wait. */
  end(endNow: () => void, firstLink: keyof typeof TELL_WITHIN_MS): void {
    if (this.#endNow !== undefined) {
      endNow();
      return;
    }
    this.#endNow = endNow;
    this.#clock.schedule(TELL_WITHIN_MS[firstLink], endNow);
  }

  /** True where that is the end. */
  onFirstLink(): boolean {
    this.#endNow?.();
    return this.#endNow !== undefined;
  }
}

/** The session ended before its work did. */
function endOf(end: SessionEnd): WorkEnd {
  if (end.kind === 'failed')
    return { status: FAILURE_STATUS, message: end.error.message, advice: end.error.advice };
  const isGone = end.by === 'peer' && end.code === BYE.terminated;
  const text =
    end.text === '' ? 'the server ended the session' : `the server ended the session: ${end.text}`;
  return { status: FAILURE_STATUS, message: text, isGone };
}
