import type { Clock, Timer } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { ChannelReason } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';
import { BenchLoad, type LoadDirection } from './bench-load.ts';
import type { BenchProbe } from './bench-probe.ts';
import { type LatencySummary, summarizeLatency } from './latency-summary.ts';

/** What one phase has measured. */
export interface PhaseResult {
  /** Of a byte and its echo; `undefined` where none was sent. */
  readonly latencyMs: LatencySummary | undefined;
  readonly bytesPerSecond: Readonly<Partial<Record<LoadDirection, number>>>;
}

export interface PhaseDeps {
  readonly clock: Clock;
  readonly mux: Pick<Mux, 'open'>;
  readonly probe: Pick<BenchProbe, 'start' | 'stop'>;
  /** How long it measures, in milliseconds; what is on its way then is waited for. */
  readonly phaseMs: number;
  readonly onDone: (result: PhaseResult) => void;
  readonly onFailed: (error: EtError, reason: ChannelReason) => void;
}

/** An idle path says no more after so many. */
const IDLE_SAMPLES = 100;
/** Beside a load, so that the bytes asked about are no load themselves. In milliseconds. */
const LOADED_GAP_MS = 10;

/**
 * The echo of single bytes, alone or beside loads.
 *
 *   opening --- all loads flow ---> measuring --- time is up ---> ending --- last echo, last count ---> done
 */
export class BenchPhase {
  readonly #deps: PhaseDeps;
  readonly #loads: readonly BenchLoad[];
  readonly #rates: Partial<Record<LoadDirection, number>> = {};
  #samplesMs: readonly number[] = [];
  /** Loads that do not flow yet. */
  #waitingCount: number;
  /** The loads and the probe, those that have no result yet. */
  #runningCount: number;
  #timer: Timer | undefined;

  constructor(deps: PhaseDeps, loads: readonly LoadDirection[]) {
    this.#deps = deps;
    this.#waitingCount = loads.length;
    this.#runningCount = loads.length + 1;
    this.#loads = loads.map((direction) => this.#load(direction));
    if (loads.length === 0) this.#measure();
  }

  /** Ends it without a result. */
  abandon(): void {
    this.#timer?.cancel();
    for (const load of this.#loads) load.abandon();
  }

  #load(direction: LoadDirection): BenchLoad {
    const { clock, mux, onFailed } = this.#deps;
    return new BenchLoad(clock, mux, direction, {
      onReady: () => {
        this.#waitingCount -= 1;
        if (this.#waitingCount === 0) this.#measure();
      },
      onDone: (bytesPerSecond) => {
        this.#rates[direction] = bytesPerSecond;
        this.#finishIfThrough();
      },
      onFailed,
    });
  }

  #measure(): void {
    const { clock, probe, phaseMs } = this.#deps;
    const isIdle = this.#loads.length === 0;
    this.#timer = clock.schedule(phaseMs, () => {
      for (const load of this.#loads) load.stop();
      probe.stop();
    });
    probe.start({
      gapMs: isIdle ? 0 : LOADED_GAP_MS,
      maxCount: isIdle ? IDLE_SAMPLES : Number.POSITIVE_INFINITY,
      onDone: (samplesMs) => {
        this.#samplesMs = samplesMs;
        this.#finishIfThrough();
      },
    });
  }

  #finishIfThrough(): void {
    this.#runningCount -= 1;
    if (this.#runningCount > 0) return;
    this.#timer?.cancel();
    this.#deps.onDone({
      latencyMs: summarizeLatency(this.#samplesMs),
      bytesPerSecond: this.#rates,
    });
  }
}
