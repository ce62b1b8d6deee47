import { fstatSync, write, writeSync } from 'node:fs';
import type { Clock } from '../base/clock.ts';
import { systemCodeOf } from '../base/errors.ts';
import { freeBytes } from '../base/free-bytes.ts';

/** Output waits in buffers of this size, each used again once it is written. */
const BUFFER_BYTES = 262_144;
const MAX_SPARE_BUFFERS = 2;
/** A terminal that takes nothing is asked again after this long. */
const RETRY_MS = 4;

export interface OutputEvents {
  /** So many bytes more have been written, or thrown away because nobody reads them. */
  onWritten(bytes: number): void;
  /** Nobody reads any more, or nothing can be written: what comes from now on is thrown away. Once. */
  onBroken(error: unknown): void;
  /** All that was handed in is written. */
  onIdle(): void;
}

interface Filled {
  readonly buffer: Uint8Array;
  start: number;
  end: number;
}

/**
 * One of this process's outputs. Terminals and files are written at once, with one system call: no keystroke waits for a
 * thread. Pipes are written beside, since a reader that is slow must not keep the session from being served.
 *
 * Between any two calls: bytes wait only if a write is under way or a retry is due; they are written in order.
 */
export class OutputSink {
  readonly #fd: number;
  readonly #clock: Clock;
  readonly #events: OutputEvents;
  readonly #isPipe: boolean;
  readonly #waiting: Filled[] = [];
  readonly #spare: Uint8Array[] = [];
  #isBusy = false;
  #isBroken = false;
  #waitingBytes = 0;

  constructor(fd: number, clock: Clock, events: OutputEvents) {
    this.#fd = fd;
    this.#clock = clock;
    this.#events = events;
    this.#isPipe = isPipeOrSocket(fd);
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Writes or keeps all of `bytes`, which are the caller's again afterwards. */
  write(bytes: Uint8Array): void {
    if (this.#isBroken) {
      this.#events.onWritten(bytes.length);
      return;
    }
    let rest = bytes;
    if (!this.#isPipe && !this.#isBusy) {
      const count = this.#writeNow(bytes);
      if (count > 0) this.#events.onWritten(count);
      rest = bytes.subarray(count);
    }
    if (rest.length === 0) return;
    this.#keep(rest);
    this.#goOn();
  }

  #writeNow(bytes: Uint8Array): number {
    let at = 0;
    while (at < bytes.length) {
      try {
        at += writeSync(this.#fd, bytes, at);
      } catch (error) {
        if (systemCodeOf(error) === 'EAGAIN') return at;
        this.#break(error);
        return bytes.length;
      }
    }
    return at;
  }

  #keep(bytes: Uint8Array): void {
    this.#waitingBytes += bytes.length;
    let rest = bytes;
    while (rest.length > 0) {
      const last = this.#waiting[this.#waiting.length - 1];
      const isFull =
        last === undefined ||
        last.end === BUFFER_BYTES ||
        (this.#isBusy && this.#waiting.length === 1);
      const filled = isFull ? this.#add() : last;
      const part = rest.subarray(0, BUFFER_BYTES - filled.end);
      filled.buffer.set(part, filled.end);
      filled.end += part.length;
      rest = rest.subarray(part.length);
    }
  }

  #add(): Filled {
    const filled = { buffer: this.#spare.pop() ?? new Uint8Array(BUFFER_BYTES), start: 0, end: 0 };
    this.#waiting.push(filled);
    return filled;
  }

  #goOn(): void {
    const first = this.#waiting[0];
    if (this.#isBusy || first === undefined) return;
    this.#isBusy = true;
    if (!this.#isPipe) {
      this.#clock.schedule(RETRY_MS, () =>
        this.#written(first, this.#writeNow(first.buffer.subarray(first.start, first.end))),
      );
      return;
    }
    write(this.#fd, first.buffer, first.start, first.end - first.start, null, (error, count) => {
      if (error === null) this.#written(first, count);
      else if (systemCodeOf(error) === 'EAGAIN')
        this.#clock.schedule(RETRY_MS, () => this.#written(first, 0));
      else this.#break(error);
    });
  }

  #written(first: Filled, count: number): void {
    this.#isBusy = false;
    if (this.#isBroken) return;
    first.start += count;
    this.#waitingBytes -= count;
    if (first.start === first.end) {
      this.#waiting.shift();
      if (this.#spare.length < MAX_SPARE_BUFFERS) this.#spare.push(first.buffer);
      else freeBytes(first.buffer);
    }
    if (count > 0) this.#events.onWritten(count);
    this.#goOn();
    if (this.#waitingBytes === 0) this.#events.onIdle();
  }

  #break(error: unknown): void {
    if (this.#isBroken) return;
    this.#isBroken = true;
    this.#isBusy = false;
    const lost = this.#waitingBytes;
    this.#waiting.length = 0;
    this.#waitingBytes = 0;
    this.#events.onBroken(error);
    if (lost > 0) this.#events.onWritten(lost);
    this.#events.onIdle();
  }
}

function isPipeOrSocket(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    return stat.isFIFO() || stat.isSocket();
  } catch {
    return false;
  }
}
