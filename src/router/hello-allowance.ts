import type { Clock } from '../base/clock.ts';
import { MAX_HELLOS_PER_SECOND } from '../wire/limits.ts';

/** Judging a hello costs some 20 us: a flood of them has a twentieth of a core, and the true client its turn among them. */
const MAX_SAVED = 500;

/** How many hellos may be judged: a token bucket. */
export class HelloAllowance {
  readonly #clock: Clock;
  #saved: number = MAX_SAVED;
  #atMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#atMs = clock.now();
  }

  /** Whether one more may be judged now. */
  take(): boolean {
    const nowMs = this.#clock.now();
    const earned = ((nowMs - this.#atMs) * MAX_HELLOS_PER_SECOND) / 1000;
    this.#saved = Math.min(this.#saved + earned, MAX_SAVED);
    this.#atMs = nowMs;
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}
