import { expect, test } from 'vitest';
import { latenciesMs, letterOf, summarize, unechoedCount } from './key-times.ts';

test('a key that was never echoed counts as the whole run', () => {
  const times = {
    typedMs: [100, 300, 500],
    echoedMs: [150, undefined, 620],
    startMs: 90,
    endMs: 1090,
  };
  expect(latenciesMs(times)).toEqual([50, 1000, 120]);
  expect(unechoedCount(times)).toBe(1);
});

test('the summary is the mean and three quantiles', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index);
  expect(summarize([...hundred, 504].reverse())).toEqual({
    medianMs: 50,
    meanMs: 54,
    p95Ms: 95,
    p99Ms: 99,
  });
});

test('no two keys that follow each other have the same letter', () => {
  for (let key = 0; key < 100; key += 1) expect(letterOf(key)).not.toBe(letterOf(key + 1));
});
