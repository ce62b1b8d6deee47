import { VirtualClock } from '../support/virtual-clock.ts';

/** A clock that can jump, as a machine's does that slept: timers then fire late. */
export class SleepyClock extends VirtualClock {
  #sleptMs = 0;

  override now(): number {
    return super.now() + this.#sleptMs;
  }

  sleep(ms: number): void {
    this.#sleptMs += ms;
  }
}
