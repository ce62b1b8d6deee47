import { MAX_ACK_DELAY_MS, MIN_ACK_DELAY_MS } from '../wire/limits.ts';
import type { RttEstimator } from './rtt.ts';

/** An acknowledgement may be this late beyond the round trip in any case: two processes take turns on a busy machine. */
const MIN_MARGIN_MS = 30;
/** RTTs vary: four times their mean deviation covers what is usual (RFC 9002 section 6.2). */
const VARIATIONS = 4;
/** What was silent for a time is left alone for eight times as long: at most a ninth of all time is spent waiting for it. */
const LEFT_ALONE_FACTOR = 8;
const MAX_LEFT_ALONE_MS = 60_000;

export type DoubtState = 'steady' | 'recovering' | 'overdue';

/**
 * Whether one link should carry where another one can, long before it is suspect: an acknowledgement is overdue by a
 * probe timeout (RFC 9002 section 6.2).
 *
 *   steady --- doubted ---> overdue --- any acknowledgement ---> recovering --- left alone for long enough ---> steady
 *      |                       ^                                     |
 *      |                       +-------------- doubted --------------+
 *
 * Between any two calls: `steadyAtMs` is defined exactly while it recovers.
 */
export class LinkDoubt {
  #state: DoubtState = 'steady';
  #overdueSinceMs = 0;
  #steadyAtMs: number | undefined;
  #acknowledgedMs = Number.NEGATIVE_INFINITY;
  /** Records below `#hedgedBelow` had their ranges of streams below `#hedgedStreams` sent over another link too. */
  #hedgedBelow = 0;
  #hedgedStreams = 0;

  get state(): DoubtState {
    return this.#state;
  }

  /** When it is steady again, unless it is doubted before. */
  get steadyAtMs(): number | undefined {
    return this.#steadyAtMs;
  }

  /** How long an acknowledgement takes at the most, when nothing is wrong; `undefined` before a round trip is known. */
  static expectedMs(rtt: RttEstimator): number | undefined {
    return rtt.smoothedMs === undefined ? undefined : rtt.smoothedMs + marginMs(rtt);
  }

  /**
   * When the link is to be doubted, unless something is acknowledged; `undefined` when nothing is awaited.
   * Under bulk the oldest record alone would be overdue whenever a queue grows; so the link must have been silent, too.
   */
  dueMs(oldestSentMs: number | undefined, rtt: RttEstimator): number | undefined {
    const { smoothedMs } = rtt;
    if (this.#state === 'overdue' || oldestSentMs === undefined || smoothedMs === undefined)
      return undefined;
    return Math.max(oldestSentMs + smoothedMs, this.#acknowledgedMs) + marginMs(rtt);
  }

  /** It is doubted from now on; what it carries was sent again for streams below `streams` and records below `below`. */
  begin(nowMs: number, below: number, streams: number): void {
    this.#state = 'overdue';
    this.#overdueSinceMs = nowMs;
    this.#steadyAtMs = undefined;
    this.#hedgedBelow = below;
    this.#hedgedStreams = streams;
  }

  /** Something was acknowledged. */
  acknowledged(nowMs: number): void {
    this.#acknowledgedMs = nowMs;
    if (this.#state !== 'overdue') return;
    this.#state = 'recovering';
    const silentMs = nowMs - this.#overdueSinceMs;
    this.#steadyAtMs = nowMs + Math.min(LEFT_ALONE_FACTOR * silentMs, MAX_LEFT_ALONE_MS);
  }

  /** It was left alone for long enough. */
  settle(): void {
    this.#state = 'steady';
    this.#steadyAtMs = undefined;
  }

  /** Whether what `record` had of `stream` was sent over another link because of a doubt. */
  isHedged(record: number, stream: number): boolean {
    return record < this.#hedgedBelow && stream < this.#hedgedStreams;
  }
}

function marginMs(rtt: RttEstimator): number {
  const ackDelayMs = Math.max(MIN_ACK_DELAY_MS, Math.min(MAX_ACK_DELAY_MS, (rtt.minMs ?? 0) / 8));
  return Math.max(VARIATIONS * rtt.variationMs + ackDelayMs, MIN_MARGIN_MS);
}
