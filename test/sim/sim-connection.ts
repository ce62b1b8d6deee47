import { concatBytes } from '../../src/base/bytes.ts';
import type { Clock } from '../../src/base/clock.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import type { LinkFaults } from '../support/memory-faults.ts';
import {
  type CutOrder,
  type Direction,
  type Directions,
  type MemoryPair,
  makeMemoryPair,
} from '../support/memory-link.ts';
import type { SeededRandom } from '../support/seeded-random.ts';
import type { SimPath } from './sim-path.ts';
import type { SimReport } from './sim-report.ts';
import { TappedCarrier } from './tapped-carrier.ts';

/** What has gone over one direction of a connection. */
export interface WireCount {
  writes: number;
  bytes: number;
}

/** One carrier from a client to the server, and what the simulation may do to it. */
export class SimConnection {
  readonly client: Carrier;
  readonly server: Carrier;
  readonly toServer: WireCount = { writes: 0, bytes: 0 };
  readonly toClient: WireCount = { writes: 0, bytes: 0 };
  /** What the client sent first: its hello, for whoever records and repeats it. */
  hello: Uint8Array | undefined;
  readonly #pair: MemoryPair;
  readonly #random: SeededRandom;
  readonly #report: SimReport;
  readonly #onOver: () => void;
  #isAbandoned = false;
  #endsLeft = 2;
  readonly #flips: Record<Direction, number> = { aToB: 0, bToA: 0 };

  constructor(
    parts: { clock: Clock; random: SeededRandom; report: SimReport },
    path: SimPath,
    label: string,
    onOver: () => void,
  ) {
    const { clock, random } = parts;
    this.#random = random;
    this.#report = parts.report;
    this.#onOver = onOver;
    this.#pair = makeMemoryPair({
      clock,
      random,
      kind: path.kind,
      aToB: path.toServer,
      bToA: path.toClient,
      label,
      cutOrder: { first: random.chance(0.5) ? 'a' : 'b', lagMs: random.integer(0, 3000) },
    });
    this.client = this.#tap(this.#pair.a, this.toServer, 'bToA');
    this.server = this.#tap(this.#pair.b, this.toClient, 'aToB');
  }

  set(faults: LinkFaults): void {
    this.#pair.set('both', faults);
  }

  setEach(toServer: LinkFaults, toClient: LinkFaults): void {
    this.#pair.set('aToB', toServer);
    this.#pair.set('bToA', toClient);
  }

  hold(directions: Directions): void {
    this.#pair.hold(directions);
  }

  release(directions: Directions): void {
    if (!this.#isAbandoned) this.#pair.release(directions);
  }

  /** Silent in these directions for good, but for datagrams that were held as well. */
  blackHole(directions: Directions): void {
    this.#pair.blackHole(directions);
  }

  /** Nothing that was to happen later happens. */
  calm(): void {
    this.#pair.set('both', { cutAfterBytes: Number.POSITIVE_INFINITY });
    this.#flips.aToB = 0;
    this.#flips.bToA = 0;
  }

  /** Silent for ever. */
  abandon(): void {
    this.#isAbandoned = true;
    this.#pair.blackHole('both');
  }

  /** Cuts after `bytes` more, in one direction. */
  cutAfter(direction: Direction, bytes: number): void {
    const delivered = this.#pair.deliveredBytes(direction);
    this.#pair.set(direction, { cutAfterBytes: delivered + bytes });
  }

  cut(order: CutOrder): void {
    this.#pair.cut(order);
  }

  /** One bit of the next piece that arrives in this direction is turned. */
  flip(direction: Direction): void {
    this.#flips[direction] += 1;
  }

  #tap(inner: Carrier, count: WireCount, arriving: Direction): Carrier {
    return new TappedCarrier(inner, {
      onWrite: (pieces) => {
        const before = count.bytes;
        count.writes += 1;
        for (const piece of pieces) count.bytes += piece.length;
        if (this.#report.isTracing) {
          this.#report.trace(`  ${inner.label} sends ${count.bytes - before} bytes`);
        }
        if (arriving === 'bToA') this.hello ??= concatBytes(pieces);
      },
      onArrive: (bytes) => this.#arrive(arriving, bytes),
      onOver: () => {
        this.#endsLeft -= 1;
        if (this.#endsLeft === 0) this.#onOver();
      },
    });
  }

  #arrive(direction: Direction, bytes: Uint8Array): Uint8Array {
    if (this.#report.isTracing) {
      const label = direction === 'aToB' ? this.#pair.b.label : this.#pair.a.label;
      this.#report.trace(`  ${label} gets ${bytes.length} bytes`);
    }
    if (this.#flips[direction] === 0 || bytes.length === 0) return bytes;
    this.#flips[direction] -= 1;
    const changed = bytes.slice();
    const at = this.#random.integer(0, changed.length - 1);
    changed[at] = (changed[at] ?? 0) ^ (1 << this.#random.integer(0, 7));
    return changed;
  }
}
