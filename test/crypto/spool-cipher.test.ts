import { createSecretKey } from 'node:crypto';
import { gcm } from '@noble/ciphers/aes.js';
import { expect, test } from 'vitest';
import { concatBytes, toHex, utf8 } from '../../src/base/bytes.ts';
import { SpoolCipher } from '../../src/crypto/spool-cipher.ts';
import type { SealedBlock } from '../../src/wire/block-cipher.ts';

const text = utf8('a block of output');

function whole(block: SealedBlock): Uint8Array {
  return concatBytes(block.pieces);
}

test('a block comes back under its number, offset and key, and only so', () => {
  const cipher = new SpoolCipher();
  const sealed = cipher.seal(65_536, text);
  expect(cipher.open(sealed.number, 65_536, whole(sealed))).toEqual(text);
  expect(cipher.open(sealed.number + 1, 65_536, whole(sealed))).toBeUndefined();
  expect(cipher.open(sealed.number, 0, whole(sealed))).toBeUndefined();
  expect(new SpoolCipher().open(sealed.number, 65_536, whole(sealed))).toBeUndefined();
});

test('an offset beyond 4 GiB is bound as well', () => {
  const cipher = new SpoolCipher();
  const sealed = cipher.seal(2 ** 40, text);
  expect(cipher.open(0, 2 ** 40, whole(sealed))).toEqual(text);
  expect(cipher.open(0, 2 ** 41, whole(sealed))).toBeUndefined();
});

test('a block is AES-256-GCM as another implementation has it, with all that it is bound to', () => {
  const raw = new Uint8Array(32).fill(0x42);
  const cipher = new SpoolCipher(createSecretKey(raw), 0x01_02_03_04);
  const nonce = Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4);
  const associated = concatBytes([
    utf8('everterm spool 1'),
    Uint8Array.of(0, 0, 0, 0, 1, 2, 3, 4),
    Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0),
    Uint8Array.of(0, 0, 0, 17),
  ]);
  const sealed = whole(cipher.seal(65_536, text));
  expect(toHex(sealed)).toBe(toHex(gcm(raw, nonce, associated).encrypt(text)));
});

test('no two blocks have the same number, and the same text is sealed differently', () => {
  const cipher = new SpoolCipher();
  const blocks = Array.from({ length: 1000 }, () => cipher.seal(0, text));
  expect(new Set(blocks.map(({ number }) => number)).size).toBe(1000);
  expect(new Set(blocks.map((block) => toHex(whole(block)))).size).toBe(1000);
});

test('when all numbers are used nothing is sealed any more', () => {
  const cipher = new SpoolCipher(undefined, 2 ** 32 - 1);
  const last = cipher.seal(0, text);
  expect(cipher.open(last.number, 0, whole(last))).toEqual(text);
  const exhausted = expect.objectContaining({ code: 'ET_ERR_STATE' });
  expect(() => cipher.seal(0, text)).toThrowError(exhausted);
  expect(() => cipher.seal(0, text)).toThrowError(exhausted);
});

test('nothing opens with any bit flipped, cut short or longer', () => {
  const cipher = new SpoolCipher();
  const sealed = whole(cipher.seal(0, text));
  for (let bit = 0; bit < 8 * sealed.length; bit += 1) {
    const flipped = sealed.slice();
    flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(cipher.open(0, 0, flipped)).toBeUndefined();
  }
  for (let length = 0; length < sealed.length; length += 1)
    expect(cipher.open(0, 0, sealed.subarray(0, length))).toBeUndefined();
  expect(cipher.open(0, 0, Uint8Array.from([...sealed, 0]))).toBeUndefined();
});
