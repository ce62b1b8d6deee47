/** What round trips were like, in milliseconds. */
export interface LatencySummary {
  readonly min: number;
  readonly median: number;
  readonly p95: number;
  readonly max: number;
}

/** `undefined` where nothing was measured. A quantile is the least sample that so many do not exceed: one that was seen. */
export function summarizeLatency(samplesMs: readonly number[]): LatencySummary | undefined {
  const sorted = [...samplesMs].sort((a, b) => a - b);
  const atShare = (share: number): number | undefined =>
    sorted[Math.max(Math.ceil(share * sorted.length) - 1, 0)];
  const [min, median, p95, max] = [0, 0.5, 0.95, 1].map(atShare);
  if (min === undefined || median === undefined || p95 === undefined || max === undefined) {
    return undefined;
  }
  return { min, median, p95, max };
}
