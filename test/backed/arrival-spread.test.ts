import { expect, test } from 'vitest';
import { ArrivalSpread } from '../../src/backed/arrival-spread.ts';

/** Acknowledges a record of 1,000 bytes each `arriveEveryMs`, sent each `sendEveryMs`; the rates that were seen. */
function watch(sendEveryMs: number, arriveEveryMs: number, count: number): number[] {
  const spread = new ArrivalSpread();
  const seen: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const rate = spread.add(70 + i * arriveEveryMs, i * sendEveryMs, 1000);
    if (rate !== undefined) seen.push(rate);
  }
  return seen;
}

test('what was sent at once and arrives 4 ms apart shows a link of 250 bytes per ms', () => {
  const seen = watch(0, 4, 9);
  expect(seen.length).toBeGreaterThan(0);
  for (const rate of seen) expect(rate).toBeCloseTo(250);
});

test('one stretch may be chance', () => {
  expect(watch(0, 4, 5)).toEqual([]);
});

test('what arrives as it was sent shows nothing', () => {
  expect(watch(4, 4, 100)).toEqual([]);
  expect(watch(4, 4.5, 100)).toEqual([]);
});

test('what two busy processes are late is no spread', () => {
  const spread = new ArrivalSpread();
  for (let i = 0; i < 40; i += 1)
    expect(spread.add(i * 20 + (i % 3) * 3, i * 20, 6000)).toBeUndefined();
});

test('keys show nothing, however late they come', () => {
  const spread = new ArrivalSpread();
  for (let i = 0; i < 40; i += 1) expect(spread.add(i * 50, i, 40)).toBeUndefined();
});

test('of several stretches the slowest one counts', () => {
  const spread = new ArrivalSpread();
  spread.add(0, 0, 1000);
  expect(spread.add(10, 0, 5000)).toBeUndefined();
  expect(spread.add(30, 0, 5000)).toBe(250);
  expect(spread.add(40, 0, 5000)).toBe(250);
  expect(spread.add(50, 0, 5000)).toBe(250);
});
