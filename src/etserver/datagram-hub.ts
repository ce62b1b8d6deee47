import type { Clock } from '../base/clock.ts';
import type { Carrier, CarrierEvents, CarrierPaths, DatagramPath } from '../link/carrier.ts';
import { HelloAllowance } from '../router/hello-allowance.ts';
import { canBeHello, isHelloLength } from '../wire/hello.ts';
import { LINK_ID_BITS, LINK_ID_BYTES } from '../wire/limits.ts';

/** A way by which an answer can be sent. */
export interface HubPath extends DatagramPath {
  /** Sends the pieces as one datagram. Whoever sends may not reuse them. */
  send(pieces: readonly Uint8Array[]): void;
  /** The largest datagram worth trying this way, in bytes; 1,200 where it is not said. */
  readonly maxDatagramBytes?: number | undefined;
}

export interface DatagramHubEvents {
  /** What may be a hello begins a carrier, and is its first datagram. */
  onCarrier(carrier: Carrier): void;
  /** Datagrams with this link id (8 bytes) are ours from now on, or no longer. */
  onLinkId?(linkId: Uint8Array, isOurs: boolean): void;
}

/**
 * Tells apart what comes to a session server in datagrams, from whatever sockets: hellos begin carriers, a record goes to the carrier
 * that its link id names, wherever it comes from, and nothing else is anything. What a stranger sends leaves nothing behind.
 *
 * Between any two calls: every carrier that was identified and is not over is found by its id.
 */
export class DatagramHub {
  readonly #events: DatagramHubEvents;
  readonly #carriers = new Map<string, HubCarrier>();
  readonly #allowance: HelloAllowance;

  constructor(clock: Clock, events: DatagramHubEvents) {
    this.#events = events;
    this.#allowance = new HelloAllowance(clock);
  }

  /** Ids that are in use. */
  get linkCount(): number {
    return this.#carriers.size;
  }

  receive(datagram: Uint8Array, from: HubPath): void {
    if (((datagram[0] ?? 0) & LINK_ID_BITS) === LINK_ID_BITS) {
      this.#carriers.get(keyOf(datagram))?.deliver(datagram, from);
      return;
    }
    if (!isHelloLength('datagrams', datagram.length) || !canBeHello(datagram)) return;
    if (!this.#allowance.take()) return;
    const carrier = new HubCarrier(this, from);
    this.#events.onCarrier(carrier);
    carrier.deliver(datagram, from);
  }

  /** For the hub's carriers. */
  add(linkId: Uint8Array, carrier: HubCarrier): void {
    this.#carriers.set(keyOf(linkId), carrier);
    this.#events.onLinkId?.(linkId, true);
  }

  /** For the hub's carriers. */
  remove(linkId: Uint8Array, carrier: HubCarrier): void {
    const key = keyOf(linkId);
    if (this.#carriers.get(key) !== carrier) return;
    this.#carriers.delete(key);
    this.#events.onLinkId?.(linkId, false);
  }
}

/**
 * One client's datagrams.
 *
 *   made --identify--> known by its id --close, reset--> over (final)
 */
class HubCarrier implements Carrier, CarrierPaths {
  readonly kind = 'datagrams';
  readonly localAddress = undefined;
  /** The kernel takes a datagram, or it is lost. */
  readonly queuedBytes = 0;
  readonly label: string;
  readonly #hub: DatagramHub;
  #current: HubPath;
  #events: CarrierEvents | undefined;
  #linkId: Uint8Array | undefined;
  #isOver = false;

  constructor(hub: DatagramHub, from: HubPath) {
    this.#hub = hub;
    this.#current = from;
    this.label = from.label;
  }

  get paths(): CarrierPaths {
    return this;
  }

  get current(): DatagramPath {
    return this.#current;
  }

  get maxDatagramBytes(): number | undefined {
    return this.#current.maxDatagramBytes;
  }

  start(events: CarrierEvents): void {
    this.#events = events;
  }

  identify(linkId: Uint8Array): void {
    if (this.#isOver || this.#linkId !== undefined) return;
    this.#linkId = linkId.slice();
    this.#hub.add(this.#linkId, this);
  }

  deliver(datagram: Uint8Array, from: HubPath): void {
    if (!this.#isOver) this.#events?.onBytes(datagram, from);
  }

  write(pieces: readonly Uint8Array[]): void {
    if (!this.#isOver) this.#current.send(pieces);
  }

  use(path: DatagramPath): void {
    this.#current = path as HubPath;
  }

  sendTo(path: DatagramPath, datagram: Uint8Array): void {
    if (!this.#isOver) (path as HubPath).send([datagram.slice()]);
  }

  /** Whoever has the other end is told by a record, or not at all. */
  close(): void {
    this.reset();
  }

  reset(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.#linkId !== undefined) this.#hub.remove(this.#linkId, this);
  }
}

function keyOf(datagram: Uint8Array): string {
  let key = '';
  for (let i = 0; i < LINK_ID_BYTES; i += 1) key += String.fromCharCode(datagram[i] ?? 0);
  return key;
}
