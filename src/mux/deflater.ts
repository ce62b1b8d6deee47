import {
  Z_DEFAULT_STRATEGY,
  Z_FINISH,
  Z_SYNC_FLUSH,
  ZStream,
  zlibDeflate,
  zlibDeflateInit2,
  zlibDeflateReset,
} from 'pako';
import { EMPTY_BYTES } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import { MAX_INFLATE_RATIO } from '../wire/limits.ts';

/** The fastest level that looks for a second, longer match costs a third of the speed for a twentieth of the size. */
const LEVEL = 3;
/** Raw deflate, without a header: the only method there is. */
const DEFLATED = 8;
/** A window of 16 KiB and hashes to match, 165 KiB in all: a browser has hundreds of connections. */
const WINDOW_BITS = 14;
const MEMORY_LEVEL = 7;
/**
 * What is deflated at a time, and is by itself within the ratio. A stretch begins and ends within slices, so that it exceeds the
 * ratio by less than two of them, which is half of `MAX_INFLATE_EXCESS_BYTES`.
 */
const SLICE_BYTES = 32_768;
const OUTPUT_BYTES = 16_384;
/** A slice that becomes no shorter than this part of itself was not worth the time: most of what a proxy carries is encrypted... */
const WORTHLESS_PART = 15 / 16;
/** ...and the next so many go as they are, before deflate tries again. */
const STORED_SLICES = 8;
/** A shorter slice says nothing of what comes. */
const LEAST_JUDGED_BYTES = 1024;

/** A stored block of no bytes, which says nothing (RFC 1951 section 3.2.4). It begins at a byte, as a flush ends at one. */
const EMPTY_BLOCK: readonly number[] = [0x00, 0x00, 0x00, 0xff, 0xff];
/** As many of them as the slice that deflates best can need. */
const PADDING = Uint8Array.from(
  { length: (Math.ceil(SLICE_BYTES / MAX_INFLATE_RATIO / EMPTY_BLOCK.length) + 1) * 5 },
  (_, at) => EMPTY_BLOCK[at % EMPTY_BLOCK.length] ?? 0,
);

/**
 * The sending end of a raw deflate stream (RFC 1951), of which every call's bytes can be read at once.
 *
 * Between any two calls: what was emitted ends at a byte, after a block; each slice of what was given is at most
 * `MAX_INFLATE_RATIO` times as long as what was emitted for it, so that a reader can tell the stream from a bomb.
 */
export class Deflater {
  readonly #stream = new ZStream();
  /** Emitted from, again and again. */
  readonly #output = new Uint8Array(OUTPUT_BYTES);
  readonly #emit: (bytes: Uint8Array) => void;
  #slicesToStore = 0;
  /** The reader has seen bytes that `#stream` does not know of: it must not refer to what was before them. */
  #isBehind = false;

  /** `emit` has what it is given until it returns. */
  constructor(emit: (bytes: Uint8Array) => void) {
    this.#emit = emit;
    const status = zlibDeflateInit2(
      this.#stream,
      LEVEL,
      DEFLATED,
      -WINDOW_BITS,
      MEMORY_LEVEL,
      Z_DEFAULT_STRATEGY,
    );
    invariant(status === 0, `deflate began with ${status}`);
  }

  /** Emits `bytes`, all of them. */
  write(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      const slice = bytes.subarray(at, at + SLICE_BYTES);
      if (this.#slicesToStore > 0) {
        this.#store(slice);
        continue;
      }
      const emitted = this.#deflate(slice, Z_SYNC_FLUSH);
      this.#pad(slice.length - MAX_INFLATE_RATIO * emitted);
      const isWorthless = emitted > slice.length * WORTHLESS_PART;
      if (isWorthless && slice.length >= LEAST_JUDGED_BYTES) this.#slicesToStore = STORED_SLICES;
    }
  }

  /** Emits the end of the stream; nothing may be written behind it. */
  finish(): void {
    this.#deflate(EMPTY_BYTES, Z_FINISH);
  }

  /** Returns how many bytes were emitted. */
  #deflate(bytes: Uint8Array, flush: typeof Z_SYNC_FLUSH | typeof Z_FINISH): number {
    const stream = this.#stream;
    if (this.#isBehind) zlibDeflateReset(stream);
    this.#isBehind = false;
    stream.input = bytes;
    stream.next_in = 0;
    stream.avail_in = bytes.length;
    let emitted = 0;
    do {
      stream.output = this.#output;
      stream.next_out = 0;
      stream.avail_out = OUTPUT_BYTES;
      zlibDeflate(stream, flush);
      emitted += stream.next_out;
      if (stream.next_out > 0) this.#emit(this.#output.subarray(0, stream.next_out));
    } while (stream.avail_out === 0);
    invariant(stream.avail_in === 0, 'deflate takes all that it is given');
    // The caller's memory may be used for something else from now on.
    stream.input = EMPTY_BYTES;
    return emitted;
  }

  /** A stored block: a byte for its kind, its length, that again with each bit turned, and the bytes (RFC 1951 section 3.2.4). */
  #store(bytes: Uint8Array): void {
    const { length } = bytes;
    const [low, high] = [length & 0xff, length >> 8];
    this.#emit(Uint8Array.of(0x00, low, high, low ^ 0xff, high ^ 0xff));
    this.#emit(bytes);
    this.#isBehind = true;
    this.#slicesToStore -= 1;
  }

  #pad(excessBytes: number): void {
    if (excessBytes <= 0) return;
    const blocks = Math.ceil(excessBytes / MAX_INFLATE_RATIO / EMPTY_BLOCK.length);
    this.#emit(PADDING.subarray(0, blocks * EMPTY_BLOCK.length));
  }
}
