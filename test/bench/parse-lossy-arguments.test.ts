import { expect, test } from 'vitest';
import { parseLossyArguments } from './parse-lossy-arguments.ts';

const NAMES = ['lan', 'bursts'];
const ALL = { only: NAMES, quick: false, keys: 300, runs: undefined, isForDocs: false };

test.each([
  [[], ALL],
  [['--quick'], { ...ALL, quick: true, keys: 60 }],
  [['--quick', '--keys', '5'], { ...ALL, quick: true, keys: 5 }],
  [['--only', 'bursts', '--runs', '2'], { ...ALL, only: ['bursts'], runs: 2 }],
  [['--write-docs'], { ...ALL, only: [], isForDocs: true }],
  [['--write-docs', '--only', 'lan'], { ...ALL, only: ['lan'], isForDocs: true }],
  [['--quick', '-h'], undefined],
])('%j', (args, expected) => {
  expect(parseLossyArguments(args, NAMES)).toEqual(expected);
});

test.each([
  [['--only', 'lan,moon'], 'there is no part "moon", but lan, bursts'],
  [['--keys', '1701'], '--keys takes a count up to 1700, not 1701'],
  [['--runs', '0'], '--runs takes a count up to 1000, not 0'],
])('%j is refused', (args, message) => {
  expect(() => parseLossyArguments(args, NAMES)).toThrow(message);
});
