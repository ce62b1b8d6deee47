import { ByteQueue } from '../base/byte-queue.ts';
import { copyOf } from '../base/bytes.ts';
import { freeBuffer } from '../base/free-bytes.ts';

/** A piece shorter than this is copied together with its neighbours: each kept piece costs some 100 bytes. */
const SMALL_BYTES = 512;
const SLAB_BYTES = 4096;

interface PlacedMark<M> {
  /** How many bytes were pushed before it since the queue was made. */
  readonly at: number;
  readonly mark: M;
}

/**
 * Bytes, and marks between them, in the order in which they were pushed.
 *
 * Between any two calls:
 * 1. `length` counts the bytes, in `#bytes` and then `#small`.
 * 2. Marks stand in ascending order, none before `#taken`.
 */
export class MarkedQueue<M> {
  readonly #bytes = new ByteQueue();
  /** The small pieces at the end; the first one alone is kept by itself. */
  #small: Uint8Array | undefined;
  #smallLength = 0;
  #marks: PlacedMark<M>[] = [];
  #markHead = 0;
  #pushed = 0;
  #taken = 0;

  get length(): number {
    return this.#pushed - this.#taken;
  }

  get isEmpty(): boolean {
    return this.length === 0 && this.#markHead === this.#marks.length;
  }

  /** The mark at the front, before any byte. */
  get frontMark(): M | undefined {
    const first = this.#marks[this.#markHead];
    return first !== undefined && first.at === this.#taken ? first.mark : undefined;
  }

  /** How many bytes stand before the next mark. */
  get runLength(): number {
    const first = this.#marks[this.#markHead];
    return (first === undefined ? this.#pushed : first.at) - this.#taken;
  }

  /** Copies `bytes`, which are the caller's again afterwards. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pushed += bytes.length;
    if (bytes.length < SMALL_BYTES) {
      this.#pushSmall(bytes);
    } else {
      this.#endSmall();
      this.#bytes.push(copyOf(bytes));
    }
  }

  pushMark(mark: M): void {
    this.#marks.push({ at: this.#pushed, mark });
  }

  /** Removes the mark that `frontMark` shows. */
  shiftMark(): void {
    this.#markHead += 1;
    if (this.#markHead * 2 > this.#marks.length) {
      this.#marks = this.#marks.slice(this.#markHead);
      this.#markHead = 0;
    }
  }

  /** Fills `target`, which must not be longer than `runLength`. */
  takeInto(target: Uint8Array): void {
    this.#endSmall();
    for (let filled = 0; filled < target.length && this.#bytes.length > 0; ) {
      const piece = this.#bytes.takePiece(target.length - filled);
      const { buffer, byteOffset, length } = piece;
      target.set(piece, filled);
      filled += length;
      this.#taken += length;
      // Every piece is our own copy, so its last byte is the buffer's last use.
      if (byteOffset + length === buffer.byteLength) freeBuffer(buffer);
    }
  }

  /** The next bytes before the next mark, in the pieces in which they were pushed; empty when there are none. */
  takePiece(): Uint8Array {
    this.#endSmall();
    const piece = this.#bytes.takePiece(this.runLength);
    this.#taken += piece.length;
    return piece;
  }

  clear(): void {
    this.#bytes.clear();
    this.#small = undefined;
    this.#smallLength = 0;
    this.#marks = [];
    this.#markHead = 0;
    this.#taken = this.#pushed;
  }

  #pushSmall(bytes: Uint8Array): void {
    if (this.#small === undefined) {
      this.#small = copyOf(bytes);
      this.#smallLength = bytes.length;
      return;
    }
    const slab = this.#slabWith(this.#small, bytes.length);
    slab.set(bytes, this.#smallLength);
    this.#smallLength += bytes.length;
  }

  /** `small` where it is a slab with room, else a fresh slab behind it. */
  #slabWith(small: Uint8Array, roomBytes: number): Uint8Array {
    if (small.length >= SLAB_BYTES && this.#smallLength + roomBytes <= SLAB_BYTES) return small;
    this.#endSmall();
    const slab = new Uint8Array(SLAB_BYTES);
    this.#small = slab;
    return slab;
  }

  #endSmall(): void {
    if (this.#small === undefined) return;
    this.#bytes.push(this.#small.subarray(0, this.#smallLength));
    this.#small = undefined;
    this.#smallLength = 0;
  }
}
