import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { EMPTY_BYTES, toHex } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { RandomSource } from '../base/random.ts';
import { formatEndpoint, plainAddress } from '../link/plain-address.ts';
import type { BufferedSockets } from '../link/socket-factory.ts';
import type { StreamSocket } from '../link/stream-socket.ts';
import type { WebSocketEntrance } from '../link/websocket-entrance.ts';
import type { JumpTarget } from '../wire/jump-preamble.ts';
import { HANDSHAKE_TIMEOUT_MS, MAX_UNPROVEN } from '../wire/limits.ts';
import { type Admission, Admissions } from './admissions.ts';
import type { Claims } from './claims.ts';
import { Client } from './client.ts';
import { DatagramExchange } from './datagram-exchange.ts';
import type { DatagramWay } from './datagram-way.ts';
import { DialBacks } from './dial-backs.ts';
import { DuplexEnd } from './duplex-end.ts';
import { beginsHttp, type WholeHello } from './first-bytes.ts';
import { readFirstChunk } from './first-chunk.ts';
import type { Joinable } from './joinable.ts';
import { Parked } from './parked.ts';
import { Registrant } from './registrant.ts';
import { RouteTable } from './route-table.ts';
import { COLD_START_MS, PARKED_MS, type RouterLimits } from './router-limits.ts';
import type { RouterStatus } from './router-status.ts';
import { sourceOf } from './source-of.ts';

export interface RouterDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly limits: RouterLimits;
  readonly sockets: BufferedSockets<StreamSocket>;
  readonly claims: Claims;
  readonly routeIdOf: (secret: Uint8Array) => Uint8Array;
  /** Connects to another host's router; `undefined`: this one is no jump host. */
  readonly reach: ((target: JumpTarget, signal: AbortSignal) => Promise<Joinable>) | undefined;
  /** Who speaks HTTP is taken there, and comes back as a stream where he upgrades to a WebSocket; `address` is whom it counts against. */
  readonly makeWebSockets: (
    onConnection: (stream: Duplex, address: string) => void,
  ) => WebSocketEntrance;
  readonly version: string;
}

/**
 * Joins clients to session servers by the route id in the hello, which is all it understands of what passes: it holds no key.
 *
 * Between any two calls: each client that waits is in `#waiting`, with what undoes its wait; a registrant is in the route table or
 * among the unproven, never in both.
 */
export class Router {
  /** The TCP port that clients come to. */
  port = 0;
  /** Whether datagrams come to the same port. */
  hasDatagrams = false;
  readonly #deps: RouterDeps;
  readonly #admissions: Admissions;
  readonly #routes: RouteTable<Registrant>;
  readonly #datagrams: DatagramExchange<Registrant>;
  readonly #parked: Parked<Client>;
  readonly #dialBacks: DialBacks<{ readonly client: Client; readonly uid: number }>;
  readonly #clients = new Map<Client, () => void>();
  readonly #registrants = new Set<Registrant>();
  /** In the order in which they came. */
  readonly #unproven = new Set<Registrant>();
  readonly #webSockets: WebSocketEntrance;
  readonly #startedMs: number;
  #isTrimming = false;
  #isClosed = false;

  constructor(deps: RouterDeps) {
    this.#deps = deps;
    this.#admissions = new Admissions(deps.limits);
    this.#routes = new RouteTable(deps.limits);
    this.#datagrams = new DatagramExchange(deps, (routeId) => this.#routes.ownerOf(routeId));
    this.#parked = new Parked(deps.clock);
    this.#dialBacks = new DialBacks(deps.clock, deps.random);
    this.#startedMs = deps.clock.now();
    this.#webSockets = deps.makeWebSockets((stream, address) =>
      this.#acceptStream(stream, address),
    );
  }

  get status(): RouterStatus {
    return {
      version: this.#deps.version,
      port: this.port,
      uptimeSeconds: Math.round((this.#deps.clock.now() - this.#startedMs) / 1000),
      servers: this.#routes.serverCount,
      routes: this.#routes.routeCount,
      links: this.#admissions.joinedCount,
      waiting: this.#admissions.incompleteCount,
      parked: this.#parked.count,
      unproven: this.#unproven.size,
      ...(this.hasDatagrams && { datagrams: this.#datagrams.counters }),
      limits: this.#deps.limits,
    };
  }

  /** Takes a connection from the network, paused and half-open. */
  acceptClient(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? '');
    const admission = this.#isClosed ? undefined : this.#admissions.admit(sourceOf(address));
    if (admission === undefined) {
      socket.resetAndDestroy();
      return;
    }
    const dueMs = this.#deps.clock.now() + HANDSHAKE_TIMEOUT_MS;
    const label = `tcp ${formatEndpoint(address, socket.remotePort ?? 0)}`;
    const become = (first: Uint8Array): void => {
      const options = { label, localAddress: undefined, isResettable: true };
      this.#addClient(this.#deps.sockets.adopted(socket, options), first, admission, dueMs);
    };
    const leave = (): void => admission.leave();
    socket.once('close', leave);
    readFirstChunk(socket, this.#deps.clock, dueMs, (first) => {
      if (beginsHttp(first)) {
        // Incomplete until it is a stream, which has an admission of its own.
        socket.unshift(first);
        this.#webSockets.take(socket, leave);
        return;
      }
      socket.removeListener('close', leave);
      become(first);
    });
  }

  /** Takes a datagram from the network; it is valid until the call returns. */
  acceptDatagram(datagram: Uint8Array, from: DatagramWay): void {
    if (!this.#isClosed) this.#datagrams.receive(datagram, from);
  }

  /** Takes a connection to the registration socket, paused and half-open. */
  acceptLocal(socket: Socket): void {
    if (this.#isClosed) {
      socket.destroy();
      return;
    }
    const options = { label: 'registration', localAddress: undefined, isResettable: false };
    const registrant = new Registrant(
      this.#deps.sockets.accepted(socket, options),
      {
        ...this.#deps,
        port: () => this.port,
        datagramToken: (owner) => (this.hasDatagrams ? this.#datagrams.tokenFor(owner) : undefined),
      },
      {
        onRegister: (owner, ids) => this.#register(owner, ids),
        onUnregister: (owner, ids) => this.#routes.remove(owner, ids),
        onTake: (server, token, rest) => this.#onTake(server, token, rest),
        onDatagrams: (server, token, rest) => this.#datagrams.take(server, token, rest),
        onProven: (owner) => this.#unproven.delete(owner),
        onOver: (owner) => {
          this.#unproven.delete(owner);
          this.#registrants.delete(owner);
          this.#routes.forget(owner);
          this.#datagrams.forget(owner);
        },
        status: () => ({ ...this.status }),
      },
    );
    this.#registrants.add(registrant);
    this.#unproven.add(registrant);
    if (this.#unproven.size > MAX_UNPROVEN) this.#trimSoon();
  }

  /** Ends all connections at once; clients and session servers come back to the next router. */
  close(): void {
    this.#isClosed = true;
    this.#webSockets.close();
    for (const client of this.#clients.keys()) client.drop();
    for (const registrant of this.#registrants) registrant.drop();
  }

  #acceptStream(stream: Duplex, address: string): void {
    const admission = this.#isClosed ? undefined : this.#admissions.admit(sourceOf(address));
    if (admission === undefined) {
      stream.destroy();
      return;
    }
    const dueMs = this.#deps.clock.now() + HANDSHAKE_TIMEOUT_MS;
    this.#addClient(new DuplexEnd(stream, `ws ${address}`), EMPTY_BYTES, admission, dueMs);
  }

  #addClient(end: Joinable, first: Uint8Array, admission: Admission, dueMs: number): void {
    const deps = { clock: this.#deps.clock, admission, dueMs };
    const client = new Client(end, deps, {
      onHello: (known, hello) => this.#onHello(known, hello),
      onOver: (known) => {
        this.#clients.get(known)?.();
        this.#clients.delete(known);
      },
    });
    this.#clients.set(client, () => undefined);
    client.start(first);
  }

  #onHello(client: Client, { routeId, jump }: WholeHello): void {
    if (jump !== undefined) {
      this.#jump(client, jump);
      return;
    }
    const id = toHex(routeId);
    const owner = this.#routes.ownerOf(id);
    if (owner !== undefined) {
      this.#dialBack(client, owner);
      return;
    }
    if (this.#deps.clock.now() - this.#startedMs >= COLD_START_MS) {
      client.refuse();
      return;
    }
    this.#clients.set(client, () => this.#parked.remove(id, client));
    this.#parked.park(id, client, PARKED_MS, () => client.refuse());
  }

  #dialBack(client: Client, owner: Registrant): void {
    const token = this.#dialBacks.ask({ client, uid: owner.uid }, () => client.drop());
    this.#clients.set(client, () => this.#dialBacks.take(token));
    owner.dial(token);
  }

  #onTake(server: Joinable, token: string, rest: Uint8Array): void {
    const found = this.#dialBacks.take(token);
    // A session server that speaks before it has been spoken to is none.
    if (found === undefined || rest.length > 0) {
      server.reset();
      found?.client.drop();
    } else if (!found.client.join(server, found.uid)) {
      server.reset();
    }
  }

  #jump(client: Client, target: JumpTarget): void {
    const { reach } = this.#deps;
    if (reach === undefined) {
      client.refuse();
      return;
    }
    const abort = new AbortController();
    const timer = this.#deps.clock.schedule(HANDSHAKE_TIMEOUT_MS, () => abort.abort());
    this.#clients.set(client, () => {
      timer.cancel();
      abort.abort();
    });
    reach(target, abort.signal).then(
      (other) => {
        timer.cancel();
        if (!client.join(other, undefined)) other.reset();
      },
      () => {
        timer.cancel();
        client.refuse();
      },
    );
  }

  #register(owner: Registrant, ids: readonly string[]): string | undefined {
    const objection = this.#routes.add(owner, ids);
    if (objection !== undefined) return objection;
    for (const id of ids) {
      for (const client of this.#parked.release(id)) this.#dialBack(client, owner);
    }
    return undefined;
  }

  /**
   * The oldest of those who have proved nothing give way, once what they have said by now is read: a crowd that comes at once would
   * otherwise push out who came with it and has said all.
   */
  #trimSoon(): void {
    if (this.#isTrimming) return;
    this.#isTrimming = true;
    const { clock } = this.#deps;
    clock.afterIo(() =>
      clock.afterIo(() => {
        this.#isTrimming = false;
        for (const oldest of this.#unproven) {
          if (this.#unproven.size <= MAX_UNPROVEN) break;
          oldest.drop();
        }
      }),
    );
  }
}
