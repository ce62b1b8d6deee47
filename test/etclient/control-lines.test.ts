import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { ControlLines } from '../../src/etclient/control-lines.ts';

test('lines are the same however the bytes are cut, also within a character', () => {
  const lines = fc.array(fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', '')));
  fc.assert(
    fc.property(lines, fc.integer({ min: 1, max: 7 }), (texts, size) => {
      const bytes = utf8(texts.map((text) => `${text}\n`).join(''));
      const cut = new ControlLines(10_000);
      const found: string[] = [];
      for (let at = 0; at < bytes.length; at += size) {
        found.push(...(cut.push(bytes.subarray(at, at + size)) ?? ['too long']));
      }
      expect(found).toEqual(texts);
    }),
  );
});

test.each([
  ['at once', [11]],
  ['bit by bit', [6, 5]],
])('a line that is too long ends it, %s', (_, sizes) => {
  const lines = new ControlLines(10);
  expect(sizes.map((size) => lines.push(new Uint8Array(size).fill(0x61))).at(-1)).toBeUndefined();
});

test('as long as it may be, over and over, is well', () => {
  const lines = new ControlLines(10);
  for (let round = 0; round < 100; round += 1) {
    expect(lines.push(utf8('0123456789\n'))).toEqual(['0123456789']);
  }
});

test('what is not UTF-8 is no question', () => {
  expect(new ControlLines(10).push(Uint8Array.of(0xff, 0xfe, 0x0a, 0x61, 0x0a))).toEqual(['', 'a']);
});

test('keeps nothing of the buffer that it was given', () => {
  const lines = new ControlLines(10);
  const bytes = utf8('abc');
  lines.push(bytes);
  bytes.fill(0x78);
  expect(lines.push(utf8('\n'))).toEqual(['abc']);
});
