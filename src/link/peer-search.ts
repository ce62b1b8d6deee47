import type { Clock, Timer } from '../base/clock.ts';
import type { AddressFamily, HostResolver } from './host-resolver.ts';
import { ipFamily } from './ip-family.ts';
import { RESOLUTION_DELAY_MS, USE_REMEMBERED_AFTER_MS } from './tcp-race.ts';

export interface PeerSearchDeps {
  readonly clock: Clock;
  readonly resolver: Pick<HostResolver, 'resolve' | 'remembered'>;
}

/** Who is told of addresses. */
export interface PeerTaker {
  /** The preferred first. */
  addPeers(addresses: readonly string[]): void;
  /** No more come. */
  endPeers(): void;
}

export type PeerOutcome =
  | { readonly kind: 'found' | 'stopped' }
  | { readonly kind: 'none'; readonly cause: unknown };

/**
 * The addresses of a host. Both families are asked for at once; those of IPv6 come first, and are waited for a moment (RFC 8305, section 3).
 *
 *   asking --- addresses ---> found --- a late answer ---> found
 *      |
 *      +--- no answer has any ---> none        +--- stop ---> stopped
 *
 * Between any two calls: timers are set only while it asks.
 */
export class PeerSearch {
  /** Never rejects. */
  readonly outcome: Promise<PeerOutcome>;
  readonly #deps: PeerSearchDeps;
  readonly #host: string;
  readonly #taker: PeerTaker;
  readonly #unanswered: Set<AddressFamily>;
  readonly #found: Record<AddressFamily, readonly string[]> = { 4: [], 6: [] };
  readonly #timers: Timer[] = [];
  #settle: (outcome: PeerOutcome) => void = () => undefined;
  #isOver = false;
  #cause: unknown;

  constructor(
    deps: PeerSearchDeps,
    host: string,
    families: readonly AddressFamily[],
    taker: PeerTaker,
  ) {
    this.#deps = deps;
    this.#host = host;
    this.#taker = taker;
    this.#unanswered = new Set(families);
    this.outcome = new Promise((resolve) => {
      this.#settle = resolve;
    });
    if (ipFamily(host) === 0) this.#ask(families);
    else {
      this.#unanswered.clear();
      this.#found[ipFamily(host) === 6 ? 6 : 4] = [host];
      this.#give();
    }
  }

  stop(): void {
    if (!this.#isOver) this.#finish({ kind: 'stopped' });
  }

  #ask(families: readonly AddressFamily[]): void {
    const { clock, resolver } = this.#deps;
    this.#timers.push(clock.schedule(USE_REMEMBERED_AFTER_MS, () => this.#useRemembered()));
    for (const family of families) {
      resolver.resolve(this.#host, family).then(
        (addresses) => this.#answer(family, addresses),
        (error: unknown) => {
          this.#cause = error;
          this.#answer(family, resolver.remembered(this.#host, family));
        },
      );
    }
  }

  #answer(family: AddressFamily, addresses: readonly string[]): void {
    this.#unanswered.delete(family);
    if (this.#isOver) {
      this.#taker.addPeers(addresses);
      if (this.#unanswered.size === 0) this.#taker.endPeers();
      return;
    }
    this.#found[family] = addresses;
    if (family === 4 && addresses.length > 0 && this.#unanswered.has(6)) {
      this.#timers.push(this.#deps.clock.schedule(RESOLUTION_DELAY_MS, () => this.#give()));
    } else if (addresses.length > 0 || this.#unanswered.size === 0) this.#give();
  }

  #useRemembered(): void {
    for (const family of this.#unanswered)
      this.#found[family] = this.#deps.resolver.remembered(this.#host, family);
    this.#give();
  }

  /** Gives what there is, families in turn; where there is nothing, an answer that is still open may have it. */
  #give(): void {
    const longest = Math.max(this.#found[4].length, this.#found[6].length);
    const addresses: string[] = [];
    for (let i = 0; i < longest; i += 1)
      addresses.push(...this.#found[6].slice(i, i + 1), ...this.#found[4].slice(i, i + 1));
    if (addresses.length > 0) {
      this.#taker.addPeers(addresses);
      if (this.#unanswered.size === 0) this.#taker.endPeers();
      this.#finish({ kind: 'found' });
    } else if (this.#unanswered.size === 0) this.#finish({ kind: 'none', cause: this.#cause });
  }

  #finish(outcome: PeerOutcome): void {
    this.#isOver = true;
    for (const timer of this.#timers) timer.cancel();
    this.#settle(outcome);
  }
}
