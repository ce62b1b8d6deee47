import { Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { SocketCarrier, type SocketCarrierOptions } from './socket-carrier.ts';

/**
 * Bytes read with one system call. On loopback 256 KiB halves the CPU per byte against the 64 KiB
 * that Node allocates for each `data` event.
 */
const READ_BUFFER_BYTES: number = 256 * 1024;

/** Of a socket's handle only what is needed to move it to another socket. Node does not document it. */
interface SocketHandle {
  useUserBuffer?: unknown;
  reading?: boolean;
  readStop?: () => unknown;
}
type SocketInternals = { _handle?: SocketHandle | null };

/** What a connected socket becomes: it is given what the socket reads, valid until the call returns. */
export interface SocketOwner {
  receive(bytes: Uint8Array): void;
}

/** A socket that is to be connected, and what it becomes. */
export interface DiallingSocket<Owner> {
  readonly socket: Socket;
  /** Call once, when connected; from then on the socket belongs to its owner. */
  readonly connected: (options: SocketCarrierOptions) => Owner;
}

/** Makes sockets that are to be connected. */
export interface SocketDialling<Owner> {
  dialling(): DiallingSocket<Owner>;
}

/**
 * Makes sockets that all read into one buffer: an idle socket then costs no buffer at all.
 * Sharing is safe because libuv reads and calls back for one socket at a time, and bytes passed
 * up are valid only until that call returns.
 */
export class BufferedSockets<Owner extends SocketOwner> implements SocketDialling<Owner> {
  readonly #own: (socket: Socket, options: SocketCarrierOptions) => Owner;
  readonly #buffer: Uint8Array;

  constructor(
    own: (socket: Socket, options: SocketCarrierOptions) => Owner,
    readBufferBytes: number = READ_BUFFER_BYTES,
  ) {
    this.#own = own;
    this.#buffer = new Uint8Array(readBufferBytes);
  }

  dialling(): DiallingSocket<Owner> {
    return this.#bufferedSocket(undefined);
  }

  /**
   * Takes over a socket from a server made with `pauseOnConnect` and `allowHalfOpen`.
   *
   * `createServer` ignores `onread` on every version of Node, so the socket is rebuilt around its
   * handle. Nothing can be lost: reading has not begun, what has arrived is still in the kernel.
   */
  accepted(accepted: Socket, options: SocketCarrierOptions): Owner {
    const internals = accepted as unknown as SocketInternals;
    const handle = internals._handle;
    if (typeof handle?.useUserBuffer !== 'function') return this.#eventful(accepted, options);
    internals._handle = null;
    // Without its handle this only settles the server's count of connections.
    accepted.destroy();
    return this.#bufferedSocket(handle).connected(options);
  }

  /**
   * Takes over a socket of a server as above that was read from since, and is paused now with nothing of what it has read left in it:
   * what arrives from here on is the owner's.
   */
  adopted(socket: Socket, options: SocketCarrierOptions): Owner {
    const handle = (socket as unknown as SocketInternals)._handle;
    if (handle?.reading === true) {
      // Pausing a stream of Node's does not stop its handle, whose bytes would go to an owner that has not started.
      handle.readStop?.();
      handle.reading = false;
    }
    return this.accepted(socket, options);
  }

  #bufferedSocket(handle: SocketHandle | undefined): DiallingSocket<Owner> {
    let owner: Owner | undefined;
    const options = {
      allowHalfOpen: true,
      manualStart: true,
      onread: {
        buffer: this.#buffer,
        callback: (count: number, buffer: Uint8Array): boolean => {
          owner?.receive(buffer.subarray(0, count));
          return true;
        },
      },
      ...(handle === undefined ? {} : { handle }),
    };
    const socket = new Socket(options);
    socket.pause();
    // Not as an option: beside a handle, Node would note it as done and never tell the kernel.
    socket.setNoDelay(true);
    const connected = (ownerOptions: SocketCarrierOptions): Owner => {
      owner = this.#own(socket, ownerOptions);
      return owner;
    };
    return { socket, connected };
  }

  /** For a Node without that handle: correct, with an allocation for each read. */
  #eventful(socket: Socket, options: SocketCarrierOptions): Owner {
    const owner = this.#own(socket, options);
    socket.pause();
    socket.setNoDelay(true);
    socket.on('data', (bytes: Uint8Array) => owner.receive(bytes));
    return owner;
  }
}

/**
 * The same connection as a socket of Node's own, for who reads it as a stream. Its server does not count it any more, and can close
 * without waiting for it.
 */
export function releasedSocket(accepted: Socket): Socket {
  const internals = accepted as unknown as SocketInternals;
  const handle = internals._handle;
  if (handle === undefined || handle === null) return accepted;
  internals._handle = null;
  accepted.destroy();
  const options = { allowHalfOpen: true, handle };
  const socket = new Socket(options);
  socket.setNoDelay(true);
  return socket;
}

/** Makes socket carriers. */
export class SocketFactory extends BufferedSockets<SocketCarrier> {
  constructor(clock: Clock, readBufferBytes?: number) {
    super((socket, options) => new SocketCarrier(socket, clock, options), readBufferBytes);
  }
}
