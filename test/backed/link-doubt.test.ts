import { expect, test } from 'vitest';
import { LinkDoubt } from '../../src/backed/link-doubt.ts';
import { RttEstimator } from '../../src/backed/rtt.ts';

/** A path whose round trip is known well, with this mean deviation at the most. */
function path(rttMs: number, deviationMs = 0): RttEstimator {
  const rtt = new RttEstimator();
  for (let i = 0; i < 100; i += 1)
    rtt.sample(i * rttMs, rttMs + (i % 2 === 0 ? deviationMs : -deviationMs), 0);
  return rtt;
}

test('nothing is doubted while nothing is awaited, or before a round trip is known', () => {
  const doubt = new LinkDoubt();
  expect(doubt.dueMs(undefined, path(50))).toBeUndefined();
  expect(doubt.dueMs(1000, new RttEstimator())).toBeUndefined();
});

test('a link is due a round trip and 30 ms after its oldest record was sent', () => {
  expect(new LinkDoubt().dueMs(1000, path(50))).toBeCloseTo(1080, 0);
});

test('where round trips vary it is given four times their deviation, and the delay of acknowledgements', () => {
  const dueMs = new LinkDoubt().dueMs(1000, path(200, 40)) ?? 0;
  expect(dueMs).toBeGreaterThan(1200 + 4 * 35);
  expect(dueMs).toBeLessThan(1200 + 4 * 45 + 25 + 10);
});

test('what was acknowledged lately is not doubted for a record that a growing queue delays', () => {
  const doubt = new LinkDoubt();
  doubt.acknowledged(1500);
  expect(doubt.dueMs(1000, path(50))).toBeCloseTo(1530, 0);
});

test('a doubt is refuted by any acknowledgement, and the link left alone for eight times its silence', () => {
  const doubt = new LinkDoubt();
  doubt.begin(1000, 7, 8);
  expect([doubt.state, doubt.dueMs(900, path(50))]).toEqual(['overdue', undefined]);
  doubt.acknowledged(1010);
  expect([doubt.state, doubt.steadyAtMs]).toEqual(['recovering', 1090]);
  doubt.settle();
  expect([doubt.state, doubt.steadyAtMs]).toEqual(['steady', undefined]);
});

test('it is left alone for a minute at the most', () => {
  const doubt = new LinkDoubt();
  doubt.begin(0, 1, 8);
  doubt.acknowledged(3_600_000);
  expect(doubt.steadyAtMs).toBe(3_660_000);
});

test('a link that recovers may be doubted again, and then is not due to be steady', () => {
  const doubt = new LinkDoubt();
  doubt.begin(1000, 1, 8);
  doubt.acknowledged(1100);
  expect(doubt.dueMs(1200, path(50))).toBeCloseTo(1280, 0);
  doubt.begin(1280, 2, 8);
  expect([doubt.state, doubt.steadyAtMs]).toEqual(['overdue', undefined]);
});

test('what was sent over another link is known by record and stream', () => {
  const doubt = new LinkDoubt();
  expect(doubt.isHedged(0, 0)).toBe(false);
  doubt.begin(1000, 7, 1);
  expect([doubt.isHedged(6, 0), doubt.isHedged(7, 0), doubt.isHedged(6, 1)]).toEqual([
    true,
    false,
    false,
  ]);
});
