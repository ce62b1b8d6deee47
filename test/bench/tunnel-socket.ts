import type { Socket } from 'node:net';
import type { SocketOwner } from '../../src/link/socket-factory.ts';

/** Every connection of these benches begins with so many bytes, which say what is wanted. */
export const REQUEST_BYTES = 16;

/** What is sent again and again: large enough that the system calls of a source do not show beside a tunnel's. */
const BLOCK = Buffer.alloc(256 * 1024, 'everterm');

interface Wait {
  readonly count: number;
  readonly arrived: (atMs: number) => void;
  readonly missed: (error: Error) => void;
}

/** A connection of which only the first bytes are looked at, and the others are counted. */
export class TunnelSocket implements SocketOwner {
  readonly #socket: Socket;
  /** What arrived first. */
  readonly head: Buffer = Buffer.alloc(REQUEST_BYTES);
  /** Bytes so far. */
  received = 0;
  readonly closed: Promise<void>;
  #wait: Wait | undefined;
  #why = new Error('the connection was closed');
  #isClosed = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('error', (error) => {
      this.#why = error;
    });
    // Who ends has all it wanted.
    socket.on('end', () => socket.end());
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        this.#isClosed = true;
        this.#wait?.missed(this.#why);
        resolve();
      });
    });
    socket.resume();
  }

  receive(bytes: Uint8Array): void {
    if (this.received < REQUEST_BYTES)
      this.head.set(bytes.subarray(0, REQUEST_BYTES - this.received), this.received);
    this.received += bytes.length;
    if (this.#wait === undefined || this.received < this.#wait.count) return;
    this.#wait.arrived(performance.now());
    this.#wait = undefined;
  }

  /** Resolves to the moment (of `performance.now`) at which `count` bytes, from the first on, have arrived. */
  arrived(count: number): Promise<number> {
    return new Promise((resolve, reject) => {
      if (this.received >= count) resolve(performance.now());
      else if (this.#isClosed) reject(this.#why);
      else this.#wait = { count, arrived: resolve, missed: reject };
    });
  }

  write(bytes: Uint8Array | string): void {
    this.#socket.write(bytes);
  }

  /** Sends so many bytes, no faster than the kernel takes them; settles when it has taken all. */
  pour(bytes: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let left = bytes;
      const more = (error?: Error | null): void => {
        if (error) {
          reject(error);
          return;
        }
        if (left === 0) {
          resolve();
          return;
        }
        const size = Math.min(left, BLOCK.length);
        left -= size;
        // Not at once: a kernel that always has room would leave no turn to the other connections.
        this.#socket.write(BLOCK.subarray(0, size), (failure) => setImmediate(more, failure));
      };
      more();
    });
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
