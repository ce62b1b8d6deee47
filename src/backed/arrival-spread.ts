/** Shorter stretches of time, and smaller ones of bytes, say nothing: acknowledgements and timers are too coarse. */
const MIN_STRETCH_MS = 10;
const MIN_STRETCH_BYTES = 2048;
/** What took this much longer to arrive than to be sent has waited in a queue. */
const FULL_RATIO = 1.2;
/** ...and by this much, stretches in a row together: two busy processes spread what no link does, in milliseconds. */
const FULL_SPREAD_MS = 15;
/** A faster link than this (40 Mbit/s) has queued little by the end of startup, and a busy peer looks like a full one. */
const MAX_BYTES_PER_MS = 5000;

/**
 * Sees that a link is full by how far apart arrives what was sent close together, as a train of packets shows it.
 * One round trip after the first window a thin link is known to be thin, before a queue has been built on it.
 */
export class ArrivalSpread {
  #arrivedMs: number | undefined;
  #sentMs = 0;
  #bytes = 0;
  /** Of the slowest of the last stretches, as long as all were full. */
  #fullBytesPerMs: number | undefined;
  #spreadMs = 0;
  #stretches = 0;

  /**
   * Called for each ACK: when the latest record that it names arrived (in any clock whose pace is right), when that one
   * was sent, and the bytes acknowledged. Returns the link's rate in bytes per ms once two or more stretches in a row have
   * shown it full.
   */
  add(arrivedMs: number, sentMs: number, bytes: number): number | undefined {
    if (this.#arrivedMs === undefined) {
      this.#begin(arrivedMs, sentMs);
      return undefined;
    }
    this.#bytes += bytes;
    const arrivedInMs = arrivedMs - this.#arrivedMs;
    if (arrivedInMs < MIN_STRETCH_MS || this.#bytes < MIN_STRETCH_BYTES) return undefined;
    const bytesPerMs = this.#bytes / arrivedInMs;
    const isFull =
      bytesPerMs <= MAX_BYTES_PER_MS && arrivedInMs > FULL_RATIO * (sentMs - this.#sentMs);
    const spreadMs = arrivedInMs - (sentMs - this.#sentMs);
    this.#begin(arrivedMs, sentMs);
    if (!isFull) {
      this.#fullBytesPerMs = undefined;
      this.#spreadMs = 0;
      this.#stretches = 0;
      return undefined;
    }
    this.#fullBytesPerMs = Math.min(bytesPerMs, this.#fullBytesPerMs ?? bytesPerMs);
    this.#spreadMs += spreadMs;
    this.#stretches += 1;
    return this.#stretches > 1 && this.#spreadMs >= FULL_SPREAD_MS
      ? this.#fullBytesPerMs
      : undefined;
  }

  #begin(arrivedMs: number, sentMs: number): void {
    this.#arrivedMs = arrivedMs;
    this.#sentMs = sentMs;
    this.#bytes = 0;
  }
}
