import type { networkInterfaces } from 'node:os';
import type { Clock, Timer, WallClock } from '../base/clock.ts';
import { plainAddress } from './plain-address.ts';

/** How closely to look: `alert` while the user is there or no link is alive, `calm` otherwise. */
export type WatchMode = 'alert' | 'calm';

/** Milliseconds between two looks; one look costs 30-60 us and wakes the process once. */
export const LOOK_EVERY_MS: Readonly<Record<WatchMode, number>> = { alert: 1000, calm: 5000 };

/**
 * A look this much later than due, by either clock, means that the machine slept, in milliseconds.
 * Some systems stop the monotonic clock during sleep, so the time of day is asked too; when that
 * is merely set, the only harm is a probe.
 */
export const SLEPT_OVER_MS = 5000;

export interface NetworkWatchEvents {
  /** The set of this machine's addresses is another than before. */
  onAddressesChange(): void;
  /** The machine slept for about `sleptMs`. */
  onWake(sleptMs: number): void;
}

export interface NetworkWatchDeps {
  readonly clock: Clock;
  readonly wallClock: WallClock;
  /** `os.networkInterfaces`. */
  readonly interfaces: typeof networkInterfaces;
}

/** Notices that addresses came and went, and that the machine slept. Looks until it is stopped. */
export class NetworkWatch {
  readonly #deps: NetworkWatchDeps;
  readonly #events: NetworkWatchEvents;
  #addresses: ReadonlySet<string>;
  #mode: WatchMode = 'alert';
  #timer: Timer | undefined;
  #lookedAtMs: number;
  #wallLookedAtMs: number;
  #dueAtMs = 0;
  #isStopped = false;

  constructor(deps: NetworkWatchDeps, events: NetworkWatchEvents) {
    this.#deps = deps;
    this.#events = events;
    this.#addresses = this.#readAddresses() ?? new Set();
    this.#lookedAtMs = deps.clock.now();
    this.#wallLookedAtMs = deps.wallClock.now();
    this.#arm();
  }

  /** Whether `address` was one of this machine's at the last look. */
  hasAddress(address: string): boolean {
    return this.#addresses.has(plainAddress(address));
  }

  setMode(mode: WatchMode): void {
    if (mode === this.#mode || this.#isStopped) return;
    this.#mode = mode;
    this.#arm();
  }

  /** Somebody is there and does something: looks now, unless it has within a second. */
  lookNow(): void {
    if (this.#isStopped || this.#deps.clock.now() - this.#lookedAtMs < LOOK_EVERY_MS.alert) return;
    this.#timer?.cancel();
    this.#look();
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Counts from the last look, so that an owner who keeps changing the mode cannot put it off. */
  #arm(): void {
    const nowMs = this.#deps.clock.now();
    this.#timer?.cancel();
    this.#dueAtMs = Math.max(nowMs, this.#lookedAtMs + LOOK_EVERY_MS[this.#mode]);
    this.#timer = this.#deps.clock.schedule(this.#dueAtMs - nowMs, () => this.#look());
  }

  #look(): void {
    const sleptMs = this.#measureSleep();
    const before = this.#addresses;
    this.#addresses = this.#readAddresses() ?? before;
    this.#arm();
    // Told last, and both: an owner that stops the watch from within is obeyed.
    if (sleptMs > SLEPT_OVER_MS) this.#events.onWake(sleptMs);
    if (!this.#isStopped && !equalSets(before, this.#addresses)) this.#events.onAddressesChange();
  }

  #measureSleep(): number {
    const nowMs = this.#deps.clock.now();
    const wallNowMs = this.#deps.wallClock.now();
    const lateMs = nowMs - this.#dueAtMs;
    const jumpedMs = wallNowMs - this.#wallLookedAtMs - (nowMs - this.#lookedAtMs);
    this.#lookedAtMs = nowMs;
    this.#wallLookedAtMs = wallNowMs;
    return Math.max(lateMs, jumpedMs);
  }

  /** `undefined` when the system does not say, as without descriptors: nothing is known to be gone. */
  #readAddresses(): ReadonlySet<string> | undefined {
    try {
      const addresses = new Set<string>();
      for (const ofInterface of Object.values(this.#deps.interfaces())) {
        for (const { address } of ofInterface ?? []) addresses.add(plainAddress(address));
      }
      return addresses;
    } catch {
      return undefined;
    }
  }
}

function equalSets(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const element of a) if (!b.has(element)) return false;
  return true;
}
