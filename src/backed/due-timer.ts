import type { Clock, Timer } from '../base/clock.ts';

/**
 * One timer for whatever is due first.
 *
 * Between any two calls: a timer is set unless nothing was ever due since it last fired; it is early rather than late.
 */
export class DueTimer {
  readonly #clock: Clock;
  readonly #onDue: (lateMs: number) => void;
  #timer: Timer | undefined;
  #dueMs = Number.POSITIVE_INFINITY;

  /** `onDue` is told by how many milliseconds the timer is late. */
  constructor(clock: Clock, onDue: (lateMs: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Fires at `dueMs` or before; a timer that is early is left, it costs less than another one. */
  arm(dueMs: number): void {
    if (dueMs >= this.#dueMs) return;
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    this.#timer = this.#clock.schedule(Math.max(0, dueMs - this.#clock.now()), () => this.#fire());
  }

  cancel(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
  }

  #fire(): void {
    const lateMs = this.#clock.now() - this.#dueMs;
    this.#timer = undefined;
    this.#dueMs = Number.POSITIVE_INFINITY;
    this.#onDue(lateMs);
  }
}
