import type { Clock, WallClock } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { RandomSource } from '../base/random.ts';
import { NetworkWatch, type NetworkWatchDeps } from '../link/network-watch.ts';
import { ClientSession } from './client-session.ts';
import type { WorkEnd } from './exit.ts';
import type { FirstLink } from './first-link.ts';
import type { RoadPlan } from './road-plan.ts';
import { type EndingOptions, SessionEnding } from './session-ending.ts';

/** What runs in the session, once it is there. */
export interface Service {
  /** The first link has joined. */
  onFirstLink(): void;
  onOutage(): void;
  onRecovered(): void;
  /** Gives back what was taken; called once, before the process ends. */
  restore(): void;
}

/** How a service parts from its session. */
export interface ServiceEnds {
  /** Ends the session with this result. */
  readonly over: (end: WorkEnd) => void;
  /**
   * Comes before `over` where all that the server has to say is here, and only has to be written: the server need not wait for
   * that, nor be there.
   */
  readonly received: () => void;
  /** The work goes on without us; this is our status. */
  readonly leave: (status: number) => void;
}

export interface RunDeps {
  readonly clock: Clock;
  readonly wallClock: WallClock;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly interfaces: NetworkWatchDeps['interfaces'];
}

export interface RunOptions extends EndingOptions {
  readonly plan: RoadPlan;
  /** `--standby`. */
  readonly hasStandby?: boolean;
  readonly keepaliveMs: number | undefined;
  /** Opens the channels. */
  readonly makeService: (client: ClientSession, ends: ServiceEnds) => Service;
  readonly firstLink: FirstLink;
  /** A link has joined: the first, or one after an outage. */
  readonly onLink: () => void;
  readonly onDialFailed: (error: EtError) => void;
}

export interface RunningSession {
  readonly client: ClientSession;
  /** Ends the session, with this as the result; `isGone`: there is nobody left to tell. */
  readonly stop: (end: WorkEnd, isGone?: boolean) => void;
  /** Leaves the work as it is, and tells the server so, with this status; ends what cannot be left. */
  readonly leave: (status: number) => void;
  /** Ends without a word to the server: this client was never there. */
  readonly abandon: (end: WorkEnd) => void;
  /** Ends with this result because of a bug of ours; a session that can be resumed is left as it is. */
  readonly giveUp: (end: WorkEnd) => void;
  readonly ended: Promise<WorkEnd>;
}

/** Runs one service over one session, until either ends. */
export function runSession(deps: RunDeps, options: RunOptions): RunningSession {
  const ending = new SessionEnding(deps.clock, options, {
    client: () => client,
    restore: () => {
      watch.stop();
      service.restore();
    },
  });
  const client: ClientSession = new ClientSession(
    {
      ...deps,
      plan: options.plan,
      hasStandby: options.hasStandby === true,
      keepaliveMs: options.keepaliveMs,
    },
    {
      onFirstLink: () => {
        if (ending.onFirstLink()) return;
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
      onEnd: (end) => ending.onSessionEnd(end),
    },
  );
  const watch = new NetworkWatch(deps, {
    onAddressesChange: () => client.onAddressesChange((address) => watch.hasAddress(address)),
    onWake: () => client.onWake(),
  });
  const leave = (status: number): void => ending.leave(status);
  const service: Service = options.makeService(client, {
    over: (end) => ending.stop(end),
    received: () => ending.received(),
    leave,
  });
  options.firstLink.begin(client);
  return {
    client,
    stop: (end, isGone) => ending.stop(end, isGone),
    leave,
    abandon: (end) => ending.abandon(end),
    giveUp: (end) => ending.giveUp(end),
    ended: ending.ended,
  };
}
