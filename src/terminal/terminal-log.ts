import { EMPTY_BYTES } from '../base/bytes.ts';
import { freeBytes } from '../base/free-bytes.ts';

/** Output is kept in segments of this size, each freed as a whole. */
const SEGMENT_BYTES = 65_536;

interface Segment {
  readonly start: number;
  readonly bytes: Uint8Array;
  used: number;
}

/**
 * What a terminal has put out, by absolute offset since the shell began. It stands between the pty and the channels that show it.
 *
 * Between any two calls:
 * 1. `start <= end`; every byte in `[start, end)` can be read.
 * 2. `end - start <= capacity` unless a single append was larger; what is forgotten is below `start`.
 */
export class TerminalLog {
  readonly #capacity: number;
  readonly #history: number;
  readonly #segments: Segment[] = [];
  #start = 0;
  #end = 0;

  /** `capacity`: bytes held at the most; `history`: bytes kept though everybody has read them. */
  constructor(capacity: number, history: number) {
    this.#capacity = capacity;
    this.#history = history;
  }

  /** The oldest byte that can be read. */
  get start(): number {
    return this.#start;
  }

  /** The offset that the next byte will get. */
  get end(): number {
    return this.#end;
  }

  /** Bytes that may be appended before everything that is held is needed. */
  get room(): number {
    return Math.max(0, this.#capacity - (this.#end - this.#start));
  }

  append(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) {
      const tail = this.#tail();
      const part = rest.subarray(0, SEGMENT_BYTES - tail.used);
      tail.bytes.set(part, tail.used);
      tail.used += part.length;
      this.#end += part.length;
      rest = rest.subarray(part.length);
    }
  }

  /** Up to `maxBytes` from `offset`, as far as they lie together; empty at the end. A view, valid until the next call. */
  read(offset: number, maxBytes: number): Uint8Array {
    if (offset < this.#start || offset >= this.#end) return EMPTY_BYTES;
    const segment = this.#segmentOf(offset);
    const from = offset - segment.start;
    return segment.bytes.subarray(from, Math.min(segment.used, from + maxBytes));
  }

  /** Everybody has what lies below `offset`: all but the history of it is forgotten. */
  release(offset: number): void {
    const keepFrom = Math.min(offset, this.#end - this.#history);
    while (this.#segments.length > 1) {
      const [first] = this.#segments;
      if (first === undefined || first.start + first.used > keepFrom) break;
      this.#segments.shift();
      this.#start = first.start + first.used;
      freeBytes(first.bytes);
    }
  }

  #tail(): Segment {
    const last = this.#segments[this.#segments.length - 1];
    if (last !== undefined && last.used < SEGMENT_BYTES) return last;
    const segment = { start: this.#end, bytes: new Uint8Array(SEGMENT_BYTES), used: 0 };
    this.#segments.push(segment);
    return segment;
  }

  #segmentOf(offset: number): Segment {
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#segments[middle] as Segment).start <= offset) low = middle;
      else high = middle - 1;
    }
    return this.#segments[low] as Segment;
  }
}
