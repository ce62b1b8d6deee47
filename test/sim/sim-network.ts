import type { Clock } from '../../src/base/clock.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import type { DialFailure } from '../../src/link/dial-failure.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import { SimConnection, type WireCount } from './sim-connection.ts';
import type { SimPath } from './sim-path.ts';
import type { SimReport } from './sim-report.ts';

export type DialOutcome = SimConnection | DialFailure;

/** Connections from clients to one server. */
export class SimNetwork {
  /** The server's listener. */
  onAccept: (carrier: Carrier) => void = () => undefined;
  /** Connections that one end or both still hold. */
  readonly open: Set<SimConnection> = new Set();
  /** The last hellos that went over the wire, as somebody on the way would record them. */
  readonly hellos: Uint8Array[] = [];
  readonly #parts: { clock: Clock; random: SeededRandom; report: SimReport };
  readonly #past: { readonly toServer: WireCount; readonly toClient: WireCount } = {
    toServer: { writes: 0, bytes: 0 },
    toClient: { writes: 0, bytes: 0 },
  };
  #dialCount = 0;

  constructor(parts: { clock: Clock; random: SeededRandom; report: SimReport }) {
    this.#parts = parts;
  }

  get dialCount(): number {
    return this.#dialCount;
  }

  /** Everything that was ever written to carriers, hellos and answers included. */
  get total(): { readonly writes: number; readonly bytes: number } {
    const sum = { writes: 0, bytes: 0 };
    const counts = [this.#past.toServer, this.#past.toClient];
    for (const { toServer, toClient } of this.open) counts.push(toServer, toClient);
    for (const { writes, bytes } of counts) {
      sum.writes += writes;
      sum.bytes += bytes;
    }
    return sum;
  }

  /** One attempt to connect, by a machine whose clock is `clock`; `done` is called at most once, and not after `cancel`. */
  dial(clock: Clock, path: SimPath, done: (outcome: DialOutcome) => void): { cancel(): void } {
    this.#dialCount += 1;
    path.dialCount += 1;
    if (path.answer === 'silent') return { cancel: () => undefined };
    if (path.answer !== 'accepts') {
      const { afterMs, failure } = path.failure(path.answer);
      return clock.schedule(afterMs, () => done(failure));
    }
    return clock.schedule(path.rttMs, () => {
      if (path.answer === 'accepts') done(this.connect(path));
      else if (path.answer !== 'silent') done(path.failure(path.answer).failure);
    });
  }

  /** A connection at once, as a stranger too may make one. */
  connect(path: SimPath): SimConnection {
    const label = `${path.name}#${this.#dialCount}`;
    const connection: SimConnection = new SimConnection(this.#parts, path, label, () =>
      this.#forget(path, connection),
    );
    this.open.add(connection);
    path.connections.add(connection);
    this.onAccept(connection.server);
    return connection;
  }

  #forget(path: SimPath, connection: SimConnection): void {
    this.open.delete(connection);
    path.connections.delete(connection);
    for (const way of ['toServer', 'toClient'] as const) {
      this.#past[way].writes += connection[way].writes;
      this.#past[way].bytes += connection[way].bytes;
    }
    if (connection.hello === undefined) return;
    this.hellos.push(connection.hello);
    if (this.hellos.length > 16) this.hellos.shift();
  }
}
