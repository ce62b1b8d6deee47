import { expect, test } from 'vitest';
import { textOf } from '../../src/base/bytes.ts';
import { RawMode } from '../../src/terminal/raw-mode.ts';

function watch(): { raw: RawMode; log: string[] } {
  const log: string[] = [];
  const device = {
    setRaw: (on: boolean) => void log.push(on ? 'raw' : 'cooked'),
    writeNow: (bytes: Uint8Array) => void log.push(textOf(bytes)),
  };
  const modes = { restoreSequence: () => 'undo', applySequence: () => 'redo' };
  return { raw: new RawMode(device, modes), log };
}

test('what was left on is undone before the terminal is given back, once', () => {
  const { raw, log } = watch();
  raw.enter();
  raw.enter();
  expect(raw.isRaw).toBe(true);
  raw.restore();
  raw.restore();
  expect(log).toEqual(['raw', 'undo', 'cooked']);
  expect(raw.isRaw).toBe(false);
});

test('a terminal that was never taken is not given back', () => {
  const { raw, log } = watch();
  raw.restore();
  raw.reassert();
  expect(log).toEqual([]);
});

test('a stop gives the terminal back, and the going on takes it again', () => {
  const { raw, log } = watch();
  raw.enter();
  raw.suspend(() => void log.push(`stopped ${raw.isRaw}`));
  expect(log).toEqual(['raw', 'undo', 'cooked', 'stopped false', 'raw', 'redo']);
});

test('a stop before raw mode changes nothing', () => {
  const { raw, log } = watch();
  raw.suspend(() => void log.push('stopped'));
  expect(log).toEqual(['stopped']);
});

test('a stop from outside is made good', () => {
  const { raw, log } = watch();
  raw.enter();
  raw.reassert();
  expect(log).toEqual(['raw', 'cooked', 'raw']);
});

test('a terminal that fails half way is given back all the same', () => {
  const log: string[] = [];
  const device = {
    setRaw: (on: boolean): void => {
      log.push(on ? 'raw' : 'cooked');
      if (on) throw new Error('EIO');
    },
    writeNow: () => undefined,
  };
  const none = { restoreSequence: () => '', applySequence: () => '' };
  const raw = new RawMode(device, none);
  expect(() => raw.enter()).toThrow('EIO');
  raw.restore();
  expect(log).toEqual(['raw', 'cooked']);
});
