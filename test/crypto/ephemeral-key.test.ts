import { expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import {
  ephemeralKeyFrom,
  isLowOrderPoint,
  newEphemeralKey,
} from '../../src/crypto/ephemeral-key.ts';
import { hex } from '../support/hex.ts';

test('the Diffie-Hellman is the one of RFC 7748 section 6.1', () => {
  const alice = ephemeralKeyFrom(
    hex('77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a'),
  );
  const bob = ephemeralKeyFrom(
    hex('5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb'),
  );
  expect(toHex(alice.publicBytes)).toBe(
    '8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a',
  );
  expect(toHex(bob.publicBytes)).toBe(
    'de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f',
  );
  const shared = '4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742';
  expect(toHex(alice.agree(bob.publicBytes) ?? new Uint8Array(0))).toBe(shared);
  expect(toHex(bob.agree(alice.publicBytes) ?? new Uint8Array(0))).toBe(shared);
});

test('two fresh keys agree, and no two are alike', () => {
  const a = newEphemeralKey();
  const b = newEphemeralKey();
  const shared = a.agree(b.publicBytes);
  expect(shared).toHaveLength(32);
  expect(b.agree(a.publicBytes)).toEqual(shared);
  expect(a.publicBytes).not.toEqual(b.publicBytes);
});

const LOW_ORDER = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
];

test.each(LOW_ORDER)('%s gives no secret, and is known to before one is tried', (digits) => {
  const point = hex(digits);
  const key = newEphemeralKey();
  expect(key.agree(point)).toBeUndefined();
  expect(isLowOrderPoint(point)).toBe(true);
  point[31] = (point[31] ?? 0) | 0x80;
  expect(key.agree(point)).toBeUndefined();
  expect(isLowOrderPoint(point)).toBe(true);
  point[1] = (point[1] ?? 0) ^ 1;
  expect(isLowOrderPoint(point)).toBe(false);
  expect(key.agree(point)).toHaveLength(32);
});

test('an ordinary key is none of low order, and a malformed one gives no secret', () => {
  expect(isLowOrderPoint(newEphemeralKey().publicBytes)).toBe(false);
  for (const length of [0, 31, 33]) {
    expect(newEphemeralKey().agree(new Uint8Array(length).fill(9))).toBeUndefined();
  }
});
