import type { Clock, Timer } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { ChannelReason } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';
import type { LoadDirection } from './bench-load.ts';
import { BenchPhase, type PhaseResult } from './bench-phase.ts';
import { BenchProbe } from './bench-probe.ts';
import type { Service } from './run-session.ts';

/** The link in use. */
export interface LinkState {
  /** Begins with its kind: `tcp 192.0.2.7:60000`, `ssh host`. */
  readonly label: string;
  /** The round trip as the session measures it; `undefined` before it is known. */
  readonly rttMs: number | undefined;
}

export interface BenchEvents {
  /** Measuring begins. */
  readonly onBegin: (link: LinkState | undefined) => void;
  readonly onPhase: (name: PhaseName, result: PhaseResult, link: LinkState | undefined) => void;
  /** `outageMs`: how much of the time there was no link. */
  readonly onOver: (link: LinkState | undefined, outageMs: number) => void;
  readonly onOutage: () => void;
  readonly onRecovered: (outageMs: number, link: LinkState | undefined) => void;
  readonly onFailed: (error: EtError, reason: ChannelReason) => void;
}

export interface BenchDeps {
  readonly clock: Clock;
  readonly mux: Pick<Mux, 'open'>;
  readonly link: () => LinkState | undefined;
  /** How long each phase measures, in milliseconds. */
  readonly phaseMs: number;
}

export type PhaseName = 'idle' | 'down' | 'up' | 'both';

const PHASES: readonly { readonly name: PhaseName; readonly loads: readonly LoadDirection[] }[] = [
  { name: 'idle', loads: [] },
  { name: 'down', loads: ['down'] },
  { name: 'up', loads: ['up'] },
  { name: 'both', loads: ['down', 'up'] },
];
/** A first link is ssh's. The one over TCP is dialled 250 ms later, and takes some round trips. In milliseconds. */
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
  #phase: BenchPhase | undefined;
  #timer: Timer | undefined;
  #outageSinceMs: number | undefined;
  #outageMs = 0;
  #isOver = false;

  constructor(deps: BenchDeps, events: BenchEvents) {
    this.#deps = deps;
    this.#events = events;
  }

  onFirstLink(): void {
    const { clock, link } = this.#deps;
    const rttMs = link()?.rttMs ?? 0;
    this.#settle(clock.now() + SETTLE_MS + SETTLE_ROUND_TRIPS * rttMs);
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
    this.#phase?.abandon();
    this.#probe?.close();
  }

  #settle(untilMs: number): void {
    const { clock, mux, link } = this.#deps;
    if (link()?.label.startsWith('ssh') === true && clock.now() < untilMs) {
      this.#timer = clock.schedule(SETTLE_LOOK_MS, () => this.#settle(untilMs));
      return;
    }
    this.#events.onBegin(link());
    const probe: BenchProbe = new BenchProbe(clock, mux, {
      onReady: () => this.#begin(0, probe),
      onFailed: (error, reason) => this.#fail(error, reason),
    });
    this.#probe = probe;
  }

  #begin(index: number, probe: BenchProbe): void {
    const { clock, mux, phaseMs, link } = this.#deps;
    const next = PHASES[index];
    if (next === undefined) {
      this.restore();
      this.#events.onOver(link(), this.#outageMs);
      return;
    }
    this.#phase = new BenchPhase(
      {
        clock,
        mux,
        probe,
        phaseMs,
        onDone: (result) => {
          this.#events.onPhase(next.name, result, link());
          if (!this.#isOver) this.#begin(index + 1, probe);
        },
        onFailed: (error, reason) => this.#fail(error, reason),
      },
      next.loads,
    );
  }

  #fail(error: EtError, reason: ChannelReason): void {
    if (this.#isOver) return;
    this.restore();
    this.#events.onFailed(error, reason);
  }
}
