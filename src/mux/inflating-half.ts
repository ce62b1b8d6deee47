import { invariant } from '../base/invariant.ts';
import type { JsonObject } from '../wire/messages.ts';
import { Inflater } from './inflater.ts';
import { MarkedQueue } from './marked-queue.ts';

/** With so many inflated bytes that the owner has not consumed, nothing more is inflated. */
const MAX_UNCONSUMED_BYTES = 65_536;

/** Where what was received goes, in order. */
export interface InflatingOwner {
  deliverData(bytes: Uint8Array): void;
  deliverNote(body: JsonObject): void;
  deliverEof(): void;
  /** Bytes of the channel, as they came, are used up. */
  payCredit(bytes: number): void;
  /** The peer has broken the rules; nothing more is delivered. */
  onFault(text: string): void;
  /** What could be delivered has been. */
  onSettled(): void;
}

/** A note, or (without one) the end of file. */
interface Mark {
  readonly note: JsonObject | undefined;
}

/**
 * What one channel has received, inflated as its owner consumes it.
 *
 * Between any two calls:
 * 1. Everything that came has been delivered, or is the inflater's, or stands in `#waiting` in order.
 * 2. Something waits only if the owner holds at least `MAX_UNCONSUMED_BYTES`, which are at most a piece more than that.
 * 3. Credit for each byte that came is paid once: with what was made of it, as that is consumed.
 */
export class InflatingHalf {
  readonly #owner: InflatingOwner;
  readonly #waiting = new MarkedQueue<Mark>();
  /** From the first byte to the end of file. */
  #inflater: Inflater | undefined;
  #isDropped = false;
  /** Inflated bytes that the owner has not consumed, and the bytes they were made of. */
  #unconsumed = 0;
  #unpaid = 0;
  #isRunning = false;

  constructor(owner: InflatingOwner) {
    this.#owner = owner;
  }

  /** Everything that came has been delivered, or will not be. */
  get isEmpty(): boolean {
    return this.#waiting.isEmpty && this.#inflater?.isHungry !== false;
  }

  data(bytes: Uint8Array): void {
    if (this.#isDropped) return;
    if (this.#isRunning || !this.#waiting.isEmpty || this.#inflater?.isHungry === false) {
      this.#waiting.push(bytes);
      return;
    }
    this.#feed(bytes);
    this.#run();
    this.#inflater?.keepInput();
  }

  note(body: JsonObject): void {
    this.#mark({ note: body });
  }

  eof(): void {
    this.#mark({ note: undefined });
  }

  /** The owner has used up `bytes` of what was delivered. */
  consumed(bytes: number): void {
    invariant(bytes >= 0 && bytes <= this.#unconsumed, 'only what was delivered is consumed');
    const isAll = bytes === this.#unconsumed;
    const paid = isAll ? this.#unpaid : Math.floor((this.#unpaid * bytes) / this.#unconsumed);
    this.#unconsumed -= bytes;
    this.#unpaid -= paid;
    if (paid > 0) this.#owner.payCredit(paid);
    this.#run();
  }

  /** Nothing more is delivered. */
  drop(): void {
    this.#isDropped = true;
    this.#waiting.clear();
    this.#inflater = undefined;
  }

  #mark(mark: Mark): void {
    if (this.#isDropped) return;
    this.#waiting.pushMark(mark);
    this.#run();
  }

  /** Goes on until nothing is left, or the owner has enough; from inside a delivery the run that delivers goes on. */
  #run(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    try {
      while (this.#step());
    } finally {
      this.#isRunning = false;
    }
    this.#owner.onSettled();
  }

  /** False when there is nothing to do. */
  #step(): boolean {
    if (this.#isDropped) return false;
    if (this.#inflater?.isHungry === false) return this.#inflate(this.#inflater);
    const mark = this.#waiting.frontMark;
    if (mark !== undefined) {
      this.#waiting.shiftMark();
      this.#deliver(mark);
      return true;
    }
    if (this.#waiting.isEmpty) return false;
    this.#feed(this.#waiting.takePiece());
    return true;
  }

  #feed(bytes: Uint8Array): void {
    this.#inflater ??= new Inflater();
    this.#inflater.feed(bytes);
  }

  /** False when the owner has enough. */
  #inflate(inflater: Inflater): boolean {
    if (this.#unconsumed >= MAX_UNCONSUMED_BYTES) return false;
    const usedBefore = inflater.usedBytes;
    const bytes = inflater.next();
    if (inflater.fault !== undefined) {
      this.#fail(inflater.fault);
      return false;
    }
    this.#unpaid += inflater.usedBytes - usedBefore;
    this.#unconsumed += bytes.length;
    if (bytes.length > 0) this.#owner.deliverData(bytes);
    else if (this.#unconsumed === 0) this.consumed(0);
    return true;
  }

  #deliver(mark: Mark): void {
    if (mark.note !== undefined) {
      this.#owner.deliverNote(mark.note);
    } else if (this.#inflater?.isEnded === false) {
      this.#fail('EOF within deflate');
    } else {
      this.#inflater = undefined;
      this.#owner.deliverEof();
    }
  }

  #fail(text: string): void {
    this.drop();
    this.#owner.onFault(text);
  }
}
