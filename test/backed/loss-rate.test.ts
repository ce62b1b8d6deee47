import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LossRate } from '../../src/backed/loss-rate.ts';
import { RangeSet } from '../../src/backed/range-set.ts';
import type { AckRange } from '../../src/wire/frames.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** What a receiver of these numbers would acknowledge, highest first. */
function ranges(numbers: Iterable<number>, most = 1000): AckRange[] {
  const set = new RangeSet();
  for (const number of numbers) set.add(number, number + 1);
  const all: AckRange[] = [];
  for (let i = set.count - 1; i >= 0 && all.length < most; i -= 1) {
    const range = set.at(i);
    if (range !== undefined) all.push({ smallest: range.start, largest: range.end - 1 });
  }
  return all;
}

/** The rate after `records` records, of which `isLost` says which are lost, acknowledged each few. */
function measured(records: number, isLost: (n: number) => boolean, most?: number): LossRate {
  const rate = new LossRate();
  const arrived: number[] = [];
  for (let n = 0; n < records; n += 1) {
    if (!isLost(n)) arrived.push(n);
    if (n % 3 === 0 && arrived.length > 0) rate.take(ranges(arrived.slice(-300), most));
  }
  return rate;
}

describe('the rate of loss', () => {
  test('is nothing where all arrives, in whatever order, and before anything is known', () => {
    expect(measured(1000, () => false).rate).toBe(0);
    const rate = new LossRate();
    rate.take([]);
    expect([rate.rate, rate.burstiness]).toEqual([0, 0]);
    // 5 comes before 3 and 4.
    rate.take(ranges([0, 1, 2, 5]));
    rate.take(ranges([0, 1, 2, 3, 4, 5]));
    rate.take(ranges(Array.from({ length: 20 }, (_, n) => n)));
    expect(rate.rate).toBe(0);
  });

  test.each([0.05, 0.3, 0.6])('is near %d where so much is lost', (loss) => {
    const random = new SeededRandom(3);
    const { rate, burstiness } = measured(3000, () => random.uniform() < loss);
    expect(Math.abs(rate - loss)).toBeLessThan(0.12);
    expect(Math.abs(burstiness - loss)).toBeLessThan(0.2);
  });

  test('is no other for acknowledgements that name the last few ranges only', () => {
    const random = new SeededRandom(4);
    const { rate } = measured(3000, () => random.uniform() < 0.3, 3);
    expect(Math.abs(rate - 0.3)).toBeLessThan(0.12);
  });

  test('knows bursts: five in a row, a tenth in all', () => {
    const { rate, burstiness } = measured(2000, (n) => n % 50 < 5);
    expect(Math.abs(rate - 0.1)).toBeLessThan(0.05);
    expect(Math.abs(burstiness - 0.8)).toBeLessThan(0.1);
  });

  test('has forgotten a bad time after some hundred records', () => {
    const random = new SeededRandom(5);
    const { rate } = measured(1600, (n) => n < 1000 && random.uniform() < 0.5);
    expect(rate).toBeLessThan(0.01);
  });

  test('counts each record once, whatever is acknowledged how often', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(80), { minLength: 1 }),
        fc.array(fc.nat(80)),
        (numbers, cuts) => {
          const rate = new LossRate();
          const sorted = [...numbers].sort((a, b) => a - b);
          for (const cut of [...cuts].sort((a, b) => a - b)) {
            const now = ranges(sorted.filter((n) => n <= cut));
            rate.take(now);
            rate.take(now);
          }
          expect(rate.rate).toBeGreaterThanOrEqual(0);
          expect(rate.rate).toBeLessThanOrEqual(1);
          expect(rate.burstiness).toBeLessThanOrEqual(1);
        },
      ),
    );
  });
});
