import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, EMPTY_BYTES, utf8 } from '../../src/base/bytes.ts';
import { LineReader } from '../../src/router/line-reader.ts';
import { MAX_ROUTER_LINE } from '../../src/wire/limits.ts';

test('lines come out one by one, however they are cut, and bytes behind the last are left', () => {
  const bytes = utf8('{"take":"é"}\n{"ask":1}\nEVTM');
  fc.assert(
    fc.property(fc.nat(bytes.length), (at) => {
      const lines = new LineReader();
      const found: unknown[] = [];
      let read = lines.read(bytes.subarray(0, at));
      let unread = bytes.subarray(at);
      for (;;) {
        if (read === 'bad') break;
        if (read === 'short') {
          if (unread.length === 0) break;
          read = lines.read(unread);
          unread = EMPTY_BYTES;
          continue;
        }
        found.push(read.object);
        read = lines.read(concatBytes([read.rest, unread]));
        unread = EMPTY_BYTES;
      }
      expect(found).toEqual([{ take: 'é' }, { ask: 1 }]);
    }),
  );
});

test.each([
  ['no JSON', utf8('hello\n')],
  ['a list', utf8('[1]\n')],
  ['null', utf8('null\n')],
  ['not UTF-8', Uint8Array.of(0x22, 0xff, 0x22, 0x0a)],
  ['too long, with an end', utf8(`{"a":"${'x'.repeat(MAX_ROUTER_LINE)}"}\n`)],
  ['too long, without one', utf8('x'.repeat(MAX_ROUTER_LINE + 1))],
])('%s is bad', (_, bytes) => {
  expect(new LineReader().read(bytes)).toBe('bad');
});

test('the longest line is taken', () => {
  const line = `{"a":"${'x'.repeat(MAX_ROUTER_LINE - 8)}"}`;
  expect(line).toHaveLength(MAX_ROUTER_LINE);
  expect(new LineReader().read(utf8(`${line}\n`))).toMatchObject({ rest: EMPTY_BYTES });
});
