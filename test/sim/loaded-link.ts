import type { Carrier } from '../../src/link/carrier.ts';
import type { LinkFaults } from '../support/memory-faults.ts';
import { Scenario } from './scenario.ts';
import type { SimChannel, SimChannelEnd } from './sim-channel.ts';

const REFILL_BYTES = 1_000_000;
const REFILL_EVERY_MS = 50;
const LOOK_EVERY_MS = 5;
/** Keys come at uneven moments, or they would meet always the same phase of the bulk. */
const MEAN_KEY_GAP_MS = 100;

export interface LoadedLinkOptions {
  readonly kind: Carrier['kind'];
  readonly faults: LinkFaults;
  /** Of a second road, for a client with `--standby`. */
  readonly second?: LinkFaults;
  readonly bulk: readonly ('toServer' | 'toClient')[];
  readonly seed?: number;
}

/** Round trips of keys and their echoes, in milliseconds. */
export interface EchoTimes {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly max: number;
}

/** A terminal whose every key is echoed, and bulk beside it that never runs dry. */
export class LoadedLink {
  readonly scenario: Scenario;
  readonly terminal: SimChannel;
  readonly bulk: SimChannel;
  /** The most that one end had handed to its carriers without an acknowledgement. */
  mostInFlightBytes = 0;
  readonly #filled: SimChannelEnd[] = [];
  readonly #options: LoadedLinkOptions;
  #echoesMs: number[] = [];
  readonly #typedAtMs: number[] = [];
  #echoed = 0;

  constructor(options: LoadedLinkOptions) {
    this.#options = options;
    this.scenario = new Scenario(options.kind, options.faults, options.seed ?? 1, options.second);
    this.terminal = this.scenario.begin();
    this.bulk = this.scenario.openBulk();
    this.scenario.run(1000);
    const { client, server } = this.terminal;
    server.onArrival = () => {
      while (server.outgoing.written < server.incoming.received) server.write(1);
    };
    client.onArrival = () => this.#takeEchoes();
  }

  startBulk(): void {
    const { client, server } = this.bulk;
    if (this.#options.bulk.includes('toServer')) this.#filled.push(client);
    if (this.#options.bulk.includes('toClient')) this.#filled.push(server);
    this.#refill();
    this.#look();
  }

  /** Types for so long; returns the echoes of those keys, once they have come. */
  type(forMs: number): EchoTimes {
    const { scenario } = this;
    this.#echoesMs = [];
    const untilMs = scenario.nowMs + forMs;
    while (scenario.nowMs < untilMs) {
      this.key();
      scenario.run(2 * MEAN_KEY_GAP_MS * scenario.world.random.uniform());
    }
    scenario.timeUntil(() => this.#echoed === this.#typedAtMs.length, 60_000);
    return summary(this.#echoesMs);
  }

  key(): void {
    this.#typedAtMs.push(this.scenario.nowMs);
    this.terminal.client.write(1);
  }

  /** Until the last key's echo, in milliseconds. */
  awaitEcho(maxMs: number): number {
    return this.scenario.timeUntil(() => this.#echoed === this.#typedAtMs.length, maxMs);
  }

  /** Bulk that has arrived in both directions together. */
  get bulkBytes(): number {
    return this.bulk.client.incoming.received + this.bulk.server.incoming.received;
  }

  #takeEchoes(): void {
    const { nowMs } = this.scenario;
    for (; this.#echoed < this.terminal.client.incoming.received; this.#echoed += 1) {
      this.#echoesMs.push(nowMs - (this.#typedAtMs[this.#echoed] ?? nowMs));
    }
  }

  #refill(): void {
    for (const end of this.#filled) {
      if ((end.channel?.bufferedBytes ?? 0) < REFILL_BYTES) end.write(REFILL_BYTES);
    }
    this.scenario.world.clock.schedule(REFILL_EVERY_MS, () => this.#refill());
  }

  #look(): void {
    for (const { session } of [this.scenario.client, this.scenario.server]) {
      let inFlightBytes = 0;
      for (const link of session.links) inFlightBytes += link.sent.inFlightBytes;
      this.mostInFlightBytes = Math.max(this.mostInFlightBytes, inFlightBytes);
    }
    this.scenario.world.clock.schedule(LOOK_EVERY_MS, () => this.#look());
  }
}

function summary(timesMs: readonly number[]): EchoTimes {
  const sorted = [...timesMs].sort((a, b) => a - b);
  const at = (part: number): number => sorted[Math.floor((sorted.length - 1) * part)] ?? 0;
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), max: at(1) };
}
