import type { Socket } from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import {
  attemptFailedBy,
  attemptTimedOut,
  attemptWithoutAddress,
  type DialAttempt,
  DialFailure,
} from './dial-failure.ts';
import type { AddressFamily } from './host-resolver.ts';
import { ipFamily } from './ip-family.ts';
import { formatEndpoint, plainAddress } from './plain-address.ts';
import type { SocketDialling } from './socket-factory.ts';

/** A further address is tried beside the others after this, in milliseconds (RFC 8305 section 5). */
export const NEXT_ADDRESS_AFTER_MS = 250;
/** How long IPv4 addresses wait for the answer about IPv6, in milliseconds (RFC 8305 section 3). */
export const RESOLUTION_DELAY_MS = 50;
/** What a name resolved to before is tried once its answer is this late, in milliseconds. */
export const USE_REMEMBERED_AFTER_MS = 1000;

export interface TcpRaceEvents<Owner> {
  /** The first that connected. */
  onWinner(winner: Owner): void;
  onFailure(failure: DialFailure): void;
}

interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly localAddress?: string;
}

/**
 * One dial: addresses are tried in turn, families alternating, each 250 ms after the one before or
 * at once when that failed; the first to connect wins and the others are destroyed (RFC 8305).
 *
 * Between any two calls, until it is over: something is running that will call back: an open
 * question, a timer, or a socket. Afterwards none is.
 */
export class TcpRace<Owner> {
  readonly #clock: Clock;
  readonly #sockets: SocketDialling<Owner>;
  readonly #endpoint: Endpoint;
  readonly #events: TcpRaceEvents<Owner>;
  readonly #startedMs: number;
  readonly #seen = new Set<string>();
  readonly #waiting: Record<AddressFamily, string[]> = { 4: [], 6: [] };
  readonly #running = new Map<Socket, { readonly label: string; readonly startedMs: number }>();
  readonly #failed: DialAttempt[] = [];
  readonly #unanswered = new Set<AddressFamily>();
  #rememberedOf: (family: AddressFamily) => readonly string[] = () => [];
  #dnsError: unknown;
  #lastFamily: AddressFamily = 4;
  #next: Timer | undefined;
  #late: Timer | undefined;
  #isOver = false;

  constructor(
    clock: Clock,
    sockets: SocketDialling<Owner>,
    endpoint: Endpoint,
    events: TcpRaceEvents<Owner>,
  ) {
    this.#clock = clock;
    this.#sockets = sockets;
    this.#endpoint = endpoint;
    this.#events = events;
    this.#startedMs = clock.now();
  }

  /** Races a single address, without any question. */
  addFinal(address: string): void {
    this.#enqueue([address]);
    this.#proceed();
  }

  /** Says which answers will be added, and where older ones are. Call before `addAnswer`. */
  expect(
    families: readonly AddressFamily[],
    rememberedOf: (family: AddressFamily) => readonly string[],
  ): void {
    for (const family of families) this.#unanswered.add(family);
    this.#rememberedOf = rememberedOf;
    if (families.length === 0) {
      this.#failed.push(this.#unbindable(this.#endpoint.host));
      this.#fail();
      return;
    }
    this.#late = this.#clock.schedule(USE_REMEMBERED_AFTER_MS, () => {
      for (const family of this.#unanswered) this.#enqueue(rememberedOf(family));
      this.#proceed();
    });
  }

  addAnswer(family: AddressFamily, addresses: readonly string[], error?: unknown): void {
    if (this.#isOver) return;
    this.#unanswered.delete(family);
    if (error !== undefined) this.#dnsError = error;
    this.#enqueue(error === undefined ? addresses : this.#rememberedOf(family));
    if (family === 4 && this.#unanswered.has(6) && this.#running.size === 0) {
      this.#wait(RESOLUTION_DELAY_MS);
    } else {
      this.#proceed();
    }
  }

  /** Gives up: what is running has timed out. */
  stop(): void {
    if (this.#isOver) return;
    const nowMs = this.#clock.now();
    for (const { label, startedMs } of this.#running.values()) {
      this.#failed.push(attemptTimedOut(label, nowMs - startedMs));
    }
    if (this.#seen.size === 0) {
      this.#failed.push(attemptTimedOut(`dns ${this.#endpoint.host}`, nowMs - this.#startedMs));
    }
    this.#fail();
  }

  #enqueue(addresses: readonly string[]): void {
    const boundFamily = ipFamily(this.#endpoint.localAddress ?? '');
    for (const address of addresses) {
      const family = ipFamily(address);
      if (this.#seen.has(address) || (family !== 4 && family !== 6)) continue;
      this.#seen.add(address);
      if (boundFamily === 0 || boundFamily === family) this.#waiting[family].push(address);
      else this.#failed.push(this.#unbindable(address));
    }
  }

  #wait(delayMs: number): void {
    this.#next?.cancel();
    this.#next = this.#clock.schedule(delayMs, () => {
      this.#next = undefined;
      this.#tryNext();
    });
  }

  /** Tries the next address unless one was tried a moment ago; fails once nothing is left. */
  #proceed(): void {
    if (this.#isOver || (this.#next !== undefined && this.#running.size > 0)) return;
    this.#tryNext();
  }

  #tryNext(): void {
    this.#next?.cancel();
    this.#next = undefined;
    const address = this.#takeAddress();
    if (address !== undefined) {
      // Armed first: an attempt that fails within `connect` goes on to the next one by itself.
      this.#wait(NEXT_ADDRESS_AFTER_MS);
      this.#try(address);
    } else if (this.#running.size === 0 && this.#unanswered.size === 0) {
      this.#fail();
    }
  }

  #takeAddress(): string | undefined {
    const other = this.#lastFamily === 4 ? 6 : 4;
    const family = this.#waiting[other].length > 0 ? other : this.#lastFamily;
    this.#lastFamily = family;
    return this.#waiting[family].shift();
  }

  #try(address: string): void {
    const { port, localAddress } = this.#endpoint;
    const label = `tcp ${formatEndpoint(address, port)}`;
    const { socket, connected } = this.#sockets.dialling();
    this.#running.set(socket, { label, startedMs: this.#clock.now() });
    const onError = (error: unknown): void => this.#lose(socket, attemptFailedBy(label, error));
    socket.once('error', onError);
    socket.once('connect', () => {
      if (this.#isOver) return;
      this.#running.delete(socket);
      this.#finish();
      socket.removeListener('error', onError);
      const usedAddress = plainAddress(socket.localAddress ?? '');
      this.#events.onWinner(
        connected({ label, localAddress: usedAddress || undefined, isResettable: true }),
      );
    });
    try {
      socket.connect({ host: address, port, ...(localAddress && { localAddress }) });
    } catch (error) {
      // A port that is none.
      onError(error);
    }
  }

  #lose(socket: Socket, attempt: DialAttempt): void {
    if (!this.#running.delete(socket)) return;
    socket.destroy();
    this.#failed.push(attempt);
    this.#tryNext();
  }

  #unbindable(address: string): DialAttempt {
    const { port, localAddress } = this.#endpoint;
    const target = `tcp ${formatEndpoint(address, port)}`;
    return { target, kind: 'no-route', what: `cannot be reached from ${localAddress}` };
  }

  #fail(): void {
    this.#finish();
    if (this.#failed.length === 0)
      this.#failed.push(attemptWithoutAddress(this.#endpoint.host, this.#dnsError));
    this.#events.onFailure(new DialFailure(this.#failed));
  }

  #finish(): void {
    this.#isOver = true;
    this.#next?.cancel();
    this.#late?.cancel();
    for (const socket of this.#running.keys()) socket.destroy();
    this.#running.clear();
  }
}
