import type { Clock, Timer } from '../../src/base/clock.ts';

const ROUNDING_MS = 1e-6;

/** The clock of a machine that can sleep: it stands still meanwhile, and its timers with it. */
export class SleepyClock implements Clock {
  readonly #world: Clock;
  #isAsleep = false;
  #asleepSinceMs = 0;
  #sleptMs = 0;
  /** Rounding must not let a timer fire before it is due. */
  #leastMs = 0;
  #waiting: (() => void)[] = [];

  constructor(world: Clock) {
    this.#world = world;
  }

  get isAsleep(): boolean {
    return this.#isAsleep;
  }

  now(): number {
    const worldMs = this.#isAsleep ? this.#asleepSinceMs : this.#world.now();
    return Math.max(this.#leastMs, worldMs - this.#sleptMs);
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const dueMs = this.now() + Math.max(delayMs, 0);
    let inner: Timer | undefined;
    let isCancelled = false;
    const arm = (): void => {
      if (isCancelled) return;
      inner = this.#world.schedule(dueMs - this.now(), () => {
        if (this.#isAsleep) {
          this.#waiting.push(arm);
        } else if (this.now() < dueMs - ROUNDING_MS) {
          arm();
        } else {
          this.#leastMs = Math.max(this.#leastMs, dueMs);
          callback();
        }
      });
    };
    arm();
    return {
      cancel: () => {
        isCancelled = true;
        inner?.cancel();
      },
    };
  }

  defer(callback: () => void): void {
    this.schedule(0, callback);
  }

  afterIo(callback: () => void): void {
    this.schedule(0, callback);
  }

  sleep(): void {
    if (this.#isAsleep) return;
    this.#isAsleep = true;
    this.#asleepSinceMs = this.#world.now();
  }

  wake(): void {
    if (!this.#isAsleep) return;
    this.#sleptMs += this.#world.now() - this.#asleepSinceMs;
    this.#isAsleep = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const arm of waiting) arm();
  }
}
