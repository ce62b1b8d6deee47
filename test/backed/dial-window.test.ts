import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DialWindow } from '../../src/backed/dial-window.ts';
import { DIAL_WINDOW } from '../../src/wire/limits.ts';

test('accepts each number once: the highest, and the 64 below it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -2, max: 300 }), { maxLength: 200 }), (numbers) => {
      const window = new DialWindow();
      const seen = new Set<number>();
      let highest = 0;
      for (const number of numbers) {
        const isGood = number >= 1 && number >= highest - DIAL_WINDOW && !seen.has(number);
        expect(window.accept(number)).toBe(isGood);
        if (!isGood) continue;
        seen.add(number);
        highest = Math.max(highest, number);
      }
    }),
    { numRuns: 200 },
  );
});

test('of the 64 below the highest the lowest is the last that is taken', () => {
  const window = new DialWindow();
  expect(window.accept(1000)).toBe(true);
  expect(window.accept(935)).toBe(false);
  expect(window.accept(936)).toBe(true);
  expect(window.accept(936)).toBe(false);
  expect(window.accept(1001)).toBe(true);
  expect(window.accept(937)).toBe(true);
  expect(window.accept(936)).toBe(false);
});

test('a jump to the largest number shuts out all others and keeps nothing of them', () => {
  const window = new DialWindow();
  expect(window.accept(3)).toBe(true);
  expect(window.accept(Number.MAX_SAFE_INTEGER)).toBe(true);
  expect(window.accept(4)).toBe(false);
  expect(window.accept(Number.MAX_SAFE_INTEGER)).toBe(false);
});
