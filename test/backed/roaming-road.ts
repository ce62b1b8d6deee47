import { concatBytes } from '../../src/base/bytes.ts';
import { DatagramHub, type HubPath } from '../../src/etserver/datagram-hub.ts';
import type { Carrier, CarrierEvents } from '../../src/link/carrier.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';

/** A datagram that has reached the server, and where it came from. */
export interface Arrived {
  readonly datagram: Uint8Array;
  readonly from: string;
}

/** A client that changes its address, the datagrams between it and a server's hub, and whoever sees them pass. */
export class RoamingRoad {
  readonly carrier: Carrier;
  readonly hub: DatagramHub;
  /** What the server has sent to each address, in bytes. */
  readonly sentTo: Map<string, number> = new Map();
  readonly seen: Arrived[] = [];
  address = '10.0.0.1:1000';
  /** Says whether a datagram of the client is held back. */
  holds: (datagram: Uint8Array) => boolean = () => false;
  /** Sees a datagram of the client before the server does. */
  onSeen: (datagram: Uint8Array) => void = () => undefined;
  readonly #clock: VirtualClock;
  readonly #oneWayMs: number;
  #events: CarrierEvents | undefined;

  constructor(clock: VirtualClock, rttMs: number, onCarrier: (carrier: Carrier) => void) {
    this.#clock = clock;
    this.#oneWayMs = rttMs / 2;
    this.hub = new DatagramHub(clock, { onCarrier });
    this.carrier = {
      kind: 'datagrams',
      label: 'udp server',
      localAddress: undefined,
      queuedBytes: 0,
      start: (events) => {
        this.#events = events;
      },
      write: (pieces) => this.#send(concatBytes(pieces)),
      close: () => undefined,
      reset: () => undefined,
    };
  }

  /** Somebody sends the server a datagram from `address`. */
  inject(datagram: Uint8Array, address: string): void {
    this.seen.push({ datagram, from: address });
    this.hub.receive(datagram, this.#pathOf(address));
  }

  #send(datagram: Uint8Array): void {
    const from = this.address;
    this.#clock.schedule(this.#oneWayMs, () => {
      if (this.holds(datagram)) return;
      this.onSeen(datagram);
      this.inject(datagram, from);
    });
  }

  #pathOf(address: string): HubPath {
    return {
      label: `udp ${address}`,
      host: address.split(':')[0] ?? '',
      send: (pieces) => {
        const datagram = concatBytes(pieces);
        this.sentTo.set(address, (this.sentTo.get(address) ?? 0) + datagram.length);
        this.#clock.schedule(this.#oneWayMs, () => {
          if (address === this.address) this.#events?.onBytes(datagram);
        });
      },
    };
  }
}
