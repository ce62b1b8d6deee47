import type { Clock, Timer } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import {
  INITIAL_RECONNECT,
  nextReconnect,
  type ReconnectEvent,
  type ReconnectPolicy,
  type ReconnectState,
} from './reconnect.ts';
import type { SecureLink } from './secure-link.ts';

/** One attempt to make a link; `done` is called once, unless it was cancelled. */
export type StartDial = (done: (result: DialResult) => void) => RunningDial;

export interface RunningDial {
  cancel(): void;
  /** How long it may take, in milliseconds; the policy's `dropAfterMs` where it does not say. */
  readonly patienceMs?: number;
}

export type DialResult =
  | { readonly kind: 'link'; readonly link: SecureLink }
  | { readonly kind: 'failed'; readonly error: EtError; readonly noRoute: boolean };

export interface RedialerEvents {
  onLink(link: SecureLink): void;
  /** An attempt failed; `count` failures in a row since a link was there. */
  onFail(error: EtError, count: number): void;
}

interface Attempt {
  readonly dial: RunningDial;
  readonly timer: Timer;
}

/**
 * Makes links for a client's session whenever one is wanted: obeys `nextReconnect`, and owns the attempts and timers.
 *
 * Between any two calls: a timer is set exactly when the state names a next attempt; no attempt outlives `stop`.
 */
export class Redialer {
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #policy: ReconnectPolicy;
  readonly #startDial: StartDial;
  readonly #events: RedialerEvents;
  readonly #attempts = new Set<Attempt>();
  #state: ReconnectState = INITIAL_RECONNECT;
  #timer: Timer | undefined;
  #failures = 0;
  #lastKeyMs = Number.NEGATIVE_INFINITY;

  constructor(
    clock: Clock,
    random: RandomSource,
    policy: ReconnectPolicy,
    startDial: StartDial,
    events: RedialerEvents,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#policy = policy;
    this.#startDial = startDial;
    this.#events = events;
  }

  get state(): ReconnectState {
    return this.#state;
  }

  /** Whether somebody was there lately. */
  get isAttended(): boolean {
    return this.#clock.now() - this.#lastKeyMs < this.#policy.attendedForMs;
  }

  /** A key was pressed. */
  onKey(): void {
    this.#lastKeyMs = this.#clock.now();
    if (this.#state.kind !== 'content') this.#feed({ kind: 'nudge' });
  }

  /** An interface appeared or the machine woke. */
  nudge(): void {
    this.#feed({ kind: 'nudge' });
  }

  onLost(): void {
    this.#feed({ kind: 'link-lost' });
  }

  onSuspect(): void {
    this.#feed({ kind: 'link-suspect' });
  }

  /** The suspect link answered: attempts beside it are given up. */
  onRevived(): void {
    this.#feed({ kind: 'link-revived' });
    this.#cancelAttempts();
  }

  stop(): void {
    this.#feed({ kind: 'stop' });
    this.#cancelAttempts();
  }

  #feed(event: ReconnectEvent): void {
    const step = nextReconnect(
      this.#state,
      event,
      this.#clock.now(),
      this.isAttended,
      this.#random.uniform(),
      this.#policy,
    );
    this.#state = step.state;
    this.#arm();
    if (step.dial) this.#dial();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { nextAtMs } = this.#state;
    if (nextAtMs === undefined) return;
    this.#timer = this.#clock.schedule(Math.max(0, nextAtMs - this.#clock.now()), () =>
      this.#feed({ kind: 'retry-due' }),
    );
  }

  #dial(): void {
    let attempt: Attempt | undefined;
    let isOver = false;
    const dial = this.#startDial((result) => {
      if (isOver) return;
      isOver = true;
      if (attempt !== undefined) this.#end(attempt);
      this.#finish(result);
    });
    if (isOver) return;
    const timer = this.#clock.schedule(dial.patienceMs ?? this.#policy.dropAfterMs, () => {
      isOver = true;
      if (attempt !== undefined) this.#end(attempt);
      dial.cancel();
      this.#feed({ kind: 'dial-failed', noRoute: false, stillDialing: this.#attempts.size });
    });
    attempt = { dial, timer };
    this.#attempts.add(attempt);
  }

  #end(attempt: Attempt): void {
    attempt.timer.cancel();
    this.#attempts.delete(attempt);
  }

  #finish(result: DialResult): void {
    if (result.kind === 'failed') {
      this.#failures += 1;
      this.#feed({
        kind: 'dial-failed',
        noRoute: result.noRoute,
        stillDialing: this.#attempts.size,
      });
      this.#events.onFail(result.error, this.#failures);
      return;
    }
    if (this.#state.kind === 'stopped') {
      result.link.reset();
      return;
    }
    this.#failures = 0;
    this.#feed({ kind: 'link-joined' });
    this.#cancelAttempts();
    this.#events.onLink(result.link);
  }

  #cancelAttempts(): void {
    for (const attempt of this.#attempts) {
      attempt.timer.cancel();
      attempt.dial.cancel();
    }
    this.#attempts.clear();
  }
}
