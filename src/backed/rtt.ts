/** A minimum is forgotten after one to two of these, so that a path that grew longer is believed. */
const MIN_WINDOW_MS = 30_000;
/** A peer that claims a longer delay than the whole took cannot bring the estimate to nothing. */
const MIN_RTT_MS = 0.02;

/**
 * Round-trip time of one link, from records sent once (RFC 9002 section 5).
 * The peer's own delay before acknowledging is taken off.
 */
export class RttEstimator {
  #smoothedMs: number | undefined;
  #variationMs = 0;
  #latestMs = 0;
  #currentMinMs = Number.POSITIVE_INFINITY;
  #previousMinMs = Number.POSITIVE_INFINITY;
  #windowEndsMs = 0;

  /** `undefined` before the first sample. */
  get smoothedMs(): number | undefined {
    return this.#smoothedMs;
  }

  get variationMs(): number {
    return this.#variationMs;
  }

  get latestMs(): number {
    return this.#latestMs;
  }

  /** The least of the last 30 to 60 s; `undefined` before the first sample. */
  get minMs(): number | undefined {
    const min = Math.min(this.#currentMinMs, this.#previousMinMs);
    return min === Number.POSITIVE_INFINITY ? undefined : min;
  }

  sample(nowMs: number, elapsedMs: number, peerDelayMs: number): void {
    if (nowMs >= this.#windowEndsMs) {
      this.#previousMinMs = this.#currentMinMs;
      this.#currentMinMs = Number.POSITIVE_INFINITY;
      this.#windowEndsMs = nowMs + MIN_WINDOW_MS;
    }
    const rttMs = Math.max(elapsedMs - peerDelayMs, MIN_RTT_MS);
    this.#currentMinMs = Math.min(this.#currentMinMs, rttMs);
    this.#latestMs = rttMs;
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = rttMs;
      this.#variationMs = rttMs / 2;
      return;
    }
    this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - rttMs);
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * rttMs;
  }
}
