import { EtError } from '../base/errors.ts';
import { freeBytes } from '../base/free-bytes.ts';
import { invariant } from '../base/invariant.ts';
import { MAX_NUMBER, MAX_REASSEMBLY_BYTES } from '../wire/limits.ts';
import { RangeSet } from './range-set.ts';

/** Retained bytes live in segments of this size, each freed as a whole. */
const SEGMENT_BYTES = 65_536;
/** A segment with less room than this is left, and the next one begun. */
const MIN_ROOM_BYTES = 2048;
/** Freed segments kept for use again, so that bulk makes no garbage. */
const MAX_SPARE_SEGMENTS = 8;

interface Segment {
  readonly start: number;
  readonly bytes: Uint8Array;
  used: number;
}

/** A run of retained bytes. `bytes` is valid until the next call of the writer. */
export interface TakenRange {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/**
 * The sending half of a resumable stream: it numbers bytes and keeps each one until the peer says it has it.
 *
 * Between any two calls:
 * 1. `acknowledged <= next`, both offsets in bytes since the session began.
 * 2. The retained bytes are exactly `[acknowledged, next)`, so every point the peer may resume from can be served.
 * 3. What is lost lies within the retained bytes and is not acknowledged.
 * 4. `next - acknowledged <= MAX_REASSEMBLY_BYTES`: the peer can hold all of it, whichever byte is missing.
 */
export class BackedWriter {
  #next: number;
  #acknowledged: number;
  /** Acknowledged beyond `#acknowledged`, by ranges. */
  readonly #acknowledgedAbove = new RangeSet();
  readonly #lost = new RangeSet();
  #segments: Segment[] = [];
  #head = 0;
  readonly #spare: Uint8Array[] = [];

  /** `offset` is where the stream begins. */
  constructor(offset = 0) {
    this.#next = offset;
    this.#acknowledged = offset;
  }

  /** The offset that the next byte will get. */
  get next(): number {
    return this.#next;
  }

  /** Every byte below this has arrived. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  get retainedBytes(): number {
    return this.#next - this.#acknowledged;
  }

  /** Bytes that may get their offset now: the peer may miss any byte and must then hold all behind it. */
  get roomBytes(): number {
    return Math.min(MAX_REASSEMBLY_BYTES - this.retainedBytes, MAX_NUMBER - this.#next);
  }

  get hasLost(): boolean {
    return !this.#lost.isEmpty;
  }

  get lostBytes(): number {
    return this.#lost.size;
  }

  /** Room for up to `maxBytes` of the stream's next bytes: fill it, then `commit`. At least 2,048 bytes unless `maxBytes` is less. */
  reserve(maxBytes: number): Uint8Array {
    const tail = this.#tailWithRoom(Math.min(maxBytes, MIN_ROOM_BYTES));
    return tail.bytes.subarray(tail.used, Math.min(tail.used + maxBytes, SEGMENT_BYTES));
  }

  /** Numbers the first `count` bytes of what `reserve` gave; returns them. */
  commit(count: number): TakenRange {
    const tail = this.#segments[this.#segments.length - 1];
    invariant(tail !== undefined && tail.used + count <= SEGMENT_BYTES, 'commit beyond reserve');
    const taken = { offset: this.#next, bytes: tail.bytes.subarray(tail.used, tail.used + count) };
    tail.used += count;
    this.#next += count;
    return taken;
  }

  /** The lowest lost bytes, up to `maxBytes`, which count as sent again. */
  takeLost(maxBytes: number): TakenRange | undefined {
    const range = this.#lost.first;
    if (range === undefined || maxBytes <= 0) return undefined;
    const segment = this.#segmentOf(range.start);
    const from = range.start - segment.start;
    const count = Math.min(range.end - range.start, segment.used - from, maxBytes);
    this.#lost.remove(range.start, range.start + count);
    return { offset: range.start, bytes: segment.bytes.subarray(from, from + count) };
  }

  /** The oldest unacknowledged bytes from `offset` on, up to `maxBytes`, for a copy: whatever else becomes of them. */
  peek(offset: number, maxBytes: number): TakenRange | undefined {
    const start = Math.max(offset, this.#acknowledged);
    if (start >= this.#next || maxBytes <= 0) return undefined;
    const segment = this.#segmentOf(start);
    const from = start - segment.start;
    const count = Math.min(segment.used - from, maxBytes);
    return { offset: start, bytes: segment.bytes.subarray(from, from + count) };
  }

  /** The peer has [start, end). */
  acknowledge(start: number, end: number): void {
    if (end > this.#next)
      throw new EtError('ET_ERR_RESUME', `acknowledged up to ${end}, sent ${this.#next}`);
    if (end <= this.#acknowledged) return;
    if (!this.#lost.isEmpty) this.#lost.remove(start, end);
    if (start > this.#acknowledged) {
      this.#acknowledgedAbove.add(start, end);
      return;
    }
    this.#acknowledged = end;
    const above = this.#acknowledgedAbove;
    if (!above.isEmpty) {
      above.remove(0, end);
      const first = above.first;
      if (first !== undefined && first.start === end) {
        this.#acknowledged = first.end;
        above.remove(first.start, first.end);
      }
    }
    this.#free();
  }

  /** [start, end) went out on a link that has lost it, or may have: unless acknowledged, it is sent again. */
  lost(start: number, end: number): void {
    const from = Math.max(start, this.#acknowledged);
    if (from >= end) return;
    this.#acknowledgedAbove.forEachGap(from, end, (gapStart, gapEnd) =>
      this.#lost.add(gapStart, gapEnd),
    );
  }

  #tailWithRoom(room: number): Segment {
    const tail = this.#segments[this.#segments.length - 1];
    if (tail !== undefined && SEGMENT_BYTES - tail.used >= room) return tail;
    const segment = {
      start: this.#next,
      bytes: this.#spare.pop() ?? new Uint8Array(SEGMENT_BYTES),
      used: 0,
    };
    this.#segments.push(segment);
    return segment;
  }

  #segmentOf(offset: number): Segment {
    let low = this.#head;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#segments[middle] as Segment).start <= offset) low = middle;
      else high = middle - 1;
    }
    const segment = this.#segments[low];
    invariant(
      segment !== undefined && offset < segment.start + segment.used,
      'lost byte not retained',
    );
    return segment;
  }

  #free(): void {
    const segments = this.#segments;
    for (;;) {
      const segment = segments[this.#head];
      if (
        segment === undefined ||
        segment.start + segment.used > this.#acknowledged ||
        segment.used === 0
      )
        break;
      if (this.#head === segments.length - 1) {
        // All is acknowledged: the last segment begins again rather than being replaced.
        segments.length = 0;
        segments.push({ start: this.#next, bytes: segment.bytes, used: 0 });
        this.#head = 0;
        return;
      }
      if (this.#spare.length < MAX_SPARE_SEGMENTS) this.#spare.push(segment.bytes);
      else freeBytes(segment.bytes);
      this.#head += 1;
    }
    if (this.#head > 32) {
      this.#segments = segments.slice(this.#head);
      this.#head = 0;
    }
  }
}
