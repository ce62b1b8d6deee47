import fc from 'fast-check';
import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { FirstData, textsOf } from '../../src/etserver/first-data.ts';
import { MAX_FIRST_DATA_BYTES } from '../../src/wire/limits.ts';

const METADATA = expect.objectContaining({ code: 'ET_ERR_CHANNEL_METADATA' });

test('is whole after exactly as many bytes as were announced, however they are cut', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.string()), fc.array(fc.nat(40)), (value, cuts) => {
      const bytes = utf8(`${JSON.stringify(value)}behind`);
      const data = new FirstData(bytes.length - 'behind'.length);
      let at = 0;
      for (const cut of [...cuts, bytes.length]) {
        const piece = bytes.slice(at, at + cut);
        const taken = data.push(piece);
        // A piece is the caller's again after the call.
        piece.fill(0);
        at += taken;
        if (taken < piece.length) break;
      }
      expect(data.isComplete).toBe(true);
      expect(bytes.length - at).toBe('behind'.length);
      expect(data.parse()).toEqual({ ...value });
    }),
  );
});

test('of no bytes is an empty request, whole at once', () => {
  const data = new FirstData(0);
  expect(data.isComplete).toBe(true);
  expect(data.parse()).toEqual({});
});

test.each([-1, 1.5, Number.NaN, '5', undefined, null, MAX_FIRST_DATA_BYTES + 1])(
  'refuses %j as a length',
  (length) => {
    expect(() => new FirstData(length)).toThrow(METADATA);
  },
);

test.each(['[]', 'null', '5', '"x"', '{', '{"a":1', '\xff'])('refuses %j as a request', (text) => {
  const bytes = Buffer.from(text, 'latin1');
  const data = new FirstData(bytes.length);
  data.push(bytes);
  expect(() => data.parse()).toThrow(METADATA);
});

test('only texts pass as environment, under names that stay what they are', () => {
  const sent = {
    GOOD: 'a=b\n',
    '': 'x',
    'A=B': 'x',
    'A\0B': 'x',
    NUL: 'a\0b',
    NUMBER: 5,
    NULL: null,
  };
  expect(textsOf(sent)).toEqual({ GOOD: 'a=b\n' });
  expect(textsOf(undefined)).toEqual({});
  expect(textsOf('text')).toEqual({});
});
