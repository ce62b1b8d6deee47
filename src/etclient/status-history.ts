import type { Clock, Timer } from '../base/clock.ts';

/** A moment of a client's past. The totals are of all forwards it ever had, and never fall. */
export interface HistorySample {
  /** null: there was no link. */
  readonly rttMs: number | null;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** Ten seconds: a client that has nothing to do hardly wakes for it. */
export const SAMPLE_EVERY_MS = 10_000;
/** Ten minutes. */
export const MAX_SAMPLES = 60;

/** The latest ten minutes of a client. */
export class StatusHistory {
  readonly #clock: Clock;
  readonly #take: () => HistorySample;
  readonly #samples: HistorySample[] = [];
  #timer: Timer | undefined;

  constructor(clock: Clock, take: () => HistorySample) {
    this.#clock = clock;
    this.#take = take;
    this.#arm();
  }

  /** The latest last. */
  get samples(): readonly HistorySample[] {
    return this.#samples;
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #arm(): void {
    this.#timer = this.#clock.schedule(SAMPLE_EVERY_MS, () => {
      this.#samples.push(this.#take());
      if (this.#samples.length > MAX_SAMPLES) this.#samples.shift();
      this.#arm();
    });
  }
}
