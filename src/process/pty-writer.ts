import { writeSync } from 'node:fs';
import { ByteQueue } from '../base/byte-queue.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { EtError, systemCodeOf } from '../base/errors.ts';

/** Bytes that wait for the program to read its terminal. */
export const MAX_PTY_QUEUE_BYTES: number = 8 * 1024 * 1024;
const FIRST_RETRY_MS = 1;
const LONGEST_RETRY_MS = 250;
/** The kernel takes some 4 KiB at a time; longer pieces would only be cut again. */
const PIECE_BYTES = 65_536;

/** Writes to a descriptor: bytes taken, or a thrown system error. Handed in so that tests can be the kernel. */
export type WriteDescriptor = (bytes: Uint8Array) => number;

export function descriptorWriter(fd: number): WriteDescriptor {
  return (bytes) => writeSync(fd, bytes, 0, bytes.length);
}

/**
 * The typing half of a terminal. A terminal that nobody reads has no usable "writable again" event
 * (libuv spins on it), so a full one is asked again after 1 ms, doubling to 250 ms.
 *
 * Between any two calls:
 * 1. `queued <= MAX_PTY_QUEUE_BYTES`.
 * 2. A retry is scheduled exactly when `queued > 0`.
 */
export class PtyWriter {
  readonly #write: WriteDescriptor;
  readonly #clock: Clock;
  readonly #onProgress: () => void;
  readonly #queue = new ByteQueue();
  #head: Uint8Array | undefined;
  #retry: Timer | undefined;
  #retryMs = FIRST_RETRY_MS;
  #closed = false;

  /** `onProgress`: queued bytes were taken or dropped, so there is more room. */
  constructor(write: WriteDescriptor, clock: Clock, onProgress: () => void) {
    this.#write = write;
    this.#clock = clock;
    this.#onProgress = onProgress;
  }

  get queued(): number {
    return this.#queue.length + (this.#head?.length ?? 0);
  }

  get writableBytes(): number {
    return MAX_PTY_QUEUE_BYTES - this.queued;
  }

  /** Takes all of `bytes`, at most `writableBytes`; copies what the kernel does not take at once. */
  write(bytes: Uint8Array): void {
    if (this.#closed) return;
    if (bytes.length > this.writableBytes) {
      throw new EtError(
        'ET_ERR_PTY',
        `write of ${bytes.length} bytes to a terminal with room for ${this.writableBytes}`,
      );
    }
    const taken = this.queued === 0 ? this.#writeOut(bytes) : 0;
    if (taken === bytes.length || this.#closed) return;
    // Not slice(): a Buffer's is a view.
    this.#queue.push(new Uint8Array(bytes.subarray(taken)));
    if (this.#retry === undefined) this.#schedule();
  }

  /** Drops what waits; later writes vanish, as they do in a closed terminal. */
  close(): void {
    this.#closed = true;
    this.#retry?.cancel();
    this.#retry = undefined;
    this.#queue.clear();
    this.#head = undefined;
  }

  #flush(): void {
    this.#retry = undefined;
    const before = this.queued;
    for (;;) {
      const piece = this.#head ?? this.#queue.takePiece(PIECE_BYTES);
      if (piece.length === 0) break;
      const taken = this.#writeOut(piece);
      if (this.#closed) return;
      this.#head = taken < piece.length ? piece.subarray(taken) : undefined;
      if (this.#head !== undefined) break;
    }
    const left = this.queued;
    this.#retryMs = left < before ? FIRST_RETRY_MS : Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
    if (left > 0) this.#schedule();
    if (left < before) this.#onProgress();
  }

  /** How many of the bytes the kernel took before it was full. */
  #writeOut(bytes: Uint8Array): number {
    let taken = 0;
    try {
      while (taken < bytes.length) {
        const count = this.#write(taken === 0 ? bytes : bytes.subarray(taken));
        if (count === 0) break;
        taken += count;
      }
    } catch (error) {
      // EIO: nobody will ever read this terminal again. The exit is reported by its process.
      if (systemCodeOf(error) !== 'EAGAIN') this.close();
    }
    return taken;
  }

  #schedule(): void {
    this.#retry = this.#clock.schedule(this.#retryMs, () => this.#flush());
  }
}
