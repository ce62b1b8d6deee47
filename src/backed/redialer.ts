import type { Clock, Timer } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import {
  INITIAL_RECONNECT,
  nextReconnect,
  type Patience,
  type ReconnectEvent,
  type ReconnectPolicy,
  type ReconnectState,
} from './reconnect.ts';
import type { SecureLink } from './secure-link.ts';

/** One attempt to make a link; `done` is called once, unless it was cancelled. It is patient where nothing is said. */
export type StartDial = (done: (result: DialResult) => void, patience?: Patience) => RunningDial;

export interface RunningDial {
  cancel(): void;
  /**
   * Its time is up: within a moment `done` is told what has been tried, and nothing is left running. Where it is not given, the dial can
   * only be cancelled.
   */
  expire?(): void;
  /** How long it may take, in milliseconds; as the policy has it for its patience where it does not say. */
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
  /** Until it is late, then until it is dropped. */
  timer: Timer;
  isLate: boolean;
}

/**
 * Makes links for a client's session whenever one is wanted: obeys `nextReconnect`, and owns the attempts and timers.
 *
 *   young --- dropAfterMs ---> late --- patientMs, or what the dial asks for ---> dropped
 *     |                          |
 *     +----- link, failure ------+---> over          (a brief one has no time to be late)
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
    if (this.#state.kind !== 'content') this.nudge();
  }

  /** An interface appeared or the machine woke. */
  nudge(): void {
    this.#feed({ kind: 'nudge', stillDialing: this.#youngCount() });
  }

  /** `hasCarried`: the link that was lost has been of use, however short its life. */
  onLost(hasCarried = false): void {
    this.#feed({ kind: 'link-lost', hasCarried });
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
    if (step.dial !== undefined) this.#dial(step.dial);
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

  #dial(patience: Patience): void {
    let attempt: Attempt | undefined;
    let isOver = false;
    const dial = this.#startDial((result) => {
      if (isOver) return;
      isOver = true;
      if (attempt !== undefined) this.#end(attempt);
      this.#finish(result, attempt);
    }, patience);
    if (isOver) return;
    const drop = (): void => {
      isOver = true;
      if (attempt !== undefined) this.#end(attempt);
      dial.cancel();
    };
    attempt = this.#add(dial, patience, drop);
  }

  #add(dial: RunningDial, patience: Patience, drop: () => void): Attempt {
    const { dropAfterMs, patientMs } = this.#policy;
    const limitMs = dial.patienceMs ?? (patience === 'patient' ? patientMs : dropAfterMs);
    const timer = this.#clock.schedule(dropAfterMs, () => {
      if (limitMs > dropAfterMs) {
        attempt.isLate = true;
        attempt.timer = this.#clock.schedule(limitMs - dropAfterMs, drop);
      } else {
        drop();
      }
      this.#feedFailure(false);
    });
    const attempt = { dial, timer, isLate: false };
    this.#attempts.add(attempt);
    return attempt;
  }

  #feedFailure(noRoute: boolean): void {
    this.#feed({ kind: 'dial-failed', noRoute, stillDialing: this.#youngCount() });
  }

  #youngCount(): number {
    let count = 0;
    for (const { isLate } of this.#attempts) if (!isLate) count += 1;
    return count;
  }

  #end(attempt: Attempt): void {
    attempt.timer.cancel();
    this.#attempts.delete(attempt);
  }

  /** `attempt` is `undefined` where the dial was over as soon as it began. */
  #finish(result: DialResult, attempt: Attempt | undefined): void {
    if (result.kind === 'failed') {
      this.#failures += 1;
      // The next attempt has been decided on already when this one was late.
      if (attempt?.isLate !== true) this.#feedFailure(result.noRoute);
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
