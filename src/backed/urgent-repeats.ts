import { MAX_ACK_DELAY_MS, MIN_ACK_DELAY_MS } from '../wire/limits.ts';

/** Below this part lost, a copy of every key would cost more than the few it saves. */
const LOSSY = 0.01;
/** Copies are made until no more than this part of the keys would be lost with all of theirs... */
const RESIDUAL_LOSS = 0.025;
/** ...but no more than this, the first one counted. */
const MAX_COPIES = 4;
/** Between the first copies; each gap is twice the one before, so that a short fade does not take all of them. */
const FIRST_GAP_MS = 3;
/** An answer is overdue this long after the round trip, at the least: two processes take turns. */
const MIN_MARGIN_MS = 3;
const VARIATIONS = 4;
const UNKNOWN_RTT_MS = 500;
/** Once it is, on a path known to lose: so many at once, since a burst is as long as its packets are many. */
const OVERDUE_BURST = 6;
/** Losses come in bursts where one behind another is likelier by this than any. */
const BURSTY = 0.25;
const OVERDUE_GAP_MS = 1;
const MIN_ASKING_GAP_MS = 10;
const GAP_GROWTH = 1.5;
/** While somebody types 20 datagrams a second at the most; fresh keys are some of them. */
const ATTENDED_GAP_MS = 68;
const UNATTENDED_GAP_MS = 250;
const ATTENDED_MS = 10_000;
/** In a long silence the gap grows with it, to this part of it... */
const SILENCE_PART = 1 / 1000;
const MAX_GAP_MS = 10_000;
/** After a silence of this and two round trips it is all the same which datagram gets through: there are no copies at once. */
const BLIND_MS = 1000;

/** What is known of the link that repeats. */
export interface RepeatPath {
  /** `undefined` before a round trip is known. */
  readonly rttMs: number | undefined;
  readonly rttVariationMs: number;
  /** The part of our records that is lost, and how likely one is behind another lost one. */
  readonly lossRate: number;
  readonly lossBurstiness: number;
  /** Since when an acknowledgement is awaited without any progress. */
  readonly awaitingSinceMs: number;
}

/** How often a small urgent record is sent, itself included, on a path that loses so much. */
export function copiesFor(lossRate: number, burstiness: number): number {
  if (lossRate < LOSSY) return 1;
  const more = Math.log(RESIDUAL_LOSS / lossRate) / Math.log(Math.min(burstiness, 0.99));
  return Math.min(1 + Math.max(0, Math.ceil(more)), MAX_COPIES);
}

/**
 * When what is unacknowledged of stream 0 is sent again on a datagram link, without waiting to know that it was lost.
 *
 *   settled --- fresh bytes ---> copying (as the loss has it) --- answer overdue ---> asking, ever slower
 *      ^                             |                                                  |
 *      +----------------- all acknowledged ---------------------------------------------+
 *
 * Between any two calls: nothing is due before fresh bytes were sent.
 */
export class UrgentRepeats {
  /** Behind the last fresh byte. */
  #end = 0;
  #acknowledged = 0;
  #freshMs = Number.NEGATIVE_INFINITY;
  #lastMs = Number.NEGATIVE_INFINITY;
  #copies = 0;
  #overdueCount = 0;
  #overdueMs = 0;
  #repeatedMs = Number.NEGATIVE_INFINITY;
  #repeatedEnd = 0;

  /** Bytes of stream 0 up to `end` were sent for the first time. */
  sent(nowMs: number, end: number, acknowledged: number, path: RepeatPath): void {
    if (this.#isSettled(acknowledged)) {
      this.#overdueMs = nowMs + answerMs(path);
      this.#overdueCount = 0;
    }
    this.#end = end;
    this.#acknowledged = acknowledged;
    this.#freshMs = nowMs;
    this.#lastMs = nowMs;
    this.#copies = 1;
  }

  /** What is unacknowledged was sent again, up to `end`. */
  repeated(nowMs: number, end: number): void {
    this.#repeatedMs = nowMs;
    this.#repeatedEnd = end;
    this.#lastMs = nowMs;
    this.#copies += 1;
    if (nowMs >= this.#overdueMs) this.#overdueCount += 1;
  }

  /** When to send it again; infinity when there is nothing. `acknowledged`: the stream's bytes below it have arrived. */
  dueMs(nowMs: number, acknowledged: number, path: RepeatPath): number {
    if (this.#isSettled(acknowledged)) return Number.POSITIVE_INFINITY;
    if (acknowledged > this.#acknowledged) this.#progress(acknowledged, path);
    const overdueMs = this.#overdueDueMs(nowMs, path);
    const { lossRate, lossBurstiness } = path;
    if (isBlind(nowMs, path) || this.#copies >= copiesFor(lossRate, lossBurstiness))
      return overdueMs;
    return Math.min(overdueMs, this.#lastMs + FIRST_GAP_MS * 2 ** (this.#copies - 1));
  }

  /** When an answer to the oldest of it is overdue. */
  get overdueMs(): number {
    return this.#overdueMs;
  }

  /** Whether what ends at `end` was sent again after `sinceMs`. */
  hasRepeated(end: number, sinceMs: number): boolean {
    return end <= this.#repeatedEnd && this.#repeatedMs > sinceMs;
  }

  #isSettled(acknowledged: number): boolean {
    return acknowledged >= this.#end;
  }

  /** What is left is younger. */
  #progress(acknowledged: number, path: RepeatPath): void {
    this.#acknowledged = acknowledged;
    this.#overdueMs = this.#freshMs + answerMs(path);
    this.#overdueCount = 0;
  }

  #overdueDueMs(nowMs: number, path: RepeatPath): number {
    const count = this.#overdueCount;
    if (count === 0) return this.#overdueMs;
    const burst = isBursty(path) && !isBlind(nowMs, path) ? OVERDUE_BURST : 1;
    if (count < burst) return this.#lastMs + OVERDUE_GAP_MS;
    const firstMs = Math.max(MIN_ASKING_GAP_MS, (path.rttMs ?? 0) / 8);
    const grownMs = firstMs * GAP_GROWTH ** Math.min(count - burst, 20);
    return this.#lastMs + Math.min(grownMs, this.#mostMs(nowMs, path));
  }

  #mostMs(nowMs: number, { awaitingSinceMs }: RepeatPath): number {
    if (nowMs - this.#freshMs < ATTENDED_MS) return ATTENDED_GAP_MS;
    const silentMs = nowMs - Math.max(awaitingSinceMs, this.#freshMs);
    return Math.min(Math.max(UNATTENDED_GAP_MS, silentMs * SILENCE_PART), MAX_GAP_MS);
  }
}

/** How long after the first sending an answer is overdue. */
function answerMs(path: RepeatPath): number {
  const { rttMs, rttVariationMs, lossRate, lossBurstiness } = path;
  if (rttMs === undefined) return UNKNOWN_RTT_MS;
  // Where records are lost urgent ones are acknowledged sooner.
  const delayMs =
    lossRate >= LOSSY
      ? MIN_ACK_DELAY_MS
      : Math.max(MIN_ACK_DELAY_MS, Math.min(rttMs / 8, MAX_ACK_DELAY_MS));
  // Where losses come singly another copy waits for the answers to all that there were.
  const copies = isBursty(path) ? 1 : copiesFor(lossRate, lossBurstiness);
  const copyingMs = FIRST_GAP_MS * (2 ** (copies - 1) - 1);
  return copyingMs + rttMs + Math.max(VARIATIONS * rttVariationMs, MIN_MARGIN_MS) + delayMs;
}

function isBlind(nowMs: number, { awaitingSinceMs, rttMs = 0 }: RepeatPath): boolean {
  return nowMs - awaitingSinceMs > BLIND_MS + 2 * rttMs;
}

function isBursty({ lossRate, lossBurstiness }: RepeatPath): boolean {
  return lossBurstiness - lossRate >= BURSTY;
}
