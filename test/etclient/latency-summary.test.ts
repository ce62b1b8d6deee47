import fc from 'fast-check';
import { expect, test } from 'vitest';
import { summarizeLatency } from '../../src/etclient/latency-summary.ts';

test('nothing measured is nothing said', () => {
  expect(summarizeLatency([])).toBeUndefined();
});

test.each<[readonly number[], readonly [number, number, number, number]]>([
  [[7], [7, 7, 7, 7]],
  [
    [3, 1],
    [1, 1, 3, 3],
  ],
  [
    [30, 10, 20],
    [10, 20, 30, 30],
  ],
  [Array.from({ length: 100 }, (_, at) => 100 - at), [1, 50, 95, 100]],
  // As numbers, not as texts.
  [
    [9, 10, 100],
    [9, 10, 100, 100],
  ],
])('%j', (samples, [min, median, p95, max]) => {
  expect(summarizeLatency(samples)).toEqual({ min, median, p95, max });
});

test('so many samples do not exceed a quantile, and it is one of them', () => {
  const list = fc.array(fc.float({ min: 0, max: 1000, noNaN: true }), { minLength: 1 });
  fc.assert(
    fc.property(list, (samples) => {
      const summary = summarizeLatency(samples);
      for (const [share, value] of [
        [0.5, summary?.median ?? -1],
        [0.95, summary?.p95 ?? -1],
      ] as const) {
        expect(samples).toContain(value);
        const within = samples.filter((each) => each <= value).length;
        const below = samples.filter((each) => each < value).length;
        expect(within).toBeGreaterThanOrEqual(share * samples.length);
        expect(below).toBeLessThan(share * samples.length);
      }
    }),
  );
});
