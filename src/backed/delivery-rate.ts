/** The maximum is taken over this many round trips. */
const WINDOW_ROUNDS = 10;

/** What a record remembers from its sending, for the sample its acknowledgement gives. */
export interface RateMark {
  readonly delivered: number;
  readonly deliveredAtMs: number;
  readonly firstSentAtMs: number;
  readonly sentAtMs: number;
  readonly applicationLimited: boolean;
}

/**
 * How fast a link delivers, as a windowed maximum (draft-cheng-iccrg-delivery-rate-estimation-02).
 * A sample taken while the application had too little to send never lowers it.
 */
export class DeliveryRate {
  #delivered = 0;
  #deliveredAtMs = 0;
  #firstSentAtMs = 0;
  /** What was sent before this much was delivered measures the application; up to and with it, since the last byte of it does too. */
  #limitedUntil = -1;
  /** At some time in this round there was nothing to send. */
  #wasLimited = false;
  #round = 0;
  #fullRounds = 0;
  #roundEndsAt = 0;
  /** The best of the current and of the two earlier thirds of the window, in bytes per ms. */
  #best: [number, number, number] = [0, 0, 0];
  #bestRounds = 0;

  /** Bytes per millisecond; `undefined` before the first sample. */
  get bytesPerMs(): number | undefined {
    const best = Math.max(this.#best[0], this.#best[1], this.#best[2]);
    return best > 0 ? best : undefined;
  }

  /** Counts round trips of data. */
  get round(): number {
    return this.#round;
  }

  /** Counts those of them in which the application had enough to send. */
  get fullRounds(): number {
    return this.#fullRounds;
  }

  get delivered(): number {
    return this.#delivered;
  }

  /** Called for each record sent; `inFlightBytes` is what was in flight before it. */
  mark(nowMs: number, inFlightBytes: number): RateMark {
    if (inFlightBytes === 0) {
      this.#firstSentAtMs = nowMs;
      this.#deliveredAtMs = nowMs;
    }
    return {
      delivered: this.#delivered,
      deliveredAtMs: this.#deliveredAtMs,
      firstSentAtMs: this.#firstSentAtMs,
      sentAtMs: nowMs,
      applicationLimited: this.#isLimited,
    };
  }

  /** There was room and nothing to send: what is in flight now measures the application, not the link. */
  applicationLimited(inFlightBytes: number): void {
    this.#wasLimited = true;
    this.#limitedUntil = this.#delivered + inFlightBytes;
  }

  /** `bytes` were acknowledged by one ACK; `mark` is that of the latest record among them. */
  sample(nowMs: number, bytes: number, mark: RateMark): void {
    this.#delivered += bytes;
    this.#deliveredAtMs = nowMs;
    this.#firstSentAtMs = mark.sentAtMs;
    if (mark.delivered >= this.#roundEndsAt) {
      this.#roundEndsAt = this.#delivered;
      this.#nextRound();
    }
    const intervalMs = Math.max(mark.sentAtMs - mark.firstSentAtMs, nowMs - mark.deliveredAtMs);
    if (intervalMs <= 0) return;
    const bytesPerMs = (this.#delivered - mark.delivered) / intervalMs;
    if (mark.applicationLimited && bytesPerMs <= (this.bytesPerMs ?? 0)) return;
    this.raise(bytesPerMs);
  }

  /** The link is known to carry this much, in bytes per ms. */
  raise(bytesPerMs: number): void {
    if (bytesPerMs > this.#best[0]) this.#best[0] = bytesPerMs;
  }

  get #isLimited(): boolean {
    return this.#delivered <= this.#limitedUntil;
  }

  #nextRound(): void {
    this.#round += 1;
    // Rounds without a sample of the link itself do not age its rate.
    const wasLimited = this.#wasLimited || this.#isLimited;
    this.#wasLimited = false;
    if (wasLimited || this.#best[0] === 0) return;
    this.#fullRounds += 1;
    this.#bestRounds += 1;
    if (this.#bestRounds * 3 < WINDOW_ROUNDS) return;
    this.#bestRounds = 0;
    this.#best = [0, this.#best[0], this.#best[1]];
  }
}
