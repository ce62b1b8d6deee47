import { EMPTY_BYTES } from '../base/bytes.ts';
import { freeBytes } from '../base/free-bytes.ts';
import { BLOCK_BYTES, type Spool } from './spool.ts';

const DEFAULT_MEMORY_BYTES: number = 4 * 1024 * 1024;

export interface TerminalLogOptions {
  /** What is kept in memory before the oldest of it goes to the spool, in whole blocks, at least one. Default 4 MiB. */
  readonly memoryBytes?: number;
  /** What is kept in all; without a spool no more than `memoryBytes`. */
  readonly historyBytes: number;
  /** Older output goes here. The log pushes, releases and drops; its maker removes it. */
  readonly spool?: Spool | undefined;
  /** Output has been forgotten, or dropped, that nobody had had: so many bytes of it. */
  readonly onForgotten?: (undeliveredBytes: number) => void;
}

/** One block of output, begun at a multiple of its size. */
interface Segment {
  readonly start: number;
  readonly bytes: Uint8Array;
  used: number;
}

/**
 * What a terminal has put out, by absolute offset since the shell began. It stands between the pty and the channels that show it.
 *
 *   start ------------------------ spool ------------- segments, up to memoryBytes ------------- end
 *   |<------------------------------- at most historyBytes ----------------------------------->|
 *
 * Between any two calls:
 * 1. `start <= end <= start + historyBytes`; what is forgotten is below `start`.
 * 2. Every byte in `[start, end)` can be read, but for blocks that were dropped because the disk did not take them in time, or that
 *    somebody has meddled with on the disk.
 * 3. All segments but the last are full, so that each begins at a multiple of its size.
 * 4. `forgottenUndelivered` counts each byte once that was forgotten or dropped before it was delivered.
 */
export class TerminalLog {
  readonly #memoryCount: number;
  readonly #historyBytes: number;
  readonly #spool: Spool | undefined;
  readonly #onForgotten: (undeliveredBytes: number) => void;
  readonly #segments: Segment[] = [];
  /** Where blocks begin that were dropped, none of them below `#start` as a whole. */
  readonly #dropped = new Set<number>();
  #start = 0;
  #end = 0;
  #delivered = 0;
  #retained = Number.POSITIVE_INFINITY;
  #forgottenUndelivered = 0;

  constructor(options: TerminalLogOptions) {
    const memoryBytes = options.memoryBytes ?? DEFAULT_MEMORY_BYTES;
    this.#memoryCount = Math.max(1, Math.floor(memoryBytes / BLOCK_BYTES));
    this.#spool = options.spool;
    this.#historyBytes =
      options.spool === undefined
        ? Math.min(options.historyBytes, memoryBytes)
        : options.historyBytes;
    this.#onForgotten = options.onForgotten ?? (() => undefined);
  }

  /** The oldest byte that is kept. */
  get start(): number {
    return this.#start;
  }

  /** The offset that the next byte will get. */
  get end(): number {
    return this.#end;
  }

  /**
   * Bytes that may be appended, even at once and by a disk that takes nothing, before something would be lost that has not been delivered or
   * is retained.
   */
  get room(): number {
    const needed = Math.min(this.#delivered, this.#retained, this.#end);
    const byHistory = this.#historyBytes - (this.#end - Math.max(needed, this.#start));
    return Math.max(0, Math.min(byHistory, this.#memoryRoom(needed)));
  }

  /** Bytes of output that were forgotten or dropped before anybody had them. */
  get forgottenUndelivered(): number {
    return this.#forgottenUndelivered;
  }

  /** Memory that holds output, in bytes. */
  get memoryUsed(): number {
    return this.#segments.length * BLOCK_BYTES + (this.#spool?.waitingBytes ?? 0);
  }

  /** Bytes of output on the disk; some of them may be below `start`, since files are deleted as a whole. */
  get spooledBytes(): number {
    return this.#spool?.writtenBytes ?? 0;
  }

  /**
   * While the disk takes what is given to it more slowly than it comes: the moment from which on it is no reason to keep somebody waiting.
   * `undefined` while it keeps up.
   */
  get behindUntilMs(): number | undefined {
    return this.#spool?.isBehind === true ? this.#spool.stuckFromMs : undefined;
  }

  /** The disk does not take what it should: memory is all there is for what comes. */
  get isDegraded(): boolean {
    return this.#spool?.trouble !== undefined;
  }

  /** Never fails; what has no room any more is forgotten, the oldest first. */
  append(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) {
      const tail = this.#tail();
      const part = rest.subarray(0, BLOCK_BYTES - tail.used);
      tail.bytes.set(part, tail.used);
      tail.used += part.length;
      this.#end += part.length;
      rest = rest.subarray(part.length);
      this.release(this.#end - this.#historyBytes);
    }
  }

  /**
   * Up to `maxBytes` from `offset`, as far as they lie together; empty at the end and below `start`. A view, valid until the next call and
   * no longer than the current turn of the event loop.
   *
   * @throws {EtError} ET_ERR_STATE where the bytes are lost; `damagedEnd` says where to go on.
   */
  read(offset: number, maxBytes: number): Uint8Array {
    if (offset < this.#start || offset >= this.#end) return EMPTY_BYTES;
    const segment = this.#segmentOf(offset);
    if (segment === undefined) return this.#spool?.read(offset, maxBytes) ?? EMPTY_BYTES;
    const from = offset - segment.start;
    return segment.bytes.subarray(from, Math.min(segment.used, from + maxBytes));
  }

  /**
   * Behind the lost bytes at `offset`: the first offset from which on something can be read, or one 16 MiB further on where all of it is
   * lost. `offset` itself where nothing is.
   */
  damagedEnd(offset: number): number {
    const isSpooled = offset >= this.#start && offset < (this.#segments[0]?.start ?? this.#end);
    return isSpooled ? (this.#spool?.damagedEnd(offset) ?? offset) : offset;
  }

  /** Viewers have had what lies below `offset`: to forget it is no loss. */
  deliveredUpTo(offset: number): void {
    this.#delivered = Math.max(this.#delivered, Math.min(offset, this.#end));
  }

  /** What lies from `offset` on is needed by whoever follows the output: `room` counts it as undelivered. `undefined`: nobody does. */
  retain(offset: number | undefined): void {
    this.#retained = offset ?? Number.POSITIVE_INFINITY;
  }

  /** Forgets what lies below `offset`, delivered or not. Memory and files go by whole blocks. */
  release(offset: number): void {
    const start = Math.min(offset, this.#end);
    if (start <= this.#start) return;
    const undelivered = this.#undeliveredBetween(this.#start, start);
    for (const block of this.#droppedBetween(this.#start, start))
      if (block + BLOCK_BYTES <= start) this.#dropped.delete(block);
    this.#start = start;
    while (this.#segments.length > 1) {
      const [first] = this.#segments;
      if (first === undefined || first.start + BLOCK_BYTES > start) break;
      this.#segments.shift();
      freeBytes(first.bytes);
    }
    this.#spool?.release(start);
    this.#count(undelivered);
  }

  #tail(): Segment {
    const last = this.#segments.at(-1);
    if (last !== undefined && last.used < BLOCK_BYTES) return last;
    this.#spoolOldest();
    const segment = { start: this.#end, bytes: new Uint8Array(BLOCK_BYTES), used: 0 };
    this.#segments.push(segment);
    return segment;
  }

  /** Makes room in memory for one more segment. */
  #spoolOldest(): void {
    const spool = this.#spool;
    if (spool === undefined || this.#segments.length < this.#memoryCount) return;
    const oldest = this.#segments.shift();
    if (oldest !== undefined) spool.push(oldest.start, oldest.bytes);
    while (spool.isOverfull) {
      const start = spool.dropOldest();
      if (start === undefined) return;
      const undelivered = this.#undeliveredBetween(start, start + BLOCK_BYTES);
      this.#dropped.add(start);
      this.#count(undelivered);
    }
  }

  /** Without the blocks that were dropped: they were counted then. */
  #undeliveredBetween(from: number, to: number): number {
    const first = Math.max(from, this.#start, this.#delivered);
    let bytes = Math.max(0, to - first);
    for (const block of this.#droppedBetween(first, to))
      bytes -= Math.max(0, Math.min(to, block + BLOCK_BYTES) - Math.max(first, block));
    return bytes;
  }

  /** The dropped blocks that have bytes in `[from, to)`. */
  *#droppedBetween(from: number, to: number): Iterable<number> {
    if (this.#dropped.size === 0) return;
    for (let block = from - (from % BLOCK_BYTES); block < to; block += BLOCK_BYTES)
      if (this.#dropped.has(block)) yield block;
  }

  #count(undelivered: number): void {
    if (undelivered === 0) return;
    this.#forgottenUndelivered += undelivered;
    this.#onForgotten(undelivered);
  }

  /** Bytes that fit into memory, if what is not `needed` is dropped. */
  #memoryRoom(needed: number): number {
    const spool = this.#spool;
    if (spool === undefined) return Number.POSITIVE_INFINITY;
    const last = this.#segments.at(-1);
    const segmentRoom = this.#memoryCount * BLOCK_BYTES - this.#segments.length * BLOCK_BYTES;
    const tailRoom = last === undefined ? 0 : BLOCK_BYTES - last.used;
    const spoolRoom = spool.waitingLimitBytes - spool.waitingBytes + spool.droppableBytes(needed);
    return segmentRoom + tailRoom + spoolRoom;
  }

  #segmentOf(offset: number): Segment | undefined {
    const [first] = this.#segments;
    if (first === undefined || offset < first.start) return undefined;
    return this.#segments[Math.floor((offset - first.start) / BLOCK_BYTES)];
  }
}
