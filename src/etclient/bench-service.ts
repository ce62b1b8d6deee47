import type { Clock, Timer } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { ChannelReason } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';
import { BenchLoad, type LoadDirection } from './bench-load.ts';
import { BenchProbe } from './bench-probe.ts';
import { type LatencySummary, summarizeLatency } from './latency-summary.ts';
import type { Service } from './run-session.ts';

/** The link in use. */
export interface LinkState {
  /** Begins with the kind: `tcp 192.0.2.7:60000`, `ssh host`. */
  readonly label: string;
  /** The round trip as the session measures it; `undefined` before it is known. */
  readonly rttMs: number | undefined;
}

export type PhaseName = 'idle' | 'down' | 'up' | 'both';

/** What one phase has measured. */
export interface PhaseResult {
  readonly name: PhaseName;
  /** Of a byte and its echo; `undefined` where none was answered. */
  readonly latency: LatencySummary | undefined;
  readonly bytesPerSecond: Readonly<Partial<Record<LoadDirection, number>>>;
}

export interface BenchEvents {
  /** Measuring begins. */
  readonly onBegin: (link: LinkState | undefined) => void;
  readonly onPhase: (result: PhaseResult) => void;
  readonly onOver: (link: LinkState | undefined, outageMs: number) => void;
  readonly onOutage: () => void;
  readonly onRecovered: (outageMs: number, link: LinkState | undefined) => void;
  readonly onFailed: (error: EtError, reason: ChannelReason) => void;
}

export interface BenchDeps {
  readonly clock: Clock;
  readonly mux: Pick<Mux, 'open'>;
  readonly link: () => LinkState | undefined;
  /** How long each phase takes, in milliseconds. */
  readonly phaseMs: number;
}

const PHASES: readonly { readonly name: PhaseName; readonly loads: readonly LoadDirection[] }[] = [
  { name: 'idle', loads: [] },
  { name: 'down', loads: ['down'] },
  { name: 'up', loads: ['up'] },
  { name: 'both', loads: ['down', 'up'] },
];
/** An idle path says no more after so many. */
const IDLE_SAMPLES = 100;
/** Beside a load, so that the bytes asked about are no load themselves. In milliseconds. */
const LOADED_GAP_MS = 10;
/** The first link is ssh's; that over TCP is dialled 250 ms later, and needs four round trips. In milliseconds. */
const SETTLE_MS = 1000;
const SETTLE_ROUND_TRIPS = 4;
const SETTLE_LOOK_MS = 50;

/**
 * Measures a session: how long a byte takes there and back, alone and beside loads, and how much the loads carry.
 *
 *   starting --- first link ---> settling --- TCP, or waited enough ---> idle ---> down ---> up ---> both ---> over
 *
 * An outage ends nothing: its time counts in the phase that it falls into.
 */
export class BenchService implements Service {
  readonly #deps: BenchDeps;
  readonly #events: BenchEvents;
  #probe: BenchProbe | undefined;
  #loads: readonly BenchLoad[] = [];
  #timer: Timer | undefined;
  #outageSinceMs: number | undefined;
  #outageMs = 0;
  #isOver = false;

  constructor(deps: BenchDeps, events: BenchEvents) {
    this.#deps = deps;
    this.#events = events;
  }

  onFirstLink(): void {
    const rttMs = this.#deps.link()?.rttMs ?? 0;
    this.#settle(this.#deps.clock.now() + SETTLE_MS + SETTLE_ROUND_TRIPS * rttMs);
  }

  onOutage(): void {
    if (this.#isOver) return;
    this.#outageSinceMs = this.#deps.clock.now();
    this.#events.onOutage();
  }

  onRecovered(): void {
    if (this.#isOver || this.#outageSinceMs === undefined) return;
    const lastedMs = this.#deps.clock.now() - this.#outageSinceMs;
    this.#outageSinceMs = undefined;
    this.#outageMs += lastedMs;
    this.#events.onRecovered(lastedMs, this.#deps.link());
  }

  restore(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    for (const load of this.#loads) load.abandon();
    this.#probe?.close();
  }

  #settle(untilMs: number): void {
    const { clock, link } = this.#deps;
    if (link()?.label.startsWith('ssh') === true && clock.now() < untilMs) {
      this.#timer = clock.schedule(SETTLE_LOOK_MS, () => this.#settle(untilMs));
      return;
    }
    this.#events.onBegin(link());
    this.#probe = new BenchProbe(clock, this.#deps.mux, {
      onReady: () => this.#begin(0),
      onFailed: (error, reason) => this.#fail(error, reason),
    });
  }

  /** Opens the loads of a phase, and measures once they flow. */
  #begin(index: number): void {
    const phase = PHASES[index];
    if (phase === undefined) {
      const { link } = this.#deps;
      this.restore();
      this.#events.onOver(link(), this.#outageMs);
      return;
    }
    const rates: Partial<Record<LoadDirection, number>> = {};
    let samplesMs: readonly number[] = [];
    let waitingCount = phase.loads.length;
    let runningCount = phase.loads.length + 1;
    const done = (): void => {
      runningCount -= 1;
      if (runningCount > 0 || this.#isOver) return;
      this.#loads = [];
      const latency = summarizeLatency(samplesMs);
      this.#events.onPhase({ name: phase.name, latency, bytesPerSecond: rates });
      this.#begin(index + 1);
    };
    const measure = (): void => {
      const isIdle = phase.loads.length === 0;
      this.#timer = this.#deps.clock.schedule(this.#deps.phaseMs, () => this.#stopAll());
      this.#probe?.start({
        gapMs: isIdle ? 0 : LOADED_GAP_MS,
        maxCount: isIdle ? IDLE_SAMPLES : Number.POSITIVE_INFINITY,
        onDone: (samples) => {
          this.#timer?.cancel();
          samplesMs = samples;
          done();
        },
      });
    };
    this.#loads = phase.loads.map((direction) =>
      this.#load(direction, {
        onReady: () => {
          waitingCount -= 1;
          if (waitingCount === 0) measure();
        },
        onDone: (bytesPerSecond) => {
          rates[direction] = bytesPerSecond;
          done();
        },
      }),
    );
    if (waitingCount === 0) measure();
  }

  #load(
    direction: LoadDirection,
    events: { onReady: () => void; onDone: (bytesPerSecond: number) => void },
  ): BenchLoad {
    return new BenchLoad(this.#deps.clock, this.#deps.mux, direction, {
      ...events,
      onFailed: (error, reason) => this.#fail(error, reason),
    });
  }

  #stopAll(): void {
    for (const load of this.#loads) load.stop();
    this.#probe?.stop();
  }

  #fail(error: EtError, reason: ChannelReason): void {
    if (this.#isOver) return;
    this.restore();
    this.#events.onFailed(error, reason);
  }
}
