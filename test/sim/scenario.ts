import type { Carrier } from '../../src/link/carrier.ts';
import type { LinkFaults } from '../support/memory-faults.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { SimChannel, type SimChannelOptions } from './sim-channel.ts';
import { SimPath } from './sim-path.ts';
import { type Attached, type ServerSide, SimWorld } from './sim-world.ts';

/** A client, a server, one way between them, and a hand on all of it. */
export class Scenario {
  readonly world: SimWorld;
  readonly path: SimPath;
  /** The second of two roads, where the client has `--standby`. */
  readonly second: SimPath | undefined;
  readonly attached: Attached;
  readonly #channels = new Map<number, SimChannel>();

  constructor(kind: Carrier['kind'], faults: LinkFaults, seed = 1, second?: LinkFaults) {
    this.world = new SimWorld({ random: new SeededRandom(seed) });
    this.path = new SimPath('way', kind, faults);
    this.second = second === undefined ? undefined : new SimPath('second', kind, second);
    this.attached = this.world.attach(
      this.path,
      this.second === undefined ? [] : [this.path, this.second],
    );
    this.attached.onOpen = (incoming) => {
      this.#channels.get(Number(incoming.metadata['of']))?.accept(incoming);
    };
  }

  get nowMs(): number {
    return this.world.clock.now();
  }

  get client(): Attached['client'] {
    return this.attached.client;
  }

  get server(): ServerSide {
    if (this.attached.server === undefined) throw new Error('the client has never joined');
    return this.attached.server;
  }

  get isLinked(): boolean {
    return this.client.session.links.hasTrusted;
  }

  /** Opens a channel; both ends are there after the next round trip. */
  open(options: SimChannelOptions): SimChannel {
    const key = this.#channels.size + 1;
    const channel = new SimChannel(this.world, key, this.client.mux, options);
    this.#channels.set(key, channel);
    return channel;
  }

  /** A terminal: stream 0, served first. */
  openTerminal(): SimChannel {
    return this.open({ stream: 0, priority: 'terminal' });
  }

  openBulk(): SimChannel {
    return this.open({ stream: 1, priority: 'bulk' });
  }

  /** The first link, and an open terminal. */
  begin(): SimChannel {
    this.client.own.start();
    const terminal = this.openTerminal();
    this.run(10_000, () => terminal.server.channel !== undefined);
    this.run(2000);
    return terminal;
  }

  /** Lets time pass; throws what went wrong. True when `isDone` came true. */
  run(ms: number, isDone?: () => boolean): boolean {
    const done = this.world.run(ms, isDone);
    const { failure } = this.world.report;
    if (failure !== undefined) throw new Error(failure);
    return done;
  }

  /** Until `isDone`, in milliseconds; throws after `maxMs`. */
  timeUntil(isDone: () => boolean, maxMs: number): number {
    const startedMs = this.nowMs;
    if (!this.run(maxMs, isDone)) throw new Error(`not done after ${maxMs} ms`);
    return this.nowMs - startedMs;
  }

  /** Ends the session; returns what is left behind. */
  end(): { readonly timers: number; readonly carriers: number } {
    this.client.own.end('done');
    this.run(5000);
    this.world.server.close();
    this.run(120_000);
    return { timers: this.world.clock.pending, carriers: this.world.network.open.size };
  }
}
