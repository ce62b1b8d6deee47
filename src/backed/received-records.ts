import type { AckRange } from '../wire/frames.ts';
import { ACK_AT_ONCE_BYTES, MAX_ACK_DELAY_MS, MIN_ACK_DELAY_MS } from '../wire/limits.ts';
import { RangeSet } from './range-set.ts';

/** Ranges remembered and sent; beyond them the lowest are taken for received. */
const MAX_RANGES = 128;
/** An acknowledgement of less than this is one of keys and the like. */
const FEW_BYTES = 4096;

/**
 * What a record has brought that asks for an acknowledgement: nothing; copies alone of what was here; something, with bytes of
 * stream 0 or without.
 */
export type Brought = 'nothing' | 'copies' | 'urgent' | 'something';

/**
 * Which records of a link have arrived, and when that must be said.
 *
 * Between any two calls: `ackDueMs` is undefined exactly when nothing that asks for an acknowledgement waits for one.
 */
export class ReceivedRecords {
  readonly #numbers = new RangeSet();
  #floor = 0;
  #largestAtMs = 0;
  #waitingBytes = 0;
  #ackDueMs: number | undefined;

  /** When an ACK has to leave; `undefined` when none is owed. */
  get ackDueMs(): number | undefined {
    return this.#ackDueMs;
  }

  get rangeCount(): number {
    return this.#numbers.count;
  }

  /** One above the highest number that has arrived. */
  get next(): number {
    return this.#numbers.last?.end ?? 0;
  }

  get hasAny(): boolean {
    return !this.#numbers.isEmpty;
  }

  /** False for a record that was here before. */
  isFresh(number: number): boolean {
    return number >= this.#floor && !this.#numbers.has(number);
  }

  /** Whether records have been lost, as far as is remembered. */
  get hasGaps(): boolean {
    return this.#numbers.count > 1;
  }

  /** Few bytes wait for an acknowledgement. */
  get isFew(): boolean {
    return this.#waitingBytes < FEW_BYTES;
  }

  /** `minRttMs` is this end's own measurement, if it has one. */
  add(
    number: number,
    bytes: number,
    brought: Brought,
    nowMs: number,
    minRttMs: number | undefined,
  ): void {
    const { last } = this.#numbers;
    const isNext = number === (last?.end ?? 0);
    if (last === undefined || number >= last.end) this.#largestAtMs = nowMs;
    this.#numbers.add(number, number + 1);
    if (this.#numbers.count > MAX_RANGES) this.#forgetLowest();
    if (brought === 'nothing') return;
    this.#waitingBytes += bytes;
    const delayMs = this.#delayMs(brought, isNext, minRttMs ?? 0);
    this.#ackDueMs = Math.min(this.#ackDueMs ?? Number.POSITIVE_INFINITY, nowMs + delayMs);
  }

  /** The ranges for an ACK, highest first, and how long ago the largest arrived. */
  report(
    nowMs: number,
    maxRanges: number,
  ): { readonly ranges: AckRange[]; readonly delayMs: number } {
    const ranges: AckRange[] = [];
    for (let i = this.#numbers.count - 1; i >= 0 && ranges.length < maxRanges; i -= 1) {
      const range = this.#numbers.at(i);
      if (range !== undefined) ranges.push({ smallest: range.start, largest: range.end - 1 });
    }
    return { ranges, delayMs: nowMs - this.#largestAtMs };
  }

  /** An ACK has been written into a record. */
  acknowledged(): void {
    this.#waitingBytes = 0;
    this.#ackDueMs = undefined;
  }

  #delayMs(brought: Brought, isNext: boolean, minRttMs: number): number {
    if (this.#waitingBytes >= ACK_AT_ONCE_BYTES) return 0;
    if (brought === 'copies') return MAX_ACK_DELAY_MS;
    if (!isNext || (brought === 'urgent' && this.hasGaps)) return MIN_ACK_DELAY_MS;
    return Math.max(MIN_ACK_DELAY_MS, Math.min(MAX_ACK_DELAY_MS, minRttMs / 8));
  }

  #forgetLowest(): void {
    const lowest = this.#numbers.first;
    if (lowest === undefined) return;
    this.#floor = lowest.end;
    this.#numbers.remove(lowest.start, lowest.end);
  }
}
