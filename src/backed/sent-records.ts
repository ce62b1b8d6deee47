import { EtError } from '../base/errors.ts';
import type { AckRange } from '../wire/frames.ts';
import type { RateMark } from './delivery-rate.ts';

/** One range of a stream inside a record. */
export interface SentRange {
  readonly stream: number;
  readonly start: number;
  readonly end: number;
}

/** A record that asks for an acknowledgement and has none. */
export interface SentRecord {
  readonly number: number;
  readonly bytes: number;
  readonly mark: RateMark;
  readonly ranges: readonly SentRange[];
}

/** What one ACK brought. */
export interface AckResult {
  readonly records: readonly SentRecord[];
  readonly bytes: number;
  /** The record with the highest number among them. */
  readonly latest: SentRecord | undefined;
}

/**
 * Which records of one link are on their way.
 *
 * Between any two calls: `inFlightBytes` is the sum over the records kept; all have numbers below `next`.
 */
export class SentRecords {
  readonly #records = new Map<number, SentRecord>();
  #next = 0;
  #inFlightBytes = 0;
  #lostBytes = 0;
  #largestAcknowledged = -1;

  /** The number of the next record, whether it asks for an acknowledgement or not. */
  get next(): number {
    return this.#next;
  }

  get inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  /** Of records that were given up, whether they have arrived or not. */
  get lostBytes(): number {
    return this.#lostBytes;
  }

  /** Those on their way, in ascending order. */
  [Symbol.iterator](): Iterator<SentRecord> {
    return this.#records.values();
  }

  get largestAcknowledged(): number {
    return this.#largestAcknowledged;
  }

  /** The record that waits longest. */
  get oldest(): SentRecord | undefined {
    for (const record of this.#records.values()) return record;
    return undefined;
  }

  /** Numbers a record; one with `mark` asks for an acknowledgement. */
  add(bytes: number, mark: RateMark | undefined, ranges: readonly SentRange[]): number {
    const number = this.#next;
    this.#next += 1;
    if (mark === undefined) return number;
    this.#records.set(number, { number, bytes, mark, ranges });
    this.#inFlightBytes += bytes;
    return number;
  }

  /** Takes the records in `ranges` off; throws ET_ERR_ACK for a number that was never sent. */
  acknowledge(ranges: readonly AckRange[]): AckResult {
    const records: SentRecord[] = [];
    let latest: SentRecord | undefined;
    let bytes = 0;
    for (const { smallest, largest } of ranges) {
      if (largest >= this.#next)
        throw new EtError('ET_ERR_ACK', `record ${largest} acknowledged, ${this.#next} sent`);
      if (largest > this.#largestAcknowledged) this.#largestAcknowledged = largest;
      for (const record of this.#within(smallest, largest)) {
        this.#take(record);
        records.push(record);
        bytes += record.bytes;
        if (latest === undefined || record.number > latest.number) latest = record;
      }
    }
    return { records, bytes, latest };
  }

  /** Takes off and returns what `isLost` says is lost, in ascending order; stops at the first above the largest acknowledged. */
  takeLost(isLost: (record: SentRecord) => boolean): SentRecord[] {
    const lost: SentRecord[] = [];
    for (const record of this.#records.values()) {
      if (record.number > this.#largestAcknowledged) break;
      if (isLost(record)) lost.push(record);
    }
    for (const record of lost) {
      this.#take(record);
      this.#lostBytes += record.bytes;
    }
    return lost;
  }

  /** Takes off and returns those that were sent before `beforeMs`, in ascending order. */
  takeOlder(beforeMs: number): SentRecord[] {
    const old: SentRecord[] = [];
    for (const record of this.#records.values()) {
      if (record.mark.sentAtMs >= beforeMs) break;
      old.push(record);
    }
    for (const record of old) {
      this.#take(record);
      this.#lostBytes += record.bytes;
    }
    return old;
  }

  /** Takes everything off: the link is gone, or no longer trusted. */
  takeAll(): SentRecord[] {
    const all = [...this.#records.values()];
    this.#records.clear();
    this.#lostBytes += this.#inFlightBytes;
    this.#inFlightBytes = 0;
    return all;
  }

  /** Records in [smallest, largest], in ascending order: the map holds them ascending. */
  *#within(smallest: number, largest: number): Generator<SentRecord> {
    // An ACK names everything since the link began; what is kept begins at the oldest.
    for (const record of this.#records.values()) {
      if (record.number > largest) return;
      if (record.number >= smallest) yield record;
    }
  }

  #take(record: SentRecord): void {
    if (this.#records.delete(record.number)) this.#inFlightBytes -= record.bytes;
  }
}
