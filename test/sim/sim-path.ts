import type { Carrier } from '../../src/link/carrier.ts';
import { attemptFailedBy, DialFailure } from '../../src/link/dial-failure.ts';
import type { LinkFaults } from '../support/memory-faults.ts';
import type { SimConnection } from './sim-connection.ts';

/** What a dial may fail with; `DNS` is a name that has no address now. */
export const DIAL_ERRORS = [
  'ECONNREFUSED',
  'ECONNRESET',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENETDOWN',
  'EPIPE',
  'EMFILE',
  'DNS',
] as const;

export type DialError = (typeof DIAL_ERRORS)[number];
/** `silent`: nobody answers, for ever. */
export type DialAnswer = 'accepts' | 'silent' | DialError;

/** One way through the network, from one client to the server. */
export class SimPath {
  readonly name: string;
  /** What it has in common with others that fail together. */
  way: string;
  readonly kind: Carrier['kind'];
  answer: DialAnswer = 'accepts';
  toServer: LinkFaults;
  toClient: LinkFaults;
  /** Those that the network still carries. */
  readonly connections: Set<SimConnection> = new Set();
  dialCount = 0;
  /** Made once: a year of failures is millions. */
  readonly #failures = new Map<DialError, DialFailure>();

  constructor(name: string, kind: Carrier['kind'], faults: LinkFaults) {
    this.name = name;
    this.way = name;
    this.kind = kind;
    this.toServer = faults;
    this.toClient = faults;
  }

  get rttMs(): number {
    return (this.toServer.delayMs ?? 0) + (this.toClient.delayMs ?? 0);
  }

  /** Changes both directions, for what is there and what comes. */
  set(faults: LinkFaults): void {
    this.toServer = { ...this.toServer, ...faults };
    this.toClient = { ...this.toClient, ...faults };
    for (const connection of this.connections) connection.set(faults);
  }

  /** Changes each direction, for what is there and what comes. */
  setEach(toServer: LinkFaults, toClient: LinkFaults): void {
    this.toServer = { ...this.toServer, ...toServer };
    this.toClient = { ...this.toClient, ...toClient };
    for (const connection of this.connections) connection.setEach(toServer, toClient);
  }

  /** What is there falls silent for ever, as when an address is gone. */
  abandon(): void {
    for (const connection of this.connections) connection.abandon();
    this.connections.clear();
  }

  /** How long a dial takes to fail, and with what. */
  failure(error: DialError): { readonly afterMs: number; readonly failure: DialFailure } {
    const failure = this.#failures.get(error) ?? this.#fail(error);
    this.#failures.set(error, failure);
    const isLocal = error === 'ENETUNREACH' || error === 'ENETDOWN' || error === 'EMFILE';
    const afterMs = error === 'ETIMEDOUT' ? 2000 : this.rttMs;
    return { afterMs: isLocal ? 0 : afterMs, failure };
  }

  #fail(error: DialError): DialFailure {
    if (error !== 'DNS') {
      return new DialFailure([attemptFailedBy(`sim ${this.name}`, { code: error })]);
    }
    const attempt = { target: `dns ${this.name}`, kind: 'dns', what: 'has no address' } as const;
    return new DialFailure([attempt]);
  }
}
