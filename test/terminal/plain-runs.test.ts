import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { PlainRuns } from '../../src/terminal/plain-runs.ts';

const LINE = 'x\r\n';
const KEPT = 4;

/** Runs of `stretches`, each pushed by lines, that are worth 30 bytes. */
function runsOf(...stretches: readonly (number | string)[]): PlainRuns {
  const runs = new PlainRuns(0, KEPT, 30);
  for (const stretch of stretches) {
    if (typeof stretch === 'string') runs.push(utf8(stretch));
    else for (let line = 0; line < stretch; line += 1) runs.push(utf8(LINE));
  }
  return runs;
}

test('the run that goes on has a shortcut from anywhere in it', () => {
  const runs = runsOf(100);
  const end = 3 * (100 - KEPT);
  expect([0, 1, end - 30].map((offset) => runs.shortcutFrom(offset)?.offset)).toEqual([
    end,
    end,
    end,
  ]);
  expect([end - 29, end, 300].map((offset) => runs.shortcutFrom(offset))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(runs.isPlainFrom(0)).toBe(true);
});

test('one that has ended has it still, and so has the next', () => {
  const runs = runsOf(100, '\u001b[2J', 50);
  expect(runs.shortcutFrom(0)?.offset).toBe(288);
  expect(runs.shortcutFrom(300)).toBeUndefined();
  expect(runs.shortcutFrom(304)?.offset).toBe(304 + 3 * (50 - KEPT));
  expect([0, 303, 304].map((offset) => runs.isPlainFrom(offset))).toEqual([false, false, true]);
});

test('a change of size ends it', () => {
  const runs = runsOf(20);
  runs.restart();
  for (let line = 0; line < KEPT; line += 1) runs.push(utf8(LINE));
  expect(runs.shortcutFrom(0)?.offset).toBe(3 * (20 - KEPT));
});

test('of those that have ended no more than 64 are remembered, and none that is of no use', () => {
  const runs = runsOf();
  for (let round = 0; round < 70; round += 1) {
    for (let line = 0; line < 20; line += 1) runs.push(utf8(LINE));
    runs.restart();
  }
  expect(runs.shortcutFrom(5 * 60)).toBeUndefined();
  expect(runs.shortcutFrom(6 * 60)?.offset).toBe(6 * 60 + 48);
  runs.release(6 * 60 + 49);
  expect(runs.shortcutFrom(6 * 60)).toBeUndefined();
  expect(runs.shortcutFrom(7 * 60)?.offset).toBe(7 * 60 + 48);
});
