/** What a forward has done, for `et status`. Totals never fall. */
export class ForwardCounters {
  /** Connections, or flows of datagrams, that are open. */
  open = 0;
  /** Connections that wait for the far side's answer, or for a session. */
  waiting = 0;
  /** Connections that could not be made. */
  refused = 0;
  /** Bytes towards the side that made the connection. */
  bytesIn = 0;
  /** Bytes from the side that made the connection. */
  bytesOut = 0;
  /** Datagrams that were dropped. */
  dropped = 0;
  /** Flows of datagrams that were ended to make room for others. */
  evicted = 0;
  lastError: string | undefined;
  readonly #onRefused: (text: string) => void;

  constructor(onRefused: (text: string) => void = () => undefined) {
    this.#onRefused = onRefused;
  }

  /** A connection could not be made, and why. */
  refuse(text: string): void {
    this.refused += 1;
    this.lastError = text;
    this.#onRefused(text);
  }
}
