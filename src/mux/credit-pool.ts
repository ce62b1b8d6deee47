import { MAX_CHANNELS, MAX_CREDIT_SUM_BYTES } from '../wire/limits.ts';

/** What every channel can be granted whatever the others hold. Above the 1,024 bytes of the largest note, with the quarter that is granted late. */
export const MIN_WINDOW_BYTES = 2048;

/** Up to here a wish is ordinary and served from a 64th of what is free; a larger one may take half. */
const ORDINARY_WISH_BYTES = 256 * 1024;

/**
 * The part of `MAX_CREDIT_SUM_BYTES` that channels compete for: what is not set aside so that each of `MAX_CHANNELS` has its
 * `MIN_WINDOW_BYTES`. Credit granted is memory reserved.
 *
 * Between any two calls: `0 <= used <= CAPACITY_BYTES`, and with it the sum over all channels of what was granted and is not
 * consumed is at most `MAX_CREDIT_SUM_BYTES`.
 */
export class CreditPool {
  #used = 0;

  static readonly CAPACITY_BYTES: number = MAX_CREDIT_SUM_BYTES - MAX_CHANNELS * MIN_WINDOW_BYTES;

  get usedBytes(): number {
    return this.#used;
  }

  /**
   * How large a window may begin. A part of what is free, so that however many channels come, each gets something; the
   * first several hundred get all they ask for.
   */
  initialWindow(wantedBytes: number): number {
    const share = Math.floor(this.#free / (wantedBytes <= ORDINARY_WISH_BYTES ? 64 : 2));
    return Math.min(Math.max(wantedBytes, 1), MIN_WINDOW_BYTES + share);
  }

  /** How large a window of `windowBytes` may become: half of what is free stays for others. */
  grownWindow(windowBytes: number, wantedBytes: number): number {
    return Math.min(wantedBytes, windowBytes + Math.floor(this.#free / 2));
  }

  /** One channel's reservation changes. */
  change(fromBytes: number, toBytes: number): void {
    this.#used += shareOf(toBytes) - shareOf(fromBytes);
  }

  get #free(): number {
    return CreditPool.CAPACITY_BYTES - this.#used;
  }
}

function shareOf(reservedBytes: number): number {
  return Math.max(0, reservedBytes - MIN_WINDOW_BYTES);
}
