import type { Clock, Timer } from '../base/clock.ts';

/** Those who wait for a route to be registered, each for a bounded time. */
export class Parked<Waiter> {
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Map<Waiter, Timer>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get count(): number {
    let count = 0;
    for (const ofId of this.#waiting.values()) count += ofId.size;
    return count;
  }

  /** `onLate` comes after `ms`, unless the waiter is released or taken away before. */
  park(id: string, waiter: Waiter, ms: number, onLate: () => void): void {
    const ofId = this.#waiting.get(id) ?? new Map<Waiter, Timer>();
    this.#waiting.set(id, ofId);
    const timer = this.#clock.schedule(ms, () => {
      this.remove(id, waiter);
      onLate();
    });
    ofId.set(waiter, timer);
  }

  remove(id: string, waiter: Waiter): void {
    const ofId = this.#waiting.get(id);
    ofId?.get(waiter)?.cancel();
    ofId?.delete(waiter);
    if (ofId?.size === 0) this.#waiting.delete(id);
  }

  /** Gives back who has waited for `id`, oldest first; they wait no longer. */
  release(id: string): readonly Waiter[] {
    const ofId = this.#waiting.get(id);
    if (ofId === undefined) return [];
    this.#waiting.delete(id);
    for (const timer of ofId.values()) timer.cancel();
    return [...ofId.keys()];
  }
}
