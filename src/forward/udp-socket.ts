import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { copyOf } from '../base/bytes.ts';
import { plainAddress } from '../link/plain-address.ts';

/** What the kernel may hold for us while we are busy, in bytes; it takes less where the system allows no more. */
const RECEIVE_BUFFER_BYTES: number = 8 * 1024 * 1024;
/** What the kernel has not taken yet; beyond it datagrams are dropped. */
const MAX_QUEUED_BYTES: number = 1024 * 1024;

/** One end of a datagram, as the system writes it: `::ffff:192.0.2.1` on a socket of both families. */
export interface UdpAddress {
  readonly address: string;
  readonly port: number;
}

export interface UdpSocketEvents {
  /** Valid until the call returns. */
  onDatagram(bytes: Uint8Array, from: UdpAddress): void;
  /** A datagram that was sent was dropped: refused by whom it was for, too large, or too many. */
  onDropped(error: unknown): void;
}

/**
 * A socket for datagrams. Refusals and the like do not end it.
 *
 *   made --bind or connect--> open --close--> closed (final)       made --cannot--> closed
 */
export class UdpSocket {
  readonly #socket: Socket;
  readonly #events: UdpSocketEvents;
  #isClosed = false;

  /** Of the family of `address`; `isDual`: an IPv6 socket takes IPv4 too. */
  constructor(address: string, events: UdpSocketEvents, isDual = false) {
    this.#events = events;
    const isSix = address.includes(':');
    this.#socket = createSocket(isSix ? { type: 'udp6', ipv6Only: !isDual } : { type: 'udp4' });
    this.#socket.on('message', (bytes, from) => {
      // Port 0 is nobody's; nothing can be sent back to it.
      if (!this.#isClosed && from.port !== 0) events.onDatagram(bytes, from);
    });
  }

  get port(): number {
    return this.#isClosed ? 0 : this.#socket.address().port;
  }

  /** Where it is bound, with the address that the system chose. */
  get address(): string {
    return this.#isClosed ? '' : plainAddress(this.#socket.address().address);
  }

  /** Rejects with the system's error, and is then closed. */
  async bind(address: string, port: number): Promise<void> {
    await this.#opened(() => {
      const bound = once(this.#socket, 'listening');
      this.#socket.bind({ address, port, exclusive: true });
      return bound;
    });
  }

  /** From now on it hears of this address only. Rejects with the system's error, and is then closed. */
  async connect({ address, port }: UdpAddress): Promise<void> {
    await this.#opened(() => {
      const connected = once(this.#socket, 'connect');
      this.#socket.connect(port, address);
      return connected;
    });
  }

  /** `to`: where it is not connected. Copies what the kernel does not take at once. */
  send(bytes: Uint8Array, to?: UdpAddress): void {
    if (this.#isClosed) return;
    if (this.#socket.getSendQueueSize() > MAX_QUEUED_BYTES) {
      this.#events.onDropped(new Error('more is sent than the system takes'));
      return;
    }
    // The system may read it after we have returned.
    const copy = copyOf(bytes);
    const onSent = (error: Error | null): void => {
      if (error !== null && !this.#isClosed) this.#events.onDropped(error);
    };
    if (to === undefined) this.#socket.send(copy, onSent);
    else this.#socket.send(copy, to.port, to.address, onSent);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  async #opened(open: () => Promise<unknown>): Promise<void> {
    try {
      await open();
      this.#enlarge();
    } catch (error) {
      this.close();
      throw error;
    }
    this.#socket.on('error', (error) => {
      if (!this.#isClosed) this.#events.onDropped(error);
    });
  }

  #enlarge(): void {
    try {
      this.#socket.setRecvBufferSize(RECEIVE_BUFFER_BYTES);
    } catch {
      // What the system gives by itself is enough for all but floods.
    }
  }
}
