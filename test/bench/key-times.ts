import { quantile } from './quantile.ts';

/** When keys were typed at a steady pace, and when each was on the screen; all of `performance.now`. */
export interface KeyTimes {
  readonly typedMs: readonly number[];
  /** `undefined`: not before the end. */
  readonly echoedMs: readonly (number | undefined)[];
  readonly startMs: number;
  readonly endMs: number;
}

export interface LatencySummary {
  readonly medianMs: number;
  readonly meanMs: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** Neighbours differ, and a blank is none of them. */
const LETTERS = 'etaoinshrdlcumwfgypbvkjxqz';

/** What is typed as this key. */
export function letterOf(key: number): string {
  return LETTERS.charAt(key % LETTERS.length);
}

/** From each key to its echo. One that was never echoed counts as the whole run. */
export function latenciesMs({ typedMs, echoedMs, startMs, endMs }: KeyTimes): number[] {
  return typedMs.map((typed, key) => {
    const echoed = echoedMs[key];
    return echoed === undefined ? endMs - startMs : echoed - typed;
  });
}

/** How many keys were never echoed. */
export function unechoedCount({ echoedMs }: KeyTimes): number {
  return echoedMs.filter((echoed) => echoed === undefined).length;
}

export function summarize(latencies: readonly number[]): LatencySummary {
  return {
    medianMs: quantile(latencies, 0.5),
    meanMs: latencies.reduce((sum, each) => sum + each, 0) / latencies.length,
    p95Ms: quantile(latencies, 0.95),
    p99Ms: quantile(latencies, 0.99),
  };
}
