import { Z_NO_FLUSH, Z_OK, Z_STREAM_END, ZStream, zlibInflate, zlibInflateInit2 } from 'pako';
import { copyOf, EMPTY_BYTES } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import { MAX_INFLATE_EXCESS_BYTES, MAX_INFLATE_RATIO } from '../wire/limits.ts';

/** What is inflated at a time, in bytes: all the memory that it takes beside the window of 32 KiB. */
const PIECE_BYTES = 16_384;
/** Any window that deflate has. */
const WINDOW_BITS = 15;
const Z_BUF_ERROR = -5;

/**
 * The receiving end of a raw deflate stream (RFC 1951). It inflates a piece when it is asked for one, however much its input
 * would make.
 *
 * Between any two calls: `#excess` is the most by which any stretch of the stream up to here exceeds `MAX_INFLATE_RATIO`, and at
 * most `MAX_INFLATE_EXCESS_BYTES` unless there is a fault.
 */
export class Inflater {
  readonly #stream = new ZStream();
  readonly #piece = new Uint8Array(PIECE_BYTES);
  /** The last piece was full: there may be more of the same input. */
  #isPieceFull = false;
  #isEnded = false;
  #excess = 0;
  #fault: string | undefined;

  constructor() {
    this.#stream.input = EMPTY_BYTES;
    const status = zlibInflateInit2(this.#stream, -WINDOW_BITS);
    invariant(status === 0, `inflate began with ${status}`);
  }

  /** What is wrong with the stream; nothing comes of it any more. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** The final block has been inflated. */
  get isEnded(): boolean {
    return this.#isEnded;
  }

  /** It has made all there is of what it was given. */
  get isHungry(): boolean {
    return !this.#isPieceFull && this.#stream.avail_in === 0;
  }

  /** Bytes of the stream that were used up. */
  get usedBytes(): number {
    return this.#stream.total_in;
  }

  /** Gives it the next bytes, once it is hungry; it has them until it is hungry again, or `keepInput`. */
  feed(bytes: Uint8Array): void {
    const stream = this.#stream;
    stream.input = bytes;
    stream.next_in = 0;
    stream.avail_in = bytes.length;
  }

  /** Copies what is not used up yet: the caller's bytes are the caller's again. */
  keepInput(): void {
    const { input, next_in: at, avail_in: length } = this.#stream;
    this.feed(length === 0 ? EMPTY_BYTES : copyOf(input.subarray(at, at + length)));
  }

  /** The next bytes, valid until the next call; perhaps none, and none when there is a fault. */
  next(): Uint8Array {
    const stream = this.#stream;
    const usedBefore = stream.total_in;
    stream.output = this.#piece;
    stream.next_out = 0;
    stream.avail_out = PIECE_BYTES;
    if (!this.#isEnded) this.#note(zlibInflate(stream, Z_NO_FLUSH));
    this.#isPieceFull = stream.avail_out === 0 && !this.#isEnded;
    if (this.#isEnded && stream.avail_in > 0) this.#fault ??= 'bytes behind the end of deflate';
    this.#weigh(stream.next_out, stream.total_in - usedBefore);
    return this.#fault === undefined ? this.#piece.subarray(0, stream.next_out) : EMPTY_BYTES;
  }

  #note(status: number): void {
    if (status === Z_STREAM_END) this.#isEnded = true;
    // Z_BUF_ERROR: the piece was full, and there was nothing more.
    else if (status !== Z_OK && status !== Z_BUF_ERROR)
      this.#fault = `not deflate: ${this.#stream.msg || status}`;
  }

  /** The smaller the steps in which this is counted, the more it finds; a sound stream passes in steps of any size. */
  #weigh(made: number, used: number): void {
    this.#excess = Math.max(0, this.#excess + made - MAX_INFLATE_RATIO * used);
    if (this.#excess > MAX_INFLATE_EXCESS_BYTES)
      this.#fault ??= `inflates to more than ${MAX_INFLATE_RATIO} times its length`;
  }
}
