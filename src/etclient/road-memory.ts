import type { Clock, Timer, WallClock } from '../base/clock.ts';
import type { Experience } from './choose-plan.ts';
import type { RoadLearner } from './road-plan.ts';
import { type HostRecord, withNetwork } from './road-records.ts';
import type { RoadStore } from './road-store.ts';

/** What was learned is written this long after the last time at the earliest, in milliseconds. */
export const SAVE_APART_MS = 60_000;

export interface RoadMemoryDeps {
  readonly clock: Clock;
  readonly wallClock: WallClock;
  readonly store: Pick<RoadStore, 'find' | 'save'>;
  /** Names the network that this machine is in. */
  readonly network: () => string;
}

/** Which roads to one host worked, from each network: for the dials of this session, and kept for the next. */
export class RoadMemory implements RoadLearner {
  readonly #deps: RoadMemoryDeps;
  #record: HostRecord;
  #isChanged: boolean;
  #savedMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;

  /** `port`: of the session server. */
  constructor(deps: RoadMemoryDeps, destination: string, port: number) {
    this.#deps = deps;
    const found = deps.store.find(destination);
    this.#record = { destination, networks: [], ...found, port };
    this.#isChanged = found !== undefined && found.port !== port;
  }

  recall(): Experience | undefined {
    const here = this.#deps.network();
    return this.#record.networks.find(({ network }) => network === here);
  }

  learn(worked: string, failed: readonly string[]): void {
    const known = this.recall();
    if (known?.worked === worked && known.failed.join(' ') === failed.join(' ')) return;
    const usedMs = Math.max(0, Math.floor(this.#deps.wallClock.now()));
    const network = this.#deps.network();
    this.#record = withNetwork(this.#record, { network, worked, failed: [...failed], usedMs });
    this.#isChanged = true;
    this.#saveLater();
  }

  /** Writes what has not been written; call it at the end. */
  save(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (!this.#isChanged) return;
    this.#isChanged = false;
    this.#savedMs = this.#deps.clock.now();
    this.#deps.store.save(this.#record);
  }

  /** Never within the dial that has just succeeded. */
  #saveLater(): void {
    if (this.#timer !== undefined) return;
    const sinceMs = this.#deps.clock.now() - this.#savedMs;
    const waitMs = Math.max(1000, SAVE_APART_MS - sinceMs);
    this.#timer = this.#deps.clock.schedule(waitMs, () => this.save());
  }
}
