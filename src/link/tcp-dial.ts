import type { Clock } from '../base/clock.ts';
import type { Carrier } from './carrier.ts';
import type { AddressFamily, HostResolver } from './host-resolver.ts';
import { ipFamily } from './ip-family.ts';
import type { SocketDialling } from './socket-factory.ts';
import { TcpRace } from './tcp-race.ts';

/** Where to, and from where. */
export interface TcpTarget {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  /** Bind to this address of ours: the way out of one of several networks. */
  readonly localAddress?: string;
  /** Only this family (`-4`, `-6`). */
  readonly family?: AddressFamily;
}

/** Dials TCP. One per process: it remembers what names resolved to. */
export class TcpDialer<Owner = Carrier> {
  readonly #clock: Clock;
  readonly #sockets: SocketDialling<Owner>;
  readonly #resolver: Pick<HostResolver, 'resolve' | 'remembered'>;

  constructor(
    clock: Clock,
    sockets: SocketDialling<Owner>,
    resolver: Pick<HostResolver, 'resolve' | 'remembered'>,
  ) {
    this.#clock = clock;
    this.#sockets = sockets;
    this.#resolver = resolver;
  }

  /** A dial that resolves and races all addresses each time; it rejects with a `DialFailure`. */
  to(target: TcpTarget): (signal: AbortSignal) => Promise<Owner> {
    return (signal) => this.#dial(target, signal);
  }

  #dial(target: TcpTarget, signal: AbortSignal): Promise<Owner> {
    return new Promise((resolve, reject) => {
      const stop = (): void => race.stop();
      const race: TcpRace<Owner> = new TcpRace(this.#clock, this.#sockets, target, {
        onWinner: (winner) => {
          signal.removeEventListener('abort', stop);
          resolve(winner);
        },
        onFailure: (failure) => {
          signal.removeEventListener('abort', stop);
          reject(failure);
        },
      });
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) race.stop();
      else if (ipFamily(target.host) !== 0) race.addFinal(target.host);
      else this.#resolve(target, race);
    });
  }

  /** Asks for both families at once: where the answer for one is lost, the other still counts. */
  #resolve(target: TcpTarget, race: TcpRace<Owner>): void {
    const bound = ipFamily(target.localAddress ?? '');
    const families = ([6, 4] as const).filter(
      (family) => (target.family ?? family) === family && (bound === 0 || bound === family),
    );
    race.expect(families, (family) => this.#resolver.remembered(target.host, family));
    for (const family of families) {
      this.#resolver.resolve(target.host, family).then(
        (addresses) => race.addAnswer(family, addresses),
        (error: unknown) => race.addAnswer(family, [], error),
      );
    }
  }
}
