import { DEFAULT_RECONNECT } from '../backed/reconnect.ts';
import { Redialer } from '../backed/redialer.ts';
import type { SecureLink } from '../backed/secure-link.ts';
import { Session } from '../backed/session.ts';
import type { LinkEvent, SessionEnd } from '../backed/session-events.ts';
import type { SessionLink } from '../backed/session-link.ts';
import type { Clock } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { RandomSource } from '../base/random.ts';
import { Mux } from '../mux/mux.ts';
import { BYE } from '../wire/frames.ts';
import { REASON } from '../wire/messages.ts';
import type { RoadPlan } from './road-plan.ts';
import { ServerOpens } from './server-opens.ts';
import { StandbyLinks } from './standby-links.ts';
import { Upgrader } from './upgrader.ts';

/** What the client is told of its session. */
export interface ClientSessionEvents {
  /** A first link has joined. */
  onFirstLink(link: SessionLink): void;
  /** No link is known to be alive. */
  onOutage(): void;
  onRecovered(): void;
  /** A dial failed; the count is of failures in a row since a link was there. */
  onDialFailed(error: EtError, count: number): void;
  onEnd(end: SessionEnd): void;
  /** A key was pressed. */
  onKey?(): void;
}

export interface ClientSessionDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  /** Any road when there is no link, the better ones when there is. */
  readonly plan: Pick<RoadPlan, 'dial' | 'betterThan' | 'roadOf' | 'roads'>;
  /** `--standby`: a link over each of two roads, instead of one over the best. */
  readonly hasStandby?: boolean;
  /** The longest silence before the server is asked for a sign of life, in milliseconds. */
  readonly keepaliveMs: number | undefined;
}

/**
 * A client's end of a session: the streams, the mux on them, and the dialling that keeps a link under them.
 *
 *   starting --- first link ---> up <--- lost or silent, back ---> outage        any --- end ---> over (final)
 */
export class ClientSession {
  readonly session: Session;
  readonly mux: Mux;
  readonly serverOpens: ServerOpens = new ServerOpens();
  readonly #deps: ClientSessionDeps;
  readonly #events: ClientSessionEvents;
  readonly #redialer: Redialer;
  readonly #upgrader: Upgrader;
  readonly #standby: StandbyLinks | undefined;
  #replacement: { cancel(): void } | undefined;
  #hasBeenUp = false;
  #outageSinceMs: number | undefined;
  #lastFailure: EtError | undefined;

  constructor(deps: ClientSessionDeps, events: ClientSessionEvents) {
    this.#deps = deps;
    this.#events = events;
    this.session = new Session('client', deps.clock, deps.logger, {
      onLink: (event, link) => this.#onLink(event, link),
      onEnd: (end) => this.#onEnd(end),
    });
    if (deps.keepaliveMs !== undefined) this.session.idleProbe.maxWaitMs = deps.keepaliveMs;
    this.mux = new Mux({
      role: 'client',
      clock: deps.clock,
      transport: this.session,
      events: {
        onOpen: (incoming) => {
          if (!this.serverOpens.take(incoming)) {
            incoming.refuse(REASON.unknownKind, `kind ${incoming.kind} is not known`);
          }
        },
      },
    });
    this.session.attach(this.mux);
    this.#redialer = new Redialer(deps.clock, deps.random, DEFAULT_RECONNECT, deps.plan.dial, {
      onLink: (link) => this.addLink(link),
      onFail: (error, count) => {
        this.#lastFailure = error;
        events.onDialFailed(error, count);
      },
    });
    this.#upgrader = new Upgrader({
      clock: deps.clock,
      plan: deps.plan,
      hasLink: () => !this.session.isOver && this.session.links.count > 0,
      onLink: (link) => this.#take(link),
      onFailed: (error) => deps.logger.log(1, `no better road: ${error.message}`),
    });
    if (deps.hasStandby === true) {
      const isAttended = (): boolean => this.isAttended;
      this.#standby = new StandbyLinks({ ...deps, session: this.session, isAttended });
    }
    // Whoever has started it is there.
    this.#redialer.onKey();
  }

  /** Milliseconds since there was no link that is known to be alive; `undefined` while there is one. */
  get outageMs(): number | undefined {
    return this.#outageSinceMs === undefined
      ? undefined
      : this.#deps.clock.now() - this.#outageSinceMs;
  }

  get hasBeenUp(): boolean {
    return this.#hasBeenUp;
  }

  /** The latest dial that failed since the outage began. */
  get lastFailure(): EtError | undefined {
    return this.#lastFailure;
  }

  /** The road that the plan made `link` by. */
  roadOf(link: SessionLink): string {
    return this.#deps.plan.roadOf(link.secure);
  }

  /** Whether somebody pressed a key within the last quarter of an hour. */
  get isAttended(): boolean {
    return this.#redialer.isAttended;
  }

  /** Dials. Where a first link is at hand already, `addLink` instead. */
  start(): void {
    this.#redialer.onLost();
  }

  /** Takes a link that was made. Where there are better roads, they are tried from now on. */
  addLink(secure: SecureLink): void {
    if (this.#standby !== undefined) {
      this.session.addLink(secure);
      return;
    }
    const before = [...this.session.links];
    this.session.addLink(secure);
    for (const link of before) this.#giveWay(link);
    this.#upgrader.onJoined(secure);
  }

  /** A key was pressed: if no link is known to be alive, one is dialled now. */
  onKey(): void {
    this.#redialer.onKey();
    this.#events.onKey?.();
  }

  /** Interfaces have changed; links whose address is gone are suspect at once. */
  onAddressesChange(hasAddress: (address: string) => boolean): void {
    for (const link of this.session.links) {
      const { localAddress } = link.secure;
      if (localAddress !== undefined && !hasAddress(localAddress)) this.session.suspect(link);
    }
    this.session.probe();
    this.#redialer.nudge();
    this.#upgrader.onNetworkChange();
    this.#standby?.nudge();
  }

  /** The machine has slept: what is alive is asked, what is not is dialled. */
  onWake(): void {
    this.session.probe();
    this.#redialer.nudge();
    this.#upgrader.onNetworkChange();
    this.#standby?.nudge();
  }

  /** Ends the session at both ends, if the other can be reached; `code` says what becomes of its work. */
  end(text: string, code: number = BYE.over): void {
    this.session.end(code, text);
  }

  #onLink(event: LinkEvent, link: SessionLink): void {
    if (event === 'worn') {
      if (this.#standby === undefined) this.#replace(link);
      else this.#standby.replace(link);
      return;
    }
    if (event === 'lost' || event === 'suspect') this.#upgrader.onLost(link.secure);
    this.#standby?.look();
    if (event === 'joined' && !this.#hasBeenUp) {
      this.#hasBeenUp = true;
      this.#events.onFirstLink(link);
    }
    if (this.session.links.hasTrusted) {
      if (event === 'revived') this.#redialer.onRevived();
      this.#recover();
      return;
    }
    if (this.session.links.count === 0) this.#redialer.onLost(link.hasCarried);
    else this.#redialer.onSuspect();
    if (this.#outageSinceMs !== undefined) return;
    this.#outageSinceMs = this.#deps.clock.now();
    this.#lastFailure = undefined;
    this.#events.onOutage();
  }

  #recover(): void {
    if (this.#outageSinceMs === undefined) return;
    this.#outageSinceMs = undefined;
    this.#events.onRecovered();
  }

  /** Make before break: a link that is alive ends when it is quiet, a silent one at once, or the kernel goes on resending. */
  #giveWay(link: SessionLink): void {
    if (link.isSuspect) this.session.dropLink(link);
    else this.session.retire(link);
  }

  /** A link that is old gives way to another while it is still alive. */
  #replace(link: SessionLink): void {
    if (this.#upgrader.isTrying || this.#replacement !== undefined) {
      link.wearLater();
      return;
    }
    this.#replacement = this.#deps.plan.dial((result) => {
      this.#replacement = undefined;
      if (result.kind === 'failed') link.wearLater();
      else this.#take(result.link);
    });
  }

  #take(link: SecureLink): void {
    if (this.session.isOver) link.reset();
    else this.addLink(link);
  }

  #onEnd(end: SessionEnd): void {
    this.#redialer.stop();
    this.#upgrader.stop();
    this.#standby?.stop();
    this.#replacement?.cancel();
    // Before the channels hear of it, who would only say that they are closed.
    this.#events.onEnd(end);
    if (end.kind === 'failed') this.mux.close(end.error);
    else this.mux.close();
  }
}
