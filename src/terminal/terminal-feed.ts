/** When a terminal is read. Bytes, and milliseconds. */
export interface FeedPolicy {
  /** With somebody there, output runs ahead by this much at least. Default 32 KiB: a screen or two. */
  readonly aheadBytes: number;
  /** And by what the link delivers in this time. Default 250: ^C waits no longer for what was before it. */
  readonly aheadMs: number;
  /** Without a link for this long, nobody is there. Default 2_000. */
  readonly awayAfterMs: number;
  /** With a link but without credit for this long, nobody reads. Default 30_000; tmux throws a client out after 300 s. */
  readonly stalledAfterMs: number;
}

export const DEFAULT_FEED_POLICY: FeedPolicy = {
  aheadBytes: 32_768,
  aheadMs: 250,
  awayAfterMs: 2000,
  stalledAfterMs: 30_000,
};

/** The least worth reading: a terminal hands out up to 4095 bytes at a time. */
const LEAST_READ_BYTES = 4096;

/** More than this is undelivered whenever a terminal is paused for somebody who is there. */
export const LEAST_PAUSED_BYTES: number = DEFAULT_FEED_POLICY.aheadBytes - LEAST_READ_BYTES;

/** How things stand when a decision is asked for. */
export interface FeedView {
  /** Bytes in the log that the channel has not delivered. */
  readonly undeliveredBytes: number;
  /** Bytes that the log can still hold. */
  readonly logRoomBytes: number;
  /** The link's delivery rate, when it is known. */
  readonly bytesPerSecond: number | undefined;
}

export interface FeedDecision {
  /** How much to read; 0 pauses the terminal. */
  readonly readBytes: number;
  /** The terminal is read for the log's sake alone. */
  readonly isDraining: boolean;
  /** When time alone may change the decision; ask again then. */
  readonly reviewAtMs: number | undefined;
}

/**
 * Decides whether a terminal is read: not far ahead of a user who is there, or ^C would wait behind
 * what nobody has seen yet; but always for one who is away, or the programs would stop.
 *
 * Pure: it is told of changes with the time, and has no clock of its own.
 */
export class TerminalFeed {
  readonly #policy: FeedPolicy;
  /** Since when there is no link; `undefined` while there is one. */
  #linklessSinceMs: number | undefined;
  #creditlessSinceMs: number | undefined;

  /** Starts without a link. */
  constructor(nowMs: number, policy: FeedPolicy = DEFAULT_FEED_POLICY) {
    this.#policy = policy;
    this.#linklessSinceMs = nowMs;
  }

  linkChanged(isAlive: boolean, nowMs: number): void {
    this.#linklessSinceMs = isAlive ? undefined : (this.#linklessSinceMs ?? nowMs);
  }

  creditChanged(hasCredit: boolean, nowMs: number): void {
    this.#creditlessSinceMs = hasCredit ? undefined : (this.#creditlessSinceMs ?? nowMs);
  }

  decide(view: FeedView, nowMs: number): FeedDecision {
    const drainAtMs = this.#drainAtMs;
    const isDraining = drainAtMs <= nowMs;
    const wanted = isDraining ? view.logRoomBytes : this.#aheadOf(view);
    const readBytes = Math.min(wanted, view.logRoomBytes);
    return {
      readBytes: readBytes < LEAST_READ_BYTES ? 0 : readBytes,
      isDraining,
      reviewAtMs: isDraining || drainAtMs === Number.POSITIVE_INFINITY ? undefined : drainAtMs,
    };
  }

  get #drainAtMs(): number {
    const { awayAfterMs, stalledAfterMs } = this.#policy;
    const away = (this.#linklessSinceMs ?? Number.POSITIVE_INFINITY) + awayAfterMs;
    const stalled = (this.#creditlessSinceMs ?? Number.POSITIVE_INFINITY) + stalledAfterMs;
    return Math.min(away, stalled);
  }

  #aheadOf(view: FeedView): number {
    const { aheadBytes, aheadMs } = this.#policy;
    const byRate = ((view.bytesPerSecond ?? 0) * aheadMs) / 1000;
    return Math.floor(Math.max(aheadBytes, byRate)) - view.undeliveredBytes;
  }
}
