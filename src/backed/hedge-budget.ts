/** What may be sent twice for nothing, as a part of what is sent. */
const PART = 0.04;
/** ...and at once, in bytes: the first doubts are free. */
const MAX_BYTES = 262_144;

/**
 * How much a session may send over a second link for nothing. A doubt that is right costs nothing: the bytes had to go
 * again. One that is wrong has sent them twice; on a path that makes us doubt it often, bulk waits for suspicion.
 *
 * Between any two calls: what was wasted <= MAX_BYTES + PART of what was sent + what one doubt may waste.
 */
export class HedgeBudget {
  #bytes = MAX_BYTES;

  /** Whether bulk may be sent again over another link. */
  get hasAny(): boolean {
    return this.#bytes > 0;
  }

  sent(bytes: number): void {
    this.#bytes = Math.min(this.#bytes + PART * bytes, MAX_BYTES);
  }

  wasted(bytes: number): void {
    this.#bytes -= bytes;
  }
}
