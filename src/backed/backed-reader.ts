import { EtError } from '../base/errors.ts';
import { MAX_REASSEMBLY_BYTES } from '../wire/limits.ts';
import type { Range } from './range-set.ts';

/** Pieces held out of order; more than a full window of datagrams with every second one lost. */
const MAX_PIECES = 32_768;

interface Piece {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/**
 * The receiving half of a resumable stream: it places bytes by offset and delivers the contiguous prefix once.
 *
 * Between any two calls:
 * 1. Every byte below `next` has been delivered, once, in order; none at or above it has.
 * 2. The pieces are ascending, do not overlap, and all lie above `next`; the first copy of a byte wins.
 */
export class BackedReader {
  #next: number;
  #hasReceived = false;
  readonly #pieces: Piece[] = [];
  #heldBytes = 0;

  /** `offset` is where the stream begins. */
  constructor(offset = 0) {
    this.#next = offset;
  }

  /** The offset of the first byte that is missing. */
  get next(): number {
    return this.#next;
  }

  /** True once anything has arrived, in order or not. */
  get hasReceived(): boolean {
    return this.#hasReceived;
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** What is there above `next`, at most `maxCount` ranges, lowest first. */
  ranges(maxCount: number): Range[] {
    const ranges: { start: number; end: number }[] = [];
    for (const piece of this.#pieces) {
      const last = ranges[ranges.length - 1];
      if (last !== undefined && last.end === piece.start)
        last.end = piece.start + piece.bytes.length;
      else if (ranges.length === maxCount) break;
      else ranges.push({ start: piece.start, end: piece.start + piece.bytes.length });
    }
    return ranges;
  }

  /** Takes `bytes` at `offset`; calls `deliver` with what is contiguous, valid until it returns. */
  place(offset: number, bytes: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    const end = offset + bytes.length;
    if (end <= this.#next) return;
    if (end > this.#next + MAX_REASSEMBLY_BYTES) {
      throw new EtError(
        'ET_ERR_STREAM_LIMIT',
        `bytes up to ${end}, at most ${this.#next + MAX_REASSEMBLY_BYTES}`,
      );
    }
    this.#hasReceived = true;
    if (offset > this.#next) {
      this.#hold(offset, bytes);
      return;
    }
    const fresh = offset === this.#next ? bytes : bytes.subarray(this.#next - offset);
    if (this.#pieces.length === 0) {
      this.#next = end;
      deliver(fresh);
      return;
    }
    this.#deliverAround(fresh, deliver);
  }

  /** The first copy of a byte wins, so `fresh` is delivered only where no held piece lies. */
  #deliverAround(fresh: Uint8Array, deliver: (bytes: Uint8Array) => void): void {
    const start = this.#next;
    const end = start + fresh.length;
    let used = 0;
    let at = start;
    const ready: Uint8Array[] = [];
    for (const piece of this.#pieces) {
      if (piece.start > Math.max(at, end)) break;
      if (piece.start > at) ready.push(fresh.subarray(at - start, piece.start - start));
      ready.push(piece.bytes);
      at = piece.start + piece.bytes.length;
      this.#heldBytes -= piece.bytes.length;
      used += 1;
    }
    if (at < end) ready.push(fresh.subarray(at - start));
    this.#pieces.splice(0, used);
    this.#next = Math.max(at, end);
    for (const part of ready) deliver(part);
  }

  #hold(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    let index = this.#indexAfter(offset);
    let at = offset;
    const before = this.#pieces[index - 1];
    if (before !== undefined) at = Math.max(at, before.start + before.bytes.length);
    while (at < end) {
      const after = this.#pieces[index];
      const until = after === undefined ? end : Math.min(end, after.start);
      if (until > at) {
        if (this.#pieces.length >= MAX_PIECES) {
          throw new EtError('ET_ERR_STREAM_LIMIT', `more than ${MAX_PIECES} pieces out of order`);
        }
        this.#pieces.splice(index, 0, {
          start: at,
          bytes: bytes.slice(at - offset, until - offset),
        });
        this.#heldBytes += until - at;
        index += 1;
      }
      if (after === undefined) return;
      at = Math.max(at, after.start + after.bytes.length);
      index += 1;
    }
  }

  /** Index of the first piece that starts above `offset`. */
  #indexAfter(offset: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#pieces[middle] as Piece).start > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
