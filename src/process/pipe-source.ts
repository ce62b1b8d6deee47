import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { ByteQueue } from '../base/byte-queue.ts';

/** Output that can be held back. */
export interface ByteSource {
  /** Nothing is handed up after it; the program blocks when the kernel's buffer is full. */
  pause(): void;
  resume(): void;
  /** Closes this end: what was not handed up is dropped, and the program gets SIGPIPE if it writes on. */
  close(): void;
}

const READ_BYTES = 65_536;

/**
 * One output of a command. Starts paused.
 *
 * Between any two calls: `onEnd` has been called only if every byte was handed up before.
 */
export class PipeSource implements ByteSource {
  readonly #stream: Readable;
  readonly #onData: (bytes: Uint8Array) => void;
  readonly #onEnd: () => void;
  readonly #held = new ByteQueue();
  #paused = true;
  #ended = false;
  #endTold = false;

  /** Reads a descriptor, which it then owns, into one buffer used again and again; or a stream of Node's. */
  constructor(from: number | Readable, onData: (bytes: Uint8Array) => void, onEnd: () => void) {
    this.#onData = onData;
    this.#onEnd = onEnd;
    this.#stream = typeof from === 'number' ? this.#open(from) : this.#adopt(from);
    const end = (): void => {
      this.#ended = true;
      this.#handUp();
    };
    this.#stream.once('end', end);
    this.#stream.once('close', end);
    // A pipe that fails has ended; `close` follows.
    this.#stream.on('error', () => undefined);
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#handUp();
    if (!this.#paused) this.#stream.resume();
  }

  close(): void {
    this.#held.clear();
    this.#paused = false;
    this.#stream.destroy();
  }

  #open(fd: number): Readable {
    const buffer = new Uint8Array(READ_BYTES);
    const callback = (count: number): boolean => {
      this.#receive(buffer.subarray(0, count));
      return true;
    };
    const options = { fd, readable: true, writable: false, onread: { buffer, callback } };
    return new Socket(options);
  }

  #adopt(stream: Readable): Readable {
    stream.on('data', (bytes: Uint8Array) => this.#receive(bytes));
    stream.pause();
    return stream;
  }

  /** Node resumes its own streams when their process ends, whether they are paused or not. */
  #receive(bytes: Uint8Array): void {
    if (!this.#paused) {
      this.#onData(bytes);
      return;
    }
    this.#held.push(new Uint8Array(bytes));
    this.#stream.pause();
  }

  #handUp(): void {
    while (!this.#paused && this.#held.length > 0) this.#onData(this.#held.takePiece(READ_BYTES));
    if (!this.#ended || this.#endTold || this.#held.length > 0) return;
    this.#endTold = true;
    this.#onEnd();
  }
}
