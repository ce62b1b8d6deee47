import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import { openFile, sealFile } from '../../src/crypto/sealed-file.ts';
import { SeededRandom } from '../support/seeded-random.ts';

const key = new Uint8Array(32).fill(0x42);
const text = utf8('{"session":"..."}');

test('a file comes back under its key and purpose, and only so', () => {
  const sealed = sealFile(key, 'credentials', text, new SeededRandom(1));
  expect(openFile(key, 'credentials', sealed)).toEqual(text);
  expect(openFile(key, 'log', sealed)).toBeUndefined();
  expect(openFile(new Uint8Array(32), 'credentials', sealed)).toBeUndefined();
});

test('an empty file and one of 100 kB come back', () => {
  const random = new SeededRandom(1);
  for (const plaintext of [new Uint8Array(0), new Uint8Array(100_000).fill(7)]) {
    expect(openFile(key, 'x', sealFile(key, 'x', plaintext, random))).toEqual(plaintext);
  }
});

test('the same text is sealed differently each time', () => {
  const random = new SeededRandom(1);
  const first = sealFile(key, 'x', text, random);
  expect(toHex(sealFile(key, 'x', text, random))).not.toBe(toHex(first));
});

test('nothing opens with any bit flipped, cut short or longer', () => {
  const sealed = sealFile(key, 'x', text, new SeededRandom(1));
  for (let bit = 0; bit < 8 * sealed.length; bit += 1) {
    const flipped = sealed.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(openFile(key, 'x', flipped)).toBeUndefined();
  }
  for (let length = 0; length < sealed.length; length += 1) {
    expect(openFile(key, 'x', sealed.subarray(0, length))).toBeUndefined();
  }
  expect(openFile(key, 'x', Uint8Array.from([...sealed, 0]))).toBeUndefined();
});

test('random bytes are no file, and no exception', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
      expect(openFile(key, 'x', bytes)).toBeUndefined();
    }),
  );
});

test.each([0, 16, 31, 33])('a key of %i bytes is refused', (length) => {
  const refused = expect.objectContaining({ code: 'ET_ERR_USAGE' });
  const short = new Uint8Array(length);
  expect(() => sealFile(short, 'x', text, new SeededRandom(1))).toThrowError(refused);
  expect(() => openFile(short, 'x', text)).toThrowError(refused);
});
