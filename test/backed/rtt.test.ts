import { expect, test } from 'vitest';
import { RttEstimator } from '../../src/backed/rtt.ts';

test('nothing is known before the first sample, which is then all that is known', () => {
  const rtt = new RttEstimator();
  expect([rtt.smoothedMs, rtt.minMs]).toEqual([undefined, undefined]);
  rtt.sample(0, 110, 10);
  expect([rtt.smoothedMs, rtt.minMs, rtt.latestMs, rtt.variationMs]).toEqual([100, 100, 100, 50]);
});

test('is smoothed as RFC 9002 says', () => {
  const rtt = new RttEstimator();
  rtt.sample(0, 100, 0);
  rtt.sample(1, 180, 0);
  expect(rtt.smoothedMs).toBe(110);
  expect(rtt.variationMs).toBe(0.75 * 50 + 0.25 * 80);
  expect(rtt.latestMs).toBe(180);
});

test('a peer that claims to have waited longer than it all took brings it to next to nothing, not below', () => {
  const rtt = new RttEstimator();
  rtt.sample(0, 50, 2 ** 43);
  expect(rtt.minMs).toBeGreaterThan(0);
  expect(rtt.smoothedMs).toBeGreaterThan(0);
});

test('the minimum is kept for 30 s and forgotten after 60, so that a path that grew is believed', () => {
  const rtt = new RttEstimator();
  rtt.sample(0, 10, 0);
  rtt.sample(29_999, 80, 0);
  expect(rtt.minMs).toBe(10);
  rtt.sample(30_000, 80, 0);
  expect(rtt.minMs).toBe(10);
  rtt.sample(60_000, 80, 0);
  expect(rtt.minMs).toBe(80);
});

test('an idle hour does not make a minimum out of nothing', () => {
  const rtt = new RttEstimator();
  rtt.sample(0, 10, 0);
  rtt.sample(3_600_000, 12, 0);
  expect(rtt.minMs).toBe(10);
});
