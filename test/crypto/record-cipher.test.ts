import { createSecretKey } from 'node:crypto';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, toHex, utf8 } from '../../src/base/bytes.ts';
import { openAead, sealAead } from '../../src/crypto/aead.ts';
import { nobleRecordCipher } from '../../src/crypto/noble-record-cipher.ts';
import { type RecordCipher, recordCipher } from '../../src/crypto/record-cipher.ts';
import { hex } from '../support/hex.ts';

const CIPHERS: readonly (readonly [string, RecordCipher])[] = [
  ['node', recordCipher],
  ['noble', nobleRecordCipher],
];
const key = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');

function seal(cipher: RecordCipher, number: number, plaintext: Uint8Array): Uint8Array {
  const pieces: Uint8Array[] = [];
  cipher.newSealer(key).seal(number, plaintext, pieces);
  return concatBytes(pieces);
}

interface AeadVector {
  readonly name: string;
  readonly key: string;
  readonly nonce: string;
  readonly associated: string;
  readonly plaintext: string;
  readonly sealed: string;
}

const rfc8439 = JSON.parse(
  readFileSync(new URL('../vectors/rfc8439.json', import.meta.url), 'utf8'),
) as { readonly vectors: readonly AeadVector[] };

test.each(rfc8439.vectors)('the AEAD is the one of RFC 8439: $name', (vector) => {
  const secret = createSecretKey(hex(vector.key));
  const nonce = hex(vector.nonce);
  const associated = hex(vector.associated);
  const sealed = sealAead(secret, nonce, associated, hex(vector.plaintext));
  expect(toHex(sealed)).toBe(vector.sealed);
  const opened = openAead(secret, nonce, associated, hex(vector.sealed));
  expect(toHex(opened ?? new Uint8Array(0))).toBe(vector.plaintext);
  expect(openAead(secret, nonce, associated.subarray(1), hex(vector.sealed))).toBeUndefined();
  expect(openAead(secret, nonce, associated, hex(vector.sealed).subarray(1))).toBeUndefined();
});

describe.each(CIPHERS)('records by %s', (_, cipher) => {
  const twin = cipher === recordCipher ? nobleRecordCipher : recordCipher;

  test('have the nonce `00 00 00 00 || number, 8 bytes little-endian` and no associated data', () => {
    for (const [number, nonce] of [
      [0, '000000000000000000000000'],
      [0x01_02_03_04, '000000000403020100000000'],
      [2 ** 32 - 1, '00000000ffffffff00000000'],
    ] as const) {
      const expected = sealAead(createSecretKey(key), hex(nonce), new Uint8Array(0), utf8('hello'));
      expect(toHex(seal(cipher, number, utf8('hello')))).toBe(toHex(expected));
    }
  });

  test('are opened by the other implementation, at every size that matters', () => {
    const opener = twin.newOpener(key);
    for (const size of [1, 15, 16, 17, 63, 64, 65, 1200, 4095, 4096, 4097, 61_440]) {
      const plaintext = new Uint8Array(size).map((__, i) => i * 7);
      const sealed = seal(cipher, size, plaintext);
      expect(sealed).toHaveLength(size + 16);
      expect(opener.open(size, sealed)).toEqual(plaintext);
    }
  });

  test('are opened by the other implementation, whatever they hold', () => {
    const opener = twin.newOpener(key);
    fc.assert(
      fc.property(
        fc.nat({ max: 2 ** 32 - 1 }),
        fc.uint8Array({ minLength: 1, maxLength: 5000 }),
        (number, plaintext) => {
          expect(opener.open(number, seal(cipher, number, plaintext))).toEqual(plaintext);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('do not open with any bit flipped', () => {
    const opener = cipher.newOpener(key);
    const sealed = seal(cipher, 5, utf8('every bit counts'));
    for (let bit = 0; bit < 8 * sealed.length; bit += 1) {
      const flipped = sealed.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(opener.open(5, flipped)).toBeUndefined();
    }
    expect(opener.open(5, sealed)).toEqual(utf8('every bit counts'));
  });

  test('do not open under another number or key, cut short, or longer', () => {
    const sealed = seal(cipher, 5, utf8('hello'));
    const opener = cipher.newOpener(key);
    for (const number of [4, 6, 5 + 256, 5 + 2 ** 16, 5 + 2 ** 24]) {
      expect(opener.open(number, sealed)).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(opener.open(5, sealed.subarray(0, length))).toBeUndefined();
    }
    expect(opener.open(5, concatBytes([sealed, Uint8Array.of(0)]))).toBeUndefined();
    expect(cipher.newOpener(new Uint8Array(32)).open(5, sealed)).toBeUndefined();
  });

  test('that hold nothing do not open: a record has at least one byte', () => {
    const empty = sealAead(
      createSecretKey(key),
      new Uint8Array(12),
      new Uint8Array(0),
      new Uint8Array(0),
    );
    expect(cipher.newOpener(key).open(0, empty)).toBeUndefined();
  });

  test('are never sealed twice under one number, nor under a number beyond 2^32', () => {
    const sealer = cipher.newSealer(key);
    const pieces: Uint8Array[] = [];
    sealer.seal(0, utf8('a'), pieces);
    sealer.seal(7, utf8('a'), pieces);
    for (const number of [0, 7, 6, 2 ** 32, -1, Number.NaN]) {
      expect(() => sealer.seal(number, utf8('b'), pieces)).toThrowError(
        expect.objectContaining({ code: 'ET_ERR_INTERNAL' }),
      );
    }
    expect(pieces.map((piece) => piece.length)).toEqual([17, 17]);
  });

  test('leave the plaintext free for use again, and come in memory of their own', () => {
    const plaintext = new Uint8Array(5000).fill(1);
    const pieces: Uint8Array[] = [];
    cipher.newSealer(key).seal(0, plaintext, pieces);
    plaintext.fill(2);
    const sealed = concatBytes(pieces);
    const opened = cipher.newOpener(key).open(0, sealed);
    sealed.fill(0);
    expect(opened).toEqual(new Uint8Array(5000).fill(1));
  });

  test('come as plain Uint8Arrays, whose slice copies', () => {
    const pieces: Uint8Array[] = [];
    cipher.newSealer(key).seal(0, new Uint8Array(5000), pieces);
    const opened = cipher.newOpener(key).open(0, concatBytes(pieces));
    for (const bytes of [...pieces, opened]) {
      expect(Object.getPrototypeOf(bytes)).toBe(Uint8Array.prototype);
    }
  });

  test.each([0, 16, 31, 33])('are not made with a key of %i bytes', (length) => {
    const refused = expect.objectContaining({ code: 'ET_ERR_USAGE' });
    expect(() => cipher.newSealer(new Uint8Array(length))).toThrowError(refused);
    expect(() => cipher.newOpener(new Uint8Array(length))).toThrowError(refused);
  });
});

test('a small record is one piece, a large one is not copied together', () => {
  const pieces: Uint8Array[] = [];
  const sealer = recordCipher.newSealer(key);
  sealer.seal(0, new Uint8Array(4095), pieces);
  expect(pieces.map((piece) => piece.length)).toEqual([4111]);
  pieces.length = 0;
  sealer.seal(1, new Uint8Array(4096), pieces);
  expect(pieces.map((piece) => piece.length)).toEqual([4096, 16]);
});
