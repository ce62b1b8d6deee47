import { readSync } from 'node:fs';
import type { Socket } from 'node:net';
import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';
import { freeBytes } from '../base/free-bytes.ts';
import { descriptorOf, isPeerGone, writeNow } from './kernel-write.ts';
import type { SocketOwner } from './socket-factory.ts';

export interface StreamSocketEvents {
  /** What the peer sent, valid until the call returns. */
  onBytes(bytes: Uint8Array): void;
  /** The peer sends no more; the other direction goes on. */
  onEnd(): void;
  /** The kernel has taken all that was written. */
  onDrain(): void;
  /** Once, last. `undefined`: both directions ended in order; else it broke, and what was not delivered is lost. */
  onClose(error: EtError | undefined): void;
}

/** The kernel asks a peer that has been silent for this long whether it is still there, in milliseconds; tcp(7). */
const KEEPALIVE_AFTER_MS = 120_000;

/**
 * A connected socket whose two directions end separately, as programs that speak through a forward expect of it. Made paused and
 * half-open by `BufferedSockets`.
 *
 *   made --start--> open --both ended--> over (final)        any --error, reset--> over
 *
 * Between any two calls: `queuedBytes` are those that were written and the kernel has not taken; `onDrain` comes when they are 0 again.
 */
export class StreamSocket implements SocketOwner {
  /** For people: `tcp 127.0.0.1:53210`. */
  readonly label: string;
  readonly #socket: Socket;
  readonly #isResettable: boolean;
  #events: StreamSocketEvents | undefined;
  #error: EtError | undefined;
  #isEnding = false;
  #hasEnded = false;
  /** The peer takes no more: what is written is thrown away, until all that it said has been read. */
  #isDeaf = false;
  #isOver = false;

  constructor(socket: Socket, options: { readonly label: string; readonly isResettable: boolean }) {
    this.#socket = socket;
    this.label = options.label;
    this.#isResettable = options.isResettable;
    // A forward lives for months: a peer whose machine is gone without a word must not be kept as long.
    if (options.isResettable) socket.setKeepAlive(true, KEEPALIVE_AFTER_MS);
    socket.on('error', (error) => this.#fail(error));
    socket.on('end', () => this.#end());
    socket.on('close', () => this.#close());
    // Nothing will be told of it any more.
    if (socket.closed) this.#close();
  }

  /** Where it was reached; `undefined` for a unix socket. */
  get localAddress(): string | undefined {
    return this.#socket.localAddress;
  }

  /** Whom it is connected to; `undefined` for a unix socket. */
  get remoteAddress(): string | undefined {
    return this.#socket.remoteAddress;
  }

  get queuedBytes(): number {
    return this.#isOver ? 0 : this.#socket.writableLength;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Takes what the socket has read. */
  receive(bytes: Uint8Array): void {
    if (!this.#isOver) this.#events?.onBytes(bytes);
  }

  /** Begins to read. What became of the socket before is told soon. */
  start(events: StreamSocketEvents): void {
    this.#events = events;
    if (this.#isOver) queueMicrotask(() => events.onClose(this.#error));
    else this.#socket.resume();
  }

  pause(): void {
    if (!this.#isOver && !this.#hasEnded) this.#socket.pause();
  }

  resume(): void {
    if (!this.#isOver && !this.#hasEnded) this.#socket.resume();
  }

  /** Copies what the kernel does not take at once. */
  write(bytes: Uint8Array): void {
    if (this.#isOver || this.#isEnding || this.#isDeaf) return;
    const taken = this.#writeNow(bytes);
    if (taken === bytes.length || this.#isOver) return;
    const rest = new Uint8Array(bytes.subarray(taken));
    this.#socket.write(rest, (error) => {
      if (error) return;
      freeBytes(rest);
      if (this.#socket.writableLength === 0 && !this.#isOver) this.#events?.onDrain();
    });
  }

  /** Ends our direction behind what was written. */
  end(): void {
    if (this.#isOver || this.#isEnding) return;
    this.#isEnding = true;
    if (!this.#isDeaf) this.#socket.end();
  }

  /** Ends both directions at once; the peer sees a reset where the system has one. `onClose` does not come. */
  reset(): void {
    this.#events = undefined;
    if (this.#isOver) return;
    this.#isOver = true;
    // Beside an end that is on its way libuv resets nothing; behind bytes that wait it is not on its way.
    const mayReset = !this.#isEnding || this.#socket.writableLength > 0;
    if (this.#isResettable && mayReset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #writeNow(bytes: Uint8Array): number {
    try {
      return writeNow(this.#socket, [bytes]);
    } catch (error) {
      this.#fail(error);
      if (isPeerGone(error) && !this.#hasEnded) this.#isDeaf = true;
      else this.#socket.destroy();
      return bytes.length;
    }
  }

  #end(): void {
    this.#hasEnded = true;
    if (!this.#isDeaf) this.#findReset();
    if (this.#error === undefined) this.#events?.onEnd();
    else this.#socket.destroy();
  }

  /**
   * Where a reset is already there when the bytes before it are read, libuv calls it an end (uv__stream_io: POLLHUP after a partial
   * read); the kernel still has the error for who reads on.
   */
  #findReset(): void {
    try {
      const descriptor = descriptorOf(this.#socket);
      if (descriptor >= 0) readSync(descriptor, new Uint8Array(1));
    } catch (error) {
      if (systemCodeOf(error) !== 'EAGAIN') this.#fail(error);
    }
  }

  #fail(cause: unknown): void {
    this.#error ??= new EtError('ET_ERR_FORWARD', `${this.label}: ${messageOf(cause)}`, { cause });
  }

  #close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (!this.#hasEnded || !this.#isEnding) this.#fail('closed from this side');
    this.#events?.onClose(this.#error);
  }
}
