import fc from 'fast-check';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { formatTomlString } from '../../src/config/format-toml.ts';

test('any text comes back, on one line that shows every character', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const written = formatTomlString(text);
      expect(written).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      expect(parse(`a = ${written}`)).toEqual({ a: text });
    }),
  );
});

test('half of a character is replaced', () => {
  expect(parse(`a = ${formatTomlString('\ud800')}`)).toEqual({ a: '\u{fffd}' });
});
