import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Range, RangeSet } from '../../src/backed/range-set.ts';

const UNIVERSE = 48;

type Step = {
  readonly kind: 'add' | 'remove';
  readonly start: number;
  readonly length: number;
};

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.constantFrom('add' as const, 'add' as const, 'remove' as const),
  start: fc.integer({ min: 0, max: UNIVERSE - 1 }),
  length: fc.integer({ min: 0, max: 12 }),
});

function apply(set: RangeSet, reference: Set<number>, { kind, start, length }: Step): void {
  const end = Math.min(start + length, UNIVERSE);
  if (kind === 'add') set.add(start, end);
  else set.remove(start, end);
  for (let n = start; n < end; n += 1) {
    if (kind === 'add') reference.add(n);
    else reference.delete(n);
  }
}

function rangesOf(isIn: (n: number) => boolean): Range[] {
  const ranges: { start: number; end: number }[] = [];
  for (let n = 0; n < UNIVERSE; n += 1) {
    if (!isIn(n)) continue;
    const last = ranges[ranges.length - 1];
    if (last !== undefined && last.end === n) last.end = n + 1;
    else ranges.push({ start: n, end: n + 1 });
  }
  return ranges;
}

test('is the set of whole numbers that were added and not removed, as the fewest ranges', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const set = new RangeSet();
      const reference = new Set<number>();
      for (const each of steps) {
        apply(set, reference, each);
        const expected = rangesOf((n) => reference.has(n));
        const { count, isEmpty, size, first, last } = set;
        expect({ ranges: [...set], count, isEmpty, size, first, last }).toEqual({
          ranges: expected,
          count: expected.length,
          isEmpty: expected.length === 0,
          size: reference.size,
          first: expected[0],
          last: expected[expected.length - 1],
        });
        expect(rangesOf((n) => set.has(n))).toEqual(expected);
      }
    }),
    { numRuns: 100 },
  );
});

test('the gaps of any stretch are what is not in the set', () => {
  const stretch = fc.tuple(
    fc.integer({ min: 0, max: UNIVERSE }),
    fc.integer({ min: 0, max: UNIVERSE }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), stretch, (steps, [start, end]) => {
      const set = new RangeSet();
      const reference = new Set<number>();
      for (const each of steps) apply(set, reference, each);
      const gaps: Range[] = [];
      set.forEachGap(start, end, (gapStart, gapEnd) => gaps.push({ start: gapStart, end: gapEnd }));
      expect(gaps).toEqual(rangesOf((n) => n >= start && n < end && !reference.has(n)));
    }),
    { numRuns: 300 },
  );
});

test('holds numbers up to the largest that a double counts', () => {
  const set = new RangeSet();
  const top = Number.MAX_SAFE_INTEGER;
  set.add(top - 10, top - 5);
  set.add(top - 4, top);
  expect(set.count).toBe(2);
  set.add(top - 5, top - 4);
  expect([...set]).toEqual([{ start: top - 10, end: top }]);
});
