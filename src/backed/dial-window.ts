import { DIAL_WINDOW } from '../wire/limits.ts';

/**
 * Which dial numbers of one client process were used: the highest and the 64 below it.
 * A number that was seen, or is older than the window, is a replay (the window of RFC 4303 section 3.4.3).
 */
export class DialWindow {
  #highest = 0;
  readonly #seen = new Set<number>();

  /** Marks `number`; false when it was used or is too old. */
  accept(number: number): boolean {
    if (number < 1 || number < this.#highest - DIAL_WINDOW || this.#seen.has(number)) return false;
    this.#seen.add(number);
    if (number > this.#highest) {
      this.#highest = number;
      for (const old of this.#seen) if (old < number - DIAL_WINDOW) this.#seen.delete(old);
    }
    return true;
  }
}
