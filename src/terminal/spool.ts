import type { Clock, Timer } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import { freeBytes } from '../base/free-bytes.ts';
import type { BlockCipher, SealedBlock } from '../wire/block-cipher.ts';
import { TAG_BYTES } from '../wire/limits.ts';
import type { SpoolDisk } from './spool-disk.ts';

/** Every block has this size, and begins at a multiple of it. */
export const BLOCK_BYTES = 65_536;
/** A file has this many places for blocks: 16 MiB of output. */
const FILE_BLOCKS = 256;
const SEALED_BYTES: number = BLOCK_BYTES + TAG_BYTES;
/** What is sealed in one turn of the event loop, and written by one call. */
const BATCH_BLOCKS = 16;
const DEFAULT_WAITING_BYTES: number = 8 * 1024 * 1024;
/** A disk that has been busy with one write for so long is waited for only where nobody else waits. */
const STUCK_AFTER_MS = 1000;
/** A disk that has failed is tried again after this. */
const RETRY_AFTER_MS = 60_000;
/** The number of a place in a file where nothing has been written. */
const UNWRITTEN = -1;

export interface SpoolEvents {
  /** Blocks stay in memory from here on. Once for each trouble. */
  readonly onTrouble: (error: EtError) => void;
  /** The trouble is over: what waited is on the disk. */
  readonly onRecovered: () => void;
  /** `isBehind` is no longer so. */
  readonly onCaughtUp: () => void;
}

export interface SpoolOptions {
  readonly disk: SpoolDisk;
  readonly cipher: BlockCipher;
  readonly clock: Clock;
  readonly events: SpoolEvents;
  /** Bytes that may wait in memory for the disk before it `isOverfull`; with half of them it `isBehind`. Default 8 MiB. */
  readonly waitingBytes?: number;
}

interface Block {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/**
 * Output on a disk, sealed, in blocks by their offset. The index is in memory, as is the key: a file says nothing without this object.
 *
 *   working --- a write fails, or too much waits ---> in trouble --- the disk takes what waits ---> working
 *
 * Between any two calls:
 * 1. A block that was pushed and neither released nor dropped is in memory until the disk has taken all of it.
 * 2. There is at most one write, of the first `#inFlight` blocks that wait; their bytes are left alone.
 * 3. While `#retry` is set nothing is written.
 */
export class Spool {
  readonly #disk: SpoolDisk;
  readonly #cipher: BlockCipher;
  readonly #clock: Clock;
  readonly #events: SpoolEvents;
  readonly #waitingLimit: number;
  readonly #waiting: Block[] = [];
  #inFlight = 0;
  #wasBehind = false;
  #writingSinceMs = 0;
  #retry: Timer | undefined;
  #trouble: EtError | undefined;
  #isRemoved = false;
  /** By file, the number under which the block at each place was sealed. */
  readonly #files = new Map<number, Float64Array>();
  #writtenCount = 0;
  #end = 0;
  #releasedTo = 0;
  #opened: Block | undefined;
  #sealed: Uint8Array | undefined;

  constructor(options: SpoolOptions) {
    this.#disk = options.disk;
    this.#cipher = options.cipher;
    this.#clock = options.clock;
    this.#events = options.events;
    const waitingBytes = options.waitingBytes ?? DEFAULT_WAITING_BYTES;
    this.#waitingLimit = waitingBytes - (waitingBytes % BLOCK_BYTES);
  }

  /** Bytes in memory that the disk has not taken. */
  get waitingBytes(): number {
    return this.#waiting.length * BLOCK_BYTES;
  }

  get waitingLimitBytes(): number {
    return this.#waitingLimit;
  }

  /** Bytes of output on the disk. */
  get writtenBytes(): number {
    return this.#writtenCount * BLOCK_BYTES;
  }

  /** The disk works, but is so much slower than what comes that the producer should wait for `onCaughtUp`. */
  get isBehind(): boolean {
    return this.#retry === undefined && this.waitingBytes > this.#waitingLimit / 2;
  }

  /** While `isBehind`: from when on the disk counts as stuck, and is no reason to keep somebody waiting. */
  get stuckFromMs(): number {
    return this.#writingSinceMs + STUCK_AFTER_MS;
  }

  /** More waits than may: `dropOldest` until it is not so. */
  get isOverfull(): boolean {
    return this.waitingBytes > this.#waitingLimit;
  }

  /** Why blocks stay in memory, while they do. */
  get trouble(): EtError | undefined {
    return this.#trouble;
  }

  /** Takes a block of `BLOCK_BYTES`, the next one or a later one; its memory belongs to the spool from here on. */
  push(start: number, bytes: Uint8Array): void {
    this.#waiting.push({ start, bytes });
    this.#end = start + BLOCK_BYTES;
    this.#pump();
    this.#wasBehind ||= this.isBehind;
  }

  /**
   * Up to `maxBytes` from `offset`, as far as they lie together. A view, valid until the next call and no longer than the current turn of
   * the event loop.
   *
   * @throws {EtError} ET_ERR_STATE where the block is lost: dropped, missing, cut or changed.
   */
  read(offset: number, maxBytes: number): Uint8Array {
    const start = offset - (offset % BLOCK_BYTES);
    const { bytes } = this.#waiting.find((block) => block.start === start) ?? this.#open(start);
    const from = offset - start;
    return bytes.subarray(from, from + maxBytes);
  }

  /** Where what can be read begins again, from a lost byte at `offset` on; it looks no further than the places of one file. */
  damagedEnd(offset: number): number {
    let start = offset - (offset % BLOCK_BYTES);
    if (this.#canRead(start)) return offset;
    for (let count = 0; count < FILE_BLOCKS; count += 1) {
      start += BLOCK_BYTES;
      if (start >= this.#end || this.#canRead(start)) break;
    }
    return start;
  }

  /** Nobody will ask for what lies below `offset`: blocks go, and files once all of theirs have. */
  release(offset: number): void {
    this.#releasedTo = Math.max(this.#releasedTo, offset);
    const isGone = ({ start }: Block): boolean => start + BLOCK_BYTES <= this.#releasedTo;
    while (this.#waiting.length > this.#inFlight) {
      const block = this.#waiting[this.#inFlight];
      if (block === undefined || !isGone(block)) break;
      this.#waiting.splice(this.#inFlight, 1);
      freeBytes(block.bytes);
    }
    if (this.#opened !== undefined && isGone(this.#opened)) this.#close();
    this.#forgetFiles();
  }

  /** Bytes of whole blocks below `offset` that `dropOldest` would drop before any other. */
  droppableBytes(offset: number): number {
    let count = 0;
    for (let at = this.#inFlight; at < this.#waiting.length; at += 1) {
      const block = this.#waiting[at];
      if (block === undefined || block.start + BLOCK_BYTES > offset) break;
      count += 1;
    }
    return count * BLOCK_BYTES;
  }

  /** Drops the oldest block that waits and is not being written; gives its offset. */
  dropOldest(): number | undefined {
    const [block] = this.#waiting.splice(this.#inFlight, 1);
    if (block === undefined) return undefined;
    freeBytes(block.bytes);
    this.#enterTrouble('the disk is too slow for what the programs put out');
    return block.start;
  }

  /** Deletes everything that is on the disk. */
  remove(): void {
    this.#isRemoved = true;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#close();
    this.#disk.remove();
  }

  #pump(): void {
    if (this.#inFlight > 0 || this.#retry !== undefined || this.#isRemoved) return;
    const batch = this.#nextBatch();
    const [first] = batch;
    if (first === undefined) return;
    try {
      const sealed = batch.map(({ start, bytes }) => this.#cipher.seal(start, bytes));
      this.#inFlight = batch.length;
      this.#writingSinceMs = this.#clock.now();
      // From here on there may be something to delete.
      this.#numbersOf(fileOf(first.start));
      const pieces = sealed.flatMap((each) => each.pieces);
      this.#disk.write(fileOf(first.start), positionOf(first.start), pieces, (failure) => {
        for (const piece of pieces) freeBytes(piece);
        if (failure === undefined) this.#written(batch, sealed);
        else this.#failed(failure);
      });
    } catch (thrown) {
      this.#failed(thrown);
    }
  }

  /** Blocks that lie together, and in one file. */
  #nextBatch(): Block[] {
    const batch: Block[] = [];
    for (const block of this.#waiting) {
      const { start } = batch[0] ?? block;
      const follows = block.start === start + batch.length * BLOCK_BYTES;
      if (!follows || fileOf(block.start) !== fileOf(start)) break;
      batch.push(block);
      if (batch.length === BATCH_BLOCKS) break;
    }
    return batch;
  }

  #written(batch: readonly Block[], sealed: readonly SealedBlock[]): void {
    this.#inFlight = 0;
    if (this.#isRemoved) return;
    this.#waiting.splice(0, batch.length);
    for (const [at, { start, bytes }] of batch.entries()) {
      this.#numbersOf(fileOf(start))[placeOf(start)] = sealed[at]?.number ?? UNWRITTEN;
      this.#writtenCount += 1;
      freeBytes(bytes);
    }
    this.#forgetFiles();
    this.#pump();
    if (this.waitingBytes > this.#waitingLimit / 2) return;
    if (this.#trouble !== undefined) {
      this.#trouble = undefined;
      this.#events.onRecovered();
    }
    if (this.#wasBehind) {
      this.#wasBehind = false;
      this.#events.onCaughtUp();
    }
  }

  #failed(failure: unknown): void {
    this.#inFlight = 0;
    if (this.#isRemoved) return;
    this.#retry = this.#clock.schedule(RETRY_AFTER_MS, () => {
      this.#retry = undefined;
      this.#pump();
      this.#wasBehind ||= this.isBehind;
    });
    // What was released while it was being written.
    this.release(this.#releasedTo);
    this.#enterTrouble(messageOf(failure), failure);
  }

  #enterTrouble(why: string, cause?: unknown): void {
    if (this.#trouble !== undefined) return;
    this.#trouble = new EtError('ET_ERR_STATE', `output stays in memory: ${why}`, { cause });
    this.#events.onTrouble(this.#trouble);
  }

  #numbersOf(file: number): Float64Array {
    const known = this.#files.get(file);
    if (known !== undefined) return known;
    const numbers = new Float64Array(FILE_BLOCKS).fill(UNWRITTEN);
    this.#files.set(file, numbers);
    return numbers;
  }

  /** They are in the order of their offsets. */
  #forgetFiles(): void {
    for (const [file, numbers] of this.#files) {
      const [writing] = this.#inFlight > 0 ? this.#waiting : [];
      const isWritten = writing !== undefined && fileOf(writing.start) === file;
      if ((file + 1) * FILE_BLOCKS * BLOCK_BYTES > this.#releasedTo || isWritten) return;
      this.#files.delete(file);
      this.#writtenCount -= numbers.filter((number) => number !== UNWRITTEN).length;
      this.#disk.forget(file);
    }
  }

  #canRead(start: number): boolean {
    if (this.#waiting.some((block) => block.start === start)) return true;
    try {
      this.#open(start);
      return true;
    } catch {
      return false;
    }
  }

  /** Reads the block from the disk, unless it is the one that was read last. */
  #open(start: number): Block {
    if (this.#opened?.start === start) return this.#opened;
    const number = this.#files.get(fileOf(start))?.[placeOf(start)] ?? UNWRITTEN;
    if (number === UNWRITTEN || this.#isRemoved) throw lost(start, 'the disk did not take it');
    this.#sealed ??= new Uint8Array(SEALED_BYTES);
    try {
      this.#disk.read(fileOf(start), positionOf(start), this.#sealed);
    } catch (cause) {
      throw lost(start, messageOf(cause), cause);
    }
    const bytes = this.#cipher.open(number, start, this.#sealed);
    if (bytes === undefined) throw lost(start, 'it was changed on the disk');
    this.#close();
    this.#opened = { start, bytes };
    return this.#opened;
  }

  #close(): void {
    if (this.#opened !== undefined) freeBytes(this.#opened.bytes);
    this.#opened = undefined;
  }
}

function fileOf(start: number): number {
  return Math.floor(start / (FILE_BLOCKS * BLOCK_BYTES));
}

function placeOf(start: number): number {
  return (start / BLOCK_BYTES) % FILE_BLOCKS;
}

function positionOf(start: number): number {
  return placeOf(start) * SEALED_BYTES;
}

function lost(start: number, why: string, cause?: unknown): EtError {
  const what = `output from ${start} to ${start + BLOCK_BYTES} is lost: ${why}`;
  return new EtError('ET_ERR_STATE', what, { cause });
}
