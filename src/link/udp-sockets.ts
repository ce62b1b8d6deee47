import type { networkInterfaces } from 'node:os';
import type { Clock, Timer } from '../base/clock.ts';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import { addressesToBind } from './addresses-to-bind.ts';
import type { DatagramPath } from './carrier.ts';
import { DatagramSocket } from './datagram-socket.ts';
import { ipFamily } from './ip-family.ts';
import { largestDatagramFor } from './largest-datagram.ts';
import { formatEndpoint } from './plain-address.ts';

/** An address that comes later has its socket no later than this, in milliseconds. */
export const LOOK_FOR_ADDRESSES_MS = 10_000;
/** Looks that somebody asks for are this far apart, in milliseconds: one costs some 50 us. */
const LEAST_APART_MS = 1000;

export interface UdpSocketsDeps {
  readonly clock: Clock;
  /** `os.networkInterfaces`. */
  readonly interfaces: typeof networkInterfaces;
}

/** A way by which a peer is reached: its address, seen from one of ours. */
export interface UdpPath extends DatagramPath {
  /** Sends the pieces as one datagram, which may be lost. The caller gives them up. */
  send(pieces: readonly Uint8Array[]): void;
  readonly maxDatagramBytes: number;
}

export interface UdpSocketsEvents {
  /** Bytes are valid until the call returns. */
  onDatagram(bytes: Uint8Array, from: UdpPath): void;
  /** For the log; nothing ends by it. */
  onTrouble(error: Error): void;
}

/** One address of ours. */
interface Bound {
  readonly socket: DatagramSocket;
  readonly maxDatagramBytes: number;
}

/**
 * A UDP port on each address of this machine, with a socket for each one: a socket of all addresses answers from whichever the route back
 * says, which a client that has dialled another one, from behind a firewall or a translator of addresses, never sees. (BIND does the same,
 * and for the same reason.)
 *
 *   open --look: an address came, or went--> open --close--> closed (final)
 *
 * Between any two calls: one timer is set, until it is closed; at most 64 sockets are open.
 */
export class UdpSockets {
  readonly port: number;
  readonly #deps: UdpSocketsDeps;
  readonly #bind: string;
  readonly #events: UdpSocketsEvents;
  readonly #bound = new Map<string, Bound>();
  readonly #opening = new Set<string>();
  #timer: Timer | undefined;
  #lookedMs: number;
  #isClosed = false;

  private constructor(deps: UdpSocketsDeps, bind: string, port: number, events: UdpSocketsEvents) {
    this.#deps = deps;
    this.#bind = bind;
    this.port = port;
    this.#events = events;
    this.#lookedMs = deps.clock.now();
  }

  /**
   * `bind`: the one address, or '' for all. `'taken'` where somebody has the port on one of them; `undefined` where there is no UDP on any.
   */
  static async open(
    deps: UdpSocketsDeps,
    bind: string,
    port: number,
    events: UdpSocketsEvents,
  ): Promise<UdpSockets | 'taken' | undefined> {
    const sockets = new UdpSockets(deps, bind, port, events);
    const isTaken = await sockets.#openMissing(sockets.#wanted());
    if (!isTaken && sockets.#bound.size > 0) {
      sockets.#arm();
      return sockets;
    }
    sockets.close();
    return isTaken ? 'taken' : undefined;
  }

  /** The addresses that have a socket. */
  get addresses(): readonly string[] {
    return [...this.#bound.keys()];
  }

  /** Somebody has come, maybe to an address that is not known yet. */
  look(): void {
    if (this.#deps.clock.now() - this.#lookedMs >= LEAST_APART_MS) this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
    for (const { socket } of this.#bound.values()) socket.close();
    this.#bound.clear();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = this.#deps.clock.schedule(LOOK_FOR_ADDRESSES_MS, () => this.#look());
  }

  #look(): void {
    if (this.#isClosed) return;
    this.#lookedMs = this.#deps.clock.now();
    this.#arm();
    const wanted = this.#wanted();
    for (const [address, { socket }] of this.#bound) {
      if (wanted.includes(address)) continue;
      this.#bound.delete(address);
      socket.close();
    }
    void this.#openMissing(wanted);
  }

  /** As they were where the system does not say, as without descriptors. */
  #wanted(): readonly string[] {
    try {
      return addressesToBind(this.#bind, this.#deps.interfaces());
    } catch {
      return this.addresses;
    }
  }

  /** Whether somebody else has the port on one of them. */
  async #openMissing(wanted: readonly string[]): Promise<boolean> {
    const missing = wanted.filter((each) => !this.#bound.has(each) && !this.#opening.has(each));
    const taken = await Promise.all(missing.map((address) => this.#open(address)));
    return taken.includes(true);
  }

  /** Whether somebody else has it. */
  async #open(address: string): Promise<boolean> {
    this.#opening.add(address);
    const family = ipFamily(address) === 6 ? 6 : 4;
    let last: UdpPath | undefined;
    try {
      const socket = await DatagramSocket.open(family, address, this.port, {
        onDatagram: (bytes, from, port) => {
          // Mostly it is whoever sent the one before.
          if (!(last instanceof Path) || !last.leadsTo(from, port)) {
            last = new Path(socket, address, from, port, maxDatagramBytes);
          }
          this.#events.onDatagram(bytes, last);
        },
        onTrouble: (error) => this.#events.onTrouble(error),
      });
      const maxDatagramBytes = largestDatagramFor(address, this.#deps.interfaces());
      if (this.#isClosed) socket.close();
      else this.#bound.set(address, { socket, maxDatagramBytes });
      return false;
    } catch (error) {
      // An address that is being taken up (RFC 4862, tentative) has its socket at a later look.
      this.#events.onTrouble(
        new Error(`udp ${formatEndpoint(address, this.port)}: ${messageOf(error)}`),
      );
      return systemCodeOf(error) === 'EADDRINUSE';
    } finally {
      this.#opening.delete(address);
    }
  }
}

/** A way that one socket has to one address. */
class Path implements UdpPath {
  readonly label: string;
  readonly host: string;
  readonly maxDatagramBytes: number;
  readonly #socket: DatagramSocket;
  readonly #address: string;
  readonly #port: number;

  constructor(
    socket: DatagramSocket,
    own: string,
    address: string,
    port: number,
    maxDatagramBytes: number,
  ) {
    this.#socket = socket;
    this.#address = address;
    this.#port = port;
    this.label = `udp ${formatEndpoint(address, port)} at ${own}`;
    this.host = `${address} at ${own}`;
    this.maxDatagramBytes = maxDatagramBytes;
  }

  leadsTo(address: string, port: number): boolean {
    return port === this.#port && address === this.#address;
  }

  send(pieces: readonly Uint8Array[]): void {
    this.#socket.send(pieces, this.#address, this.#port);
  }
}
