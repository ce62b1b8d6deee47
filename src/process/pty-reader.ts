import { readSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import { ByteQueue } from '../base/byte-queue.ts';

/** The kernel hands out at most 4095 bytes at a time. libuv reads on at once only after a full buffer. */
const FIRST_READ_BYTES = 4095;
/** A read shorter than this emptied the terminal, most likely; asking again would cost a thrown EAGAIN. */
const FULL_READ_BYTES = 2048;
/** The most bytes handed up in one piece. */
export const MAX_PTY_BATCH_BYTES = 65_536;
/**
 * The most that is read after the child's exit. The kernel holds less than a tenth of it; a process
 * left behind that still writes must not keep the terminal open for ever.
 */
const MAX_LAST_BYTES: number = 256 * 1024;

/** A tty stream hands its options to the socket below it, which the types do not say. */
type StreamOptions = ConstructorParameters<typeof ReadStream>[1] & {
  readonly onread: { readonly buffer: Uint8Array; readonly callback: (count: number) => boolean };
};

/** Tells before the descriptor is closed, whoever closes it: the last moment at which it can be read. */
class MasterStream extends ReadStream {
  beforeClose: (() => void) | undefined;

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    const last = this.beforeClose;
    this.beforeClose = undefined;
    last?.();
    super._destroy(error, callback);
  }
}

/**
 * The output half of a terminal: owns the master's descriptor, and reads it until it is empty at each wake.
 *
 * Between any two calls:
 * 1. Nothing is handed up while paused, and nothing read is ever dropped.
 * 2. `isOpen` exactly while the descriptor may be used.
 */
export class PtyReader {
  /** How much may be handed up in one piece: 4095 .. MAX_PTY_BATCH_BYTES. */
  batchBytes: number = MAX_PTY_BATCH_BYTES;
  readonly #fd: number;
  readonly #stream: MasterStream;
  readonly #buffer = new Uint8Array(MAX_PTY_BATCH_BYTES);
  readonly #onData: (bytes: Uint8Array) => void;
  readonly #onEmpty: () => void;
  readonly #last = new ByteQueue();
  #paused = true;
  #finishing = false;
  #isOpen = true;
  #emptyTold = false;
  #dropping = false;

  /** `onEmpty` comes once, after `finish`, when all has been handed up. */
  constructor(fd: number, onData: (bytes: Uint8Array) => void, onEmpty: () => void) {
    this.#fd = fd;
    this.#onData = onData;
    this.#onEmpty = onEmpty;
    const options: StreamOptions = {
      onread: {
        buffer: this.#buffer.subarray(0, FIRST_READ_BYTES),
        callback: (count) => {
          this.#onRead(count);
          return true;
        },
      },
    };
    this.#stream = new MasterStream(fd, options);
    this.#stream.beforeClose = () => {
      this.#readLast();
      this.#isOpen = false;
      this.#handUpLast();
    };
    // EIO from a terminal whose other end is closed: the end of it, told by `beforeClose`.
    this.#stream.on('error', () => undefined);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#isOpen && !this.#finishing) this.#stream.resume();
    this.#handUpLast();
  }

  /** The child is gone: takes what the terminal still holds, closes it, and hands the rest up as wanted. */
  finish(): void {
    if (this.#finishing) return;
    this.#finishing = true;
    this.#stream.destroy();
    // It may have been closed before.
    this.#handUpLast();
  }

  /** Closes at once; what was not handed up is dropped. */
  close(): void {
    this.#paused = false;
    this.#dropping = true;
    this.#stream.destroy();
    this.#last.clear();
  }

  #onRead(firstCount: number): void {
    const limit = Math.min(this.batchBytes, MAX_PTY_BATCH_BYTES) - FIRST_READ_BYTES;
    let length = firstCount;
    for (let count = firstCount; count >= FULL_READ_BYTES && length <= limit; length += count) {
      count = this.#readInto(length, FIRST_READ_BYTES);
    }
    const batch = this.#buffer.subarray(0, length);
    // libuv may still be in its loop of reads when a pause has come.
    if (this.#paused) this.#last.push(batch.slice());
    else this.#onData(batch);
  }

  #readInto(at: number, maxBytes: number): number {
    try {
      return readSync(this.#fd, this.#buffer, at, maxBytes, null);
    } catch {
      return 0;
    }
  }

  /** A read looks through the kernel's transit buffers too, so that "empty" after the exit means empty. */
  #readLast(): void {
    if (this.#dropping) return;
    for (let total = 0; total < MAX_LAST_BYTES; ) {
      const count = this.#readInto(0, MAX_PTY_BATCH_BYTES);
      if (count === 0) return;
      this.#last.push(this.#buffer.slice(0, count));
      total += count;
    }
  }

  #handUpLast(): void {
    while (!this.#paused && this.#last.length > 0) {
      this.#onData(this.#last.takePiece(MAX_PTY_BATCH_BYTES));
    }
    if (!this.#finishing || this.#emptyTold || this.#last.length > 0) return;
    this.#emptyTold = true;
    this.#onEmpty();
  }
}
