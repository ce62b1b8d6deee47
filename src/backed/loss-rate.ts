import type { AckRange } from '../wire/frames.ts';

/** Records this far below the highest acknowledged one are not merely late (RFC 9002 section 6.1.1). */
const REORDERED_RECORDS = 3;
/** The average forgets a record after about so many others: some seconds of typing, a moment of bulk. */
const MEMORY_RECORDS = 100;

/** What part of a link's records is lost on their way, told from the gaps in acknowledgements. */
export class LossRate {
  /** Records below this number were counted, or are not known of any more. */
  #countedTo = 0;
  #seen = 0;
  #rate = 0;
  #isLastLost = false;
  /** Bursts, as a part of all records. */
  #burstRate = 0;

  /** 0 .. 1; 0 before anything is known. */
  get rate(): number {
    return this.#rate;
  }

  /** How likely the next record is lost as well, once one is: the rate itself where losses come singly. */
  get burstiness(): number {
    if (this.#rate <= 0) return 0;
    return Math.max(1 - this.#burstRate / this.#rate, this.#rate);
  }

  /** Takes the ranges of an ACK, highest first. Below the lowest of them nothing is said. */
  take(ranges: readonly AckRange[]): void {
    const highest = ranges[0];
    const lowest = ranges[ranges.length - 1];
    if (highest === undefined || lowest === undefined) return;
    const from = Math.max(this.#countedTo, lowest.smallest);
    const to = highest.largest - REORDERED_RECORDS;
    if (from > to) return;
    this.#countedTo = to + 1;
    const total = to - from + 1;
    let arrived = 0;
    let bursts = 0;
    let before = to + 1;
    let isLastLost = true;
    for (const { smallest, largest } of ranges) {
      const [start, end] = [Math.max(smallest, from), Math.min(largest, to)];
      if (end < start) continue;
      arrived += end - start + 1;
      if (end + 1 < before) bursts += 1;
      if (end === to) isLastLost = false;
      before = start;
    }
    // One that reaches into what was counted before may be that one's end.
    if (before > from && !this.#isLastLost) bursts += 1;
    this.#isLastLost = isLastLost;
    this.#add(total, (total - arrived) / total, bursts / total);
  }

  #add(records: number, lost: number, bursts: number): void {
    this.#seen += records;
    const memory = Math.min(this.#seen, MEMORY_RECORDS);
    const weight = 1 - (1 - 1 / memory) ** records;
    this.#rate += weight * (lost - this.#rate);
    this.#burstRate += weight * (bursts - this.#burstRate);
  }
}
