import { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import type { Carrier } from './carrier.ts';
import { SocketCarrier, type SocketCarrierOptions } from './socket-carrier.ts';

/**
 * Bytes read with one system call. On loopback 256 KiB halves the CPU per byte against the 64 KiB
 * that Node allocates for each `data` event.
 */
const READ_BUFFER_BYTES: number = 256 * 1024;

/** Of a socket's handle only what is needed to move it to another socket. Node does not document it. */
interface SocketHandle {
  useUserBuffer?: unknown;
}
type SocketInternals = { _handle?: SocketHandle | null };

/** A socket that is to be connected, and the carrier it becomes. */
export interface DiallingSocket {
  readonly socket: Socket;
  /** Call once, when connected; from then on the socket belongs to the carrier. */
  readonly connected: (options: SocketCarrierOptions) => Carrier;
}

/**
 * Makes socket carriers that all read into one buffer: an idle socket then costs no buffer at all.
 * Sharing is safe because libuv reads and calls back for one socket at a time, and bytes passed
 * up are valid only until that call returns.
 */
export class SocketFactory {
  readonly #clock: Clock;
  readonly #buffer: Uint8Array;

  constructor(clock: Clock, readBufferBytes: number = READ_BUFFER_BYTES) {
    this.#clock = clock;
    this.#buffer = new Uint8Array(readBufferBytes);
  }

  dialling(): DiallingSocket {
    return this.#bufferedSocket(undefined);
  }

  /**
   * Takes over a socket from a server made with `pauseOnConnect` and `allowHalfOpen`.
   *
   * `createServer` ignores `onread` on every version of Node, so the socket is rebuilt around its
   * handle. Nothing can be lost: reading has not begun, what has arrived is still in the kernel.
   */
  accepted(accepted: Socket, options: SocketCarrierOptions): Carrier {
    const internals = accepted as unknown as SocketInternals;
    const handle = internals._handle;
    if (typeof handle?.useUserBuffer !== 'function') return this.#eventful(accepted, options);
    internals._handle = null;
    // Without its handle this only settles the server's count of connections.
    accepted.destroy();
    return this.#bufferedSocket(handle).connected(options);
  }

  #bufferedSocket(handle: SocketHandle | undefined): DiallingSocket {
    let carrier: SocketCarrier | undefined;
    const options = {
      allowHalfOpen: true,
      manualStart: true,
      onread: {
        buffer: this.#buffer,
        callback: (count: number, buffer: Uint8Array): boolean => {
          carrier?.receive(buffer.subarray(0, count));
          return true;
        },
      },
      ...(handle === undefined ? {} : { handle }),
    };
    const socket = new Socket(options);
    socket.pause();
    // Not as an option: beside a handle, Node would note it as done and never tell the kernel.
    socket.setNoDelay(true);
    const connected = (carrierOptions: SocketCarrierOptions): Carrier => {
      carrier = new SocketCarrier(socket, this.#clock, carrierOptions);
      return carrier;
    };
    return { socket, connected };
  }

  /** For a Node without that handle: correct, with an allocation for each read. */
  #eventful(socket: Socket, options: SocketCarrierOptions): Carrier {
    const carrier = new SocketCarrier(socket, this.#clock, options);
    socket.pause();
    socket.setNoDelay(true);
    socket.on('data', (bytes: Uint8Array) => carrier.receive(bytes));
    return carrier;
  }
}
