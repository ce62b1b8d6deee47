import { describe, expect, test } from 'vitest';
import { copiesFor, type RepeatPath, UrgentRepeats } from '../../src/backed/urgent-repeats.ts';

const CLEAN: RepeatPath = {
  rttMs: 100,
  rttVariationMs: 0,
  lossRate: 0,
  lossBurstiness: 0,
  awaitingSinceMs: 0,
};
const LOSSY: RepeatPath = { ...CLEAN, lossRate: 0.3, lossBurstiness: 0.3 };
const BURSTY: RepeatPath = { ...CLEAN, lossRate: 0.09, lossBurstiness: 0.8 };

/** When what was sent at 0 is sent again, with nobody answering, until `untilMs`. */
function timesOf(path: RepeatPath, untilMs: number): number[] {
  const repeats = new UrgentRepeats();
  repeats.sent(0, 5, 0, path);
  const times: number[] = [];
  for (let nowMs = 0; ; ) {
    const dueMs = repeats.dueMs(nowMs, 0, path);
    if (dueMs > untilMs) return times;
    nowMs = Math.max(dueMs, nowMs);
    times.push(nowMs);
    repeats.repeated(nowMs, 5);
  }
}

describe('what is unacknowledged of stream 0', () => {
  test.each([
    [0, 0, 1],
    [0.009, 0.009, 1],
    [0.05, 0.05, 2],
    [0.3, 0.3, 4],
    [0.29, 0.29, 3],
    [0.6, 0.6, 4],
    [0.99, 0.99, 4],
    [0.09, 0.8, 4],
    [1, 1, 4],
  ])('at a loss of %d, and %d behind another, is sent %i times at first', (loss, next, copies) => {
    expect(copiesFor(loss, next)).toBe(copies);
  });

  test('is not sent again on a clean path before an answer is overdue', () => {
    const [first, second] = timesOf(CLEAN, 1000);
    // A round trip, what an acknowledgement may be held back, and a little more.
    expect(first).toBe(100 + 12.5 + 3);
    expect(second).toBe((first ?? 0) + 12.5);
  });

  test('is copied within milliseconds where records are lost, and asked about when all copies could have been answered', () => {
    expect(timesOf(LOSSY, 140)).toEqual([3, 9, 21, 126, 138.5]);
  });

  test('is sent more often at once where losses come in bursts', () => {
    const times = timesOf(BURSTY, 112);
    expect(times.slice(0, 3)).toEqual([3, 9, 21]);
    expect(times.slice(3)).toEqual([105, 106, 107, 108, 109, 110]);
  });

  test('is not sent again once it is acknowledged', () => {
    const repeats = new UrgentRepeats();
    expect(repeats.dueMs(0, 0, LOSSY)).toBe(Number.POSITIVE_INFINITY);
    repeats.sent(0, 5, 0, LOSSY);
    expect(repeats.dueMs(1, 4, LOSSY)).toBeLessThan(10);
    expect(repeats.dueMs(1, 5, LOSSY)).toBe(Number.POSITIVE_INFINITY);
  });

  test('is overdue as the oldest of it is, and younger once that is acknowledged', () => {
    const repeats = new UrgentRepeats();
    repeats.sent(0, 5, 0, CLEAN);
    repeats.sent(90, 6, 0, CLEAN);
    expect(repeats.dueMs(91, 0, CLEAN)).toBe(115.5);
    expect(repeats.dueMs(91, 5, CLEAN)).toBe(205.5);
  });

  test('goes out less than 20 times a second while nobody answers somebody who types, then 5, then ever more seldom', () => {
    const inSecond = (all: readonly number[], from: number): number =>
      all.filter((atMs) => atMs >= from && atMs < from + 1000).length;
    const times = timesOf(LOSSY, 3_600_000);
    expect(inSecond(times, 2000)).toBeLessThanOrEqual(15);
    expect(inSecond(times, 2000)).toBeGreaterThanOrEqual(12);
    expect(inSecond(times, 11_000)).toBeLessThanOrEqual(5);
    expect(inSecond(times, 11_000)).toBeGreaterThanOrEqual(4);
    expect(inSecond(times, 3_500_000)).toBeLessThanOrEqual(1);
    expect(times.length).toBeLessThan(4500);
  });
});
