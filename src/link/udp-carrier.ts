import { type EtError, systemCodeOf } from '../base/errors.ts';
import type { Carrier, CarrierEvents } from './carrier.ts';
import type { DatagramSocket } from './datagram-socket.ts';
import { attemptFailedBy, type DialAttempt, DialFailure } from './dial-failure.ts';
import type { AddressFamily } from './host-resolver.ts';
import { ipFamily } from './ip-family.ts';
import type { PeerTaker } from './peer-search.ts';
import { formatEndpoint } from './plain-address.ts';

/** Addresses of the peer that are tried; a name that has more is not one host. */
const MAX_PEERS = 8;
/** What says that no datagram leaves this way; whatever else fails to leave is lost, as in the network. */
const NO_WAY: ReadonlySet<string> = new Set([
  'EACCES',
  'EADDRNOTAVAIL',
  'EHOSTUNREACH',
  'EINVAL',
  'ENETDOWN',
  'ENETUNREACH',
  'EPERM',
]);

type SourceSocket = Pick<DatagramSocket, 'send' | 'close' | 'queuedBytes'>;

/** A socket to dial from. */
export interface UdpSource {
  readonly family: AddressFamily;
  readonly socket: SourceSocket;
}

/** From one socket to one address. */
interface Way extends UdpSource {
  readonly address: string;
}

/**
 * A client's datagrams to one port of a host, from sockets that share nothing with other carriers. Until it is identified it does not know
 * which of the host's addresses answers: each thing that is written goes to the next one, and at once to the one after where it cannot
 * leave. From then on it keeps to the address that answered, and to the socket that had the answer.
 *
 *   seeking --identify, as an answer arrives--> settled --close, reset--> over (final)
 *      |
 *      +--- there is no way to any address ---> over
 *
 * What arrives is passed up whoever has sent it: only the owner knows what is authentic. It has no address of its own, and none that could
 * be gone: the kernel picks the way for each datagram.
 */
export class UdpCarrier implements Carrier, PeerTaker {
  readonly kind = 'datagrams';
  readonly localAddress = undefined;
  readonly #port: number;
  readonly #sizeFor: (address: string) => number;
  readonly #ways: Way[] = [];
  readonly #failed: DialAttempt[] = [];
  #sources: readonly UdpSource[] = [];
  #peerCount = 0;
  #hasAllPeers = false;
  /** Where the last one went, or where all go. */
  #current: Way | undefined;
  #turn = 0;
  #maxDatagramBytes: number | undefined;
  #state: 'seeking' | 'settled' | 'over' = 'seeking';
  #events: CarrierEvents | undefined;
  #untold: DialFailure | undefined;

  /** `sizeFor`: the largest datagram worth trying to an address, in bytes. */
  constructor(port: number, sizeFor: (address: string) => number) {
    this.#port = port;
    this.#sizeFor = sizeFor;
  }

  get label(): string {
    return this.#labelOf(this.#current ?? this.#ways[0]);
  }

  get maxDatagramBytes(): number | undefined {
    return this.#maxDatagramBytes;
  }

  /** Of what it leaves from. */
  get families(): readonly AddressFamily[] {
    return ([6, 4] as const).filter((each) => this.#sources.some(({ family }) => family === each));
  }

  get queuedBytes(): number {
    return this.#current?.socket.queuedBytes ?? 0;
  }

  /** Before any peer: what to dial from. It gives them up when it is over. */
  leaveFrom(sources: readonly UdpSource[]): void {
    this.#sources = sources;
    if (this.#state === 'over') this.#closeAllBut(undefined);
  }

  /** More addresses of the host, the preferred first. */
  addPeers(addresses: readonly string[]): void {
    if (this.#state !== 'seeking') return;
    for (const address of addresses) {
      if (this.#peerCount === MAX_PEERS || this.#ways.some((way) => way.address === address))
        continue;
      this.#peerCount += 1;
      for (const source of this.#sources) {
        if (source.family === ipFamily(address)) this.#ways.push({ ...source, address });
      }
    }
  }

  /** No more come: where there is no way to any of those that there are, that is the end. */
  endPeers(): void {
    this.#hasAllPeers = true;
    this.#failWithoutWay();
  }

  /** For its sockets. */
  receive(socket: SourceSocket, bytes: Uint8Array, address: string): void {
    if (this.#state === 'seeking') {
      const from = this.#ways.find((way) => way.socket === socket && way.address === address);
      if (from !== undefined) this.#current = from;
    }
    if (this.#state !== 'over') this.#events?.onBytes(bytes);
  }

  start(events: CarrierEvents): void {
    this.#events = events;
    if (this.#untold !== undefined) this.#tell(this.#untold);
  }

  identify(): void {
    if (this.#state !== 'seeking' || this.#current === undefined) return;
    this.#state = 'settled';
    this.#maxDatagramBytes = this.#sizeFor(this.#current.address);
    this.#closeAllBut(this.#current.socket);
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#state === 'settled') {
      const { socket, address } = this.#current as Way;
      socket.send(pieces, address, this.#port);
    } else if (this.#state === 'seeking') this.#seek(pieces);
  }

  close(): void {
    this.reset();
  }

  reset(): void {
    this.#state = 'over';
    this.#untold = undefined;
    this.#closeAllBut(undefined);
  }

  #seek(pieces: readonly Uint8Array[]): void {
    const way = this.#ways[this.#turn % Math.max(this.#ways.length, 1)];
    if (way === undefined) return;
    this.#turn += 1;
    this.#current = way;
    way.socket.send(pieces, way.address, this.#port, (error) => {
      if (this.#state !== 'seeking' || !NO_WAY.has(systemCodeOf(error) ?? '')) return;
      this.#forgo(way, error);
      this.#seek(pieces);
    });
  }

  #forgo(way: Way, error: Error): void {
    const at = this.#ways.indexOf(way);
    if (at < 0) return;
    this.#ways.splice(at, 1);
    this.#turn = at;
    this.#failed.push(attemptFailedBy(this.#labelOf(way), error));
    this.#failWithoutWay();
  }

  #failWithoutWay(): void {
    if (this.#state !== 'seeking' || !this.#hasAllPeers || this.#ways.length > 0) return;
    const failure = new DialFailure(this.#failed);
    if (this.#events === undefined) this.#untold = failure;
    else this.#tell(failure);
  }

  #tell(error: EtError): void {
    this.reset();
    this.#events?.onClose(error);
  }

  #labelOf(way: Way | undefined): string {
    return way === undefined ? 'udp' : `udp ${formatEndpoint(way.address, this.#port)}`;
  }

  #closeAllBut(kept: SourceSocket | undefined): void {
    for (const { socket } of this.#sources) if (socket !== kept) socket.close();
  }
}
