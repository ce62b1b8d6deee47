import { concatBytes } from '../base/bytes.ts';
import { encodeFrameLength } from '../wire/frame-cutter.ts';
import { MAX_WAITING_FRAME_BYTES } from '../wire/limits.ts';

/** Where the frames go. */
export interface FrameSink {
  /** Bytes that were written and that the kernel has not taken. */
  readonly queuedBytes: number;
  /** Takes the bytes over. */
  write(bytes: Uint8Array): void;
}

/**
 * Frames that leave together, by one system call, once what is going on at the moment is through.
 *
 * Between any two calls: less than 256 KiB and a frame wait here and in the sink; a flush is due while anything waits here.
 */
export class FrameBatch {
  readonly #sink: FrameSink;
  readonly #soon: (flush: () => void) => void;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  /** `soon` calls back when what belongs together has been added. */
  constructor(sink: FrameSink, soon: (flush: () => void) => void) {
    this.#sink = sink;
    this.#soon = soon;
  }

  /** Adds a frame of these pieces, which the caller gives up. False: the reader is too slow, and it is dropped. */
  add(pieces: readonly Uint8Array[]): boolean {
    if (this.#bytes + this.#sink.queuedBytes >= MAX_WAITING_FRAME_BYTES) return false;
    this.push(pieces);
    return true;
  }

  /** Adds a frame, whatever waits: only for those whose number is bounded. */
  push(pieces: readonly Uint8Array[]): void {
    let bytes = 0;
    for (const piece of pieces) bytes += piece.length;
    const length = encodeFrameLength(bytes);
    if (this.#bytes === 0) this.#soon(() => this.#flush());
    this.#pieces.push(length, ...pieces);
    this.#bytes += length.length + bytes;
  }

  #flush(): void {
    const bytes = concatBytes(this.#pieces);
    this.#pieces = [];
    this.#bytes = 0;
    this.#sink.write(bytes);
  }
}
