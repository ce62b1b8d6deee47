import { quantile } from '../bench/quantile.ts';
import type { LinkFaults } from '../support/memory-faults.ts';
import { Scenario } from './scenario.ts';
import type { SimChannel } from './sim-channel.ts';

/** Five keys a second. */
const KEY_EVERY_MS = 200;

/** Echo times in milliseconds; bytes and datagrams of both directions, without the headers of UDP. */
export interface Typed {
  readonly median: number;
  readonly mean: number;
  readonly p95: number;
  readonly p99: number;
  readonly bytesPerKey: number;
  readonly datagramsPerKey: number;
}

/** Somebody who types steadily into a terminal over a datagram link, whose every key is echoed. */
export class TypingBed {
  readonly scenario: Scenario;
  readonly terminal: SimChannel;
  readonly #typedMs: number[] = [];
  readonly #echoMs: number[] = [];

  constructor(faults: LinkFaults, seed: number) {
    this.scenario = new Scenario('datagrams', { bytesPerSecond: 12_500_000, ...faults }, seed);
    this.terminal = this.scenario.begin();
    const { client, server } = this.terminal;
    server.onArrival = () => {
      while (server.outgoing.written < server.incoming.received) server.write(1);
    };
    client.onArrival = () => {
      while (this.#echoMs.length < client.incoming.received)
        this.#echoMs.push(this.scenario.nowMs - (this.#typedMs[this.#echoMs.length] ?? 0));
    };
  }

  get typedCount(): number {
    return this.#typedMs.length;
  }

  get echoedCount(): number {
    return this.#echoMs.length;
  }

  /** Echo times of the keys from `from` on. */
  echoesFrom(from: number): readonly number[] {
    return this.#echoMs.slice(from);
  }

  type(keys: number): void {
    for (let i = 0; i < keys; i += 1) {
      this.#typedMs.push(this.scenario.nowMs);
      this.terminal.client.write(1);
      this.scenario.run(KEY_EVERY_MS);
    }
  }

  awaitEchoes(): void {
    this.scenario.timeUntil(() => this.echoedCount === this.typedCount, 600_000);
  }

  /** Types so many keys, once a few have shown what the path is like. */
  measure(keys: number): Typed {
    this.type(50);
    const from = this.typedCount;
    const before = { ...this.scenario.world.network.total };
    this.type(keys);
    const after = { ...this.scenario.world.network.total };
    this.awaitEchoes();
    const echoes = this.#echoMs.slice(from);
    return {
      median: quantile(echoes, 0.5),
      mean: echoes.reduce((sum, ms) => sum + ms, 0) / keys,
      p95: quantile(echoes, 0.95),
      p99: quantile(echoes, 0.99),
      bytesPerKey: (after.bytes - before.bytes) / keys,
      datagramsPerKey: (after.writes - before.writes) / keys,
    };
  }
}
