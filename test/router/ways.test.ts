import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Shares } from '../../src/router/shares.ts';
import { Ways } from '../../src/router/ways.ts';
import { MAX_WAYS, WAY_LIFE_MS } from '../../src/wire/limits.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

function waysOf(most = 100_000) {
  const clock = new VirtualClock();
  const shares = new Shares(most, 1);
  const ways = new Ways(clock, shares, 1000, (number) => Uint8Array.of(number));
  const hear = (label: string): number => {
    const known = ways.hear({ label });
    if (known === undefined) throw new Error(`no room for ${label}`);
    return known.number;
  };
  return { clock, shares, ways, hear };
}

test('who was heard is answered for 60 s, and for as long again when heard again', () => {
  const { clock, ways, hear } = waysOf();
  const number = hear('a');
  clock.advance(WAY_LIFE_MS);
  expect(ways.answer(number)?.label).toBe('a');
  expect(hear('a')).toBe(number);
  clock.advance(WAY_LIFE_MS);
  expect(ways.answer(number)?.label).toBe('a');
  clock.advance(1);
  expect(ways.answer(number)).toBeUndefined();
  // Answers do not keep a way.
  expect(hear('a')).toBe(number);
});

test('a number that was never told leads nowhere', () => {
  const { ways, hear } = waysOf();
  const number = hear('a');
  for (const other of [number + 1, number - 1, 0, 2 ** 32 - 1]) {
    expect(ways.answer(other)).toBeUndefined();
  }
});

test('an answer goes by the socket that has heard the way last', () => {
  const { ways } = waysOf();
  const [before, after] = [{ label: 'a' }, { label: 'a' }];
  const number = ways.hear(before)?.number ?? 0;
  expect(ways.answer(number)).toBe(before);
  ways.hear(after);
  expect(ways.answer(number)).toBe(after);
});

test('made-up addresses push out one another, and never who was answered', () => {
  const { ways, shares, hear } = waysOf();
  const numbers = ['a', 'b', 'c'].map(hear);
  for (const number of numbers) ways.answer(number);
  const early = hear('early');
  for (let i = 0; i < 10 * MAX_WAYS; i += 1) hear(`flood ${i}`);
  expect(numbers.map((number) => ways.answer(number)?.label)).toEqual(['a', 'b', 'c']);
  expect(ways.answer(early)).toBeUndefined();
  expect([ways.count, shares.count]).toEqual([MAX_WAYS + 3, MAX_WAYS + 3]);
  ways.clear();
  expect([ways.count, shares.count]).toEqual([0, 0]);
});

test('of those who were answered the latest 256 are kept', () => {
  const { ways, hear } = waysOf();
  const numbers = Array.from({ length: MAX_WAYS + 2 }, (_, i) => hear(`way ${i}`));
  // The first two have given way already to those who came after them.
  expect(
    numbers.map((number) => ways.answer(number)).filter((way) => way === undefined),
  ).toHaveLength(2);
  const first = hear('way 2');
  const late = [hear('late'), hear('later')];
  for (const number of late) expect(ways.answer(number)).toBeDefined();
  expect(ways.count).toBe(MAX_WAYS);
  expect(ways.answer(first)?.label).toBe('way 2');
  expect(ways.answer(numbers[3] ?? 0)).toBeUndefined();
});

test('where the shares are used up a session server gives up the oldest of its own, or has none', () => {
  const { ways, shares, hear } = waysOf(3);
  expect(shares.take(2)).toBe(true);
  const numbers = ['a', 'b', 'c'].map(hear);
  expect(numbers.map((number) => ways.answer(number)?.label)).toEqual([undefined, 'b', 'c']);
  const full = new Shares(1, 1);
  full.take(2);
  const other = new Ways<{ label: string }>(new VirtualClock(), full, 1, () => new Uint8Array());
  expect(other.hear({ label: 'x' })).toBeUndefined();
  expect([other.count, full.count]).toEqual([0, 1]);
});

test('what was not heard for 60 s goes when another comes', () => {
  const { clock, ways, hear } = waysOf();
  ways.answer(hear('answered'));
  hear('strange');
  clock.advance(WAY_LIFE_MS + 1);
  hear('another');
  expect(ways.count).toBe(1);
});

test('an answer goes to the very way that has its number and was heard within 60 s, whatever comes between', () => {
  const step = fc.record({
    label: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g'),
    what: fc.constantFrom('hear', 'hear', 'answer'),
    waitMs: fc.constantFrom(0, 1, 20_000, 60_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const { clock, shares, ways } = waysOf(4);
      const labelOf = new Map<number, string>();
      const numberOf = new Map<string, number>();
      const heardMs = new Map<string, number>();
      for (const { label, what, waitMs } of steps) {
        clock.advance(waitMs);
        if (what === 'hear') {
          const number = ways.hear({ label })?.number ?? 0;
          expect(labelOf.get(number) ?? label).toBe(label);
          labelOf.set(number, label);
          numberOf.set(label, number);
          heardMs.set(label, clock.now());
          // The one that was heard last is always there.
          expect(ways.answer(number)?.label).toBe(label);
        } else {
          const answered = ways.answer(numberOf.get(label) ?? 0);
          const isRecent = clock.now() - (heardMs.get(label) ?? -1e9) <= WAY_LIFE_MS;
          expect(answered === undefined || (answered.label === label && isRecent)).toBe(true);
        }
        expect(ways.count).toBe(shares.count);
        expect(ways.count).toBeLessThanOrEqual(4);
      }
    }),
  );
});
