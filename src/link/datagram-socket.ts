import { type BindOptions, createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { freeBytes } from '../base/free-bytes.ts';

/** What the kernel may hold for us while we are busy, each way, in bytes; it takes less where the system allows no more. */
const BUFFER_BYTES: number = 8 * 1024 * 1024;
/** What the kernel has not taken; beyond it a datagram is lost, as in the network. */
const MAX_QUEUED_BYTES: number = 256 * 1024;

export interface DatagramSocketEvents {
  /** `address` as the system writes it, with the interface where it is good on one link only. Bytes are valid until the call returns. */
  onDatagram(bytes: Uint8Array, address: string, port: number): void;
  /** Receiving failed, and goes on; for the log. */
  onTrouble?(error: Error): void;
}

/**
 * One UDP socket of one family, bound and never connected: the kernel picks the way for each datagram, wherever this machine has moved.
 * What does not leave is lost, and its caller is told where it asks. No error ends it.
 *
 *   open --close--> closed (final)
 */
export class DatagramSocket {
  readonly #socket: Socket;
  readonly #events: DatagramSocketEvents;
  #isClosed = false;

  private constructor(family: 4 | 6, events: DatagramSocketEvents) {
    this.#events = events;
    this.#socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // The system objects to the same of IPv4.
      ipv6Only: family === 6,
      // All our names are addresses: to ask about each costs more than to send.
      lookup: (address, _, done) => done(null, address, family),
    });
  }

  /** `address`: of ours, or of all. Rejects with the system's error (EADDRINUSE). */
  static async open(
    family: 4 | 6,
    address: string,
    port: number,
    events: DatagramSocketEvents,
  ): Promise<DatagramSocket> {
    const opened = new DatagramSocket(family, events);
    await opened.#bind({ address, port, exclusive: true });
    return opened;
  }

  /** Takes over a socket that is bound already. */
  static async inherit(
    family: 4 | 6,
    descriptor: number,
    events: DatagramSocketEvents,
  ): Promise<DatagramSocket> {
    const inherited = new DatagramSocket(family, events);
    await inherited.#bind({ fd: descriptor });
    return inherited;
  }

  get port(): number {
    return this.#isClosed ? 0 : this.#socket.address().port;
  }

  /** Bytes that the kernel has not taken. */
  get queuedBytes(): number {
    return this.#isClosed ? 0 : this.#socket.getSendQueueSize();
  }

  /** Sends the pieces as one datagram. The caller gives them up. `onUnsent`: it has not left, and why. */
  send(
    pieces: readonly Uint8Array[],
    address: string,
    port: number,
    onUnsent?: (error: Error) => void,
  ): void {
    if (this.#isClosed || this.queuedBytes > MAX_QUEUED_BYTES) return;
    if (onUnsent === undefined) {
      this.#socket.send(pieces, port, address);
      if (this.queuedBytes === 0) pieces.forEach(freeBytes);
      return;
    }
    this.#socket.send(pieces, port, address, (error) => {
      if (error !== null && !this.#isClosed) onUnsent(error);
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#socket.close();
  }

  async #bind(place: BindOptions): Promise<void> {
    try {
      const bound = once(this.#socket, 'listening');
      this.#socket.bind(place);
      await bound;
    } catch (error) {
      this.close();
      throw error;
    }
    this.#enlarge();
    this.#socket.on('error', (error) => {
      if (!this.#isClosed) this.#events.onTrouble?.(error);
    });
    this.#socket.on('message', (bytes, from) => {
      // Port 0 is nobody's; nothing can be sent back to it.
      if (!this.#isClosed && from.port !== 0) {
        this.#events.onDatagram(bytes, from.address, from.port);
      }
    });
  }

  #enlarge(): void {
    try {
      this.#socket.setRecvBufferSize(BUFFER_BYTES);
      this.#socket.setSendBufferSize(BUFFER_BYTES);
    } catch {
      // What the system gives by itself is enough for all but bursts.
    }
  }
}
