import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { freeBytes } from '../base/free-bytes.ts';

/** The input of a command. What it does not read any more is dropped without an error, as ssh does. */
export interface ByteSink {
  /** Bytes handed in that the kernel has not taken. */
  readonly bufferedBytes: number;
  /** Copies what it keeps. */
  write(bytes: Uint8Array): void;
  /** The end of input, behind what was written. */
  end(): void;
  /** Ends at once; what waits is dropped. */
  close(): void;
}

export class PipeSink implements ByteSink {
  readonly #stream: Writable;
  readonly #onDrain: () => void;
  #buffered = 0;
  #ended = false;
  #broken = false;

  /** Writes to a descriptor, which it then owns, or to a stream of Node's. */
  constructor(to: number | Writable, onDrain: () => void) {
    this.#onDrain = onDrain;
    this.#stream =
      typeof to === 'number' ? new Socket({ fd: to, readable: false, writable: true }) : to;
    this.#stream.on('error', () => this.#break());
    this.#stream.once('close', () => this.#break());
  }

  get bufferedBytes(): number {
    return this.#buffered;
  }

  write(bytes: Uint8Array): void {
    if (this.#ended || this.#broken || bytes.length === 0) return;
    const { length } = bytes;
    this.#buffered += length;
    const copy = new Uint8Array(bytes);
    this.#stream.write(copy, () => {
      freeBytes(copy);
      if (this.#broken) return;
      this.#buffered -= length;
      // Not end(): that is shutdown(), which a pipe does not know.
      if (this.#ended && this.#buffered === 0) this.#stream.destroy();
      this.#onDrain();
    });
  }

  end(): void {
    this.#ended = true;
    if (this.#buffered === 0) this.#stream.destroy();
  }

  close(): void {
    this.#ended = true;
    this.#stream.destroy();
  }

  /** The program has closed its end (EPIPE), or this one is closed. */
  #break(): void {
    if (this.#broken) return;
    this.#broken = true;
    const dropped = this.#buffered > 0;
    this.#buffered = 0;
    if (dropped) this.#onDrain();
  }
}
