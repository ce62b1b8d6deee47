import { EMPTY_BYTES } from './bytes.ts';

/**
 * Bytes in order, kept as the pieces they came in.
 *
 * Between any two calls: `length` is the sum of the pieces' lengths, and no piece is empty.
 */
export class ByteQueue {
  #pieces: Uint8Array[] = [];
  #head = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Keeps `bytes` itself: the caller gives them up. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#pieces.push(bytes);
    this.#length += bytes.length;
  }

  /** Moves up to `target.length` bytes into `target`; says how many. */
  takeInto(target: Uint8Array): number {
    let filled = 0;
    while (filled < target.length && this.#length > 0) {
      const piece = this.takePiece(target.length - filled);
      target.set(piece, filled);
      filled += piece.length;
    }
    return filled;
  }

  /** The first piece, or its first `maxBytes`, without a copy; empty when the queue is. */
  takePiece(maxBytes: number): Uint8Array {
    const piece = this.#pieces[this.#head];
    if (piece === undefined || maxBytes <= 0) return EMPTY_BYTES;
    if (piece.length > maxBytes) {
      this.#pieces[this.#head] = piece.subarray(maxBytes);
      this.#length -= maxBytes;
      return piece.subarray(0, maxBytes);
    }
    this.#length -= piece.length;
    this.#pieces[this.#head] = EMPTY_BYTES;
    this.#head += 1;
    this.#compact();
    return piece;
  }

  /** All bytes as one; the queue is empty afterwards. */
  takeAll(): Uint8Array {
    const whole = new Uint8Array(this.#length);
    this.takeInto(whole);
    return whole;
  }

  clear(): void {
    this.#pieces = [];
    this.#head = 0;
    this.#length = 0;
  }

  #compact(): void {
    if (this.#head === this.#pieces.length) {
      this.#pieces.length = 0;
      this.#head = 0;
    } else if (this.#head > 64 && this.#head * 2 > this.#pieces.length) {
      this.#pieces = this.#pieces.slice(this.#head);
      this.#head = 0;
    }
  }
}
