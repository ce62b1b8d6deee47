import { lookup } from 'node:dns/promises';
import { systemCodeOf } from '../base/errors.ts';
import { ipFamily } from '../link/ip-family.ts';
import { formatEndpoint, plainAddress } from '../link/plain-address.ts';
import { addressForSocket } from './address-range.ts';
import type { ListenPlace } from './endpoint.ts';
import { listenFailure } from './listen-failure.ts';
import { type UdpAddress, UdpSocket } from './udp-socket.ts';

export type UdpPlace = Extract<ListenPlace, { kind: 'tcp' }>;

/** Whom a datagram came from. */
export class UdpSource {
  /** Another for each source and socket of a listener. */
  readonly key: string;
  readonly #socket: UdpSocket;
  readonly #from: UdpAddress;

  constructor(key: string, socket: UdpSocket, from: UdpAddress) {
    this.key = key;
    this.#socket = socket;
    this.#from = from;
  }

  /** `127.0.0.1:53210`. */
  get label(): string {
    return formatEndpoint(plainAddress(this.#from.address), this.#from.port);
  }

  /** Sends it a datagram, from where it has sent its own to. */
  reply(bytes: Uint8Array): void {
    this.#socket.send(bytes, this.#from);
  }
}

export interface UdpListenerEvents {
  /** Valid until the call returns. */
  onDatagram(bytes: Uint8Array, source: UdpSource): void;
  /** A reply was dropped. */
  onDropped(error: unknown): void;
}

/** Where a forward waits for datagrams. */
export class UdpListener {
  readonly #events: UdpListenerEvents;
  readonly #sockets: UdpSocket[] = [];
  #place: UdpPlace;
  #isClosed = false;

  constructor(place: UdpPlace, events: UdpListenerEvents) {
    this.#place = place;
    this.#events = events;
  }

  /** Where it listens: with the port that was chosen. */
  get place(): UdpPlace {
    return this.#place;
  }

  /** Rejects with ET_ERR_FORWARD, and is then closed. */
  async listen(): Promise<void> {
    try {
      await this.#listen(this.#place);
    } catch (error) {
      this.close();
      throw listenFailure(this.#place, error);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.close();
  }

  async #listen({ bind, port: firstPort }: UdpPlace): Promise<void> {
    if (bind === '*') {
      const port = await this.#bindAll(firstPort);
      this.#place = { ...this.#place, port };
      return;
    }
    const addresses = bind === 'localhost' ? ['127.0.0.1', '::1'] : [await addressOf(bind)];
    let port = firstPort;
    let failure: unknown;
    for (const address of addresses) {
      try {
        port = await this.#bind(address, port);
      } catch (error) {
        // A machine without IPv6 has one loopback address; a port that is taken on either is taken.
        if (systemCodeOf(error) === 'EADDRINUSE' || addresses.length === 1) throw error;
        failure = error;
      }
    }
    if (this.#sockets.length === 0) throw failure;
    this.#place = { ...this.#place, port };
  }

  /** One socket for both families, where the machine has both. */
  async #bindAll(port: number): Promise<number> {
    try {
      return await this.#bind('::', port, true);
    } catch (error) {
      if (systemCodeOf(error) === 'EADDRINUSE' || systemCodeOf(error) === 'EACCES') throw error;
      return await this.#bind('0.0.0.0', port);
    }
  }

  async #bind(address: string, port: number, isDual = false): Promise<number> {
    const index = this.#sockets.length;
    const socket: UdpSocket = new UdpSocket(
      address,
      {
        onDatagram: (bytes, from) => {
          const key = `${index} ${from.port} ${from.address}`;
          this.#events.onDatagram(bytes, new UdpSource(key, socket, from));
        },
        onDropped: (error) => this.#events.onDropped(error),
      },
      isDual,
    );
    await socket.bind(address, port);
    if (this.#isClosed) socket.close();
    else this.#sockets.push(socket);
    return socket.port || port;
  }
}

/** A name of this machine has an address of one family or the other, and a socket is of one. */
async function addressOf(bind: string): Promise<string> {
  return addressForSocket(ipFamily(bind) === 0 ? (await lookup(bind)).address : bind);
}
