import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { Reader } from '../../src/wire/reader.ts';
import { varintSize, writeVarint, writeVarintSized } from '../../src/wire/varint.ts';
import { hex } from '../support/hex.ts';

function written(n: number): string {
  const target = new Uint8Array(9);
  const end = writeVarint(target, 0, n);
  return toHex(target.subarray(0, end));
}

function read(digits: string): number {
  return new Reader(hex(digits), 'ET_ERR_FRAME').varint();
}

describe('the examples of RFC 9000 section A.1', () => {
  test.each([
    ['9d7f3e7d', 494_878_333],
    ['7bbd', 15_293],
    ['25', 37],
  ])('%s is %i, in its shortest form', (digits, n) => {
    expect(read(digits)).toBe(n);
    expect(written(n)).toBe(digits);
  });

  test('4025 is 37 in a longer form', () => {
    expect(read('4025')).toBe(37);
  });

  test('c2197c5eff14e88c is above 2^53-1, and an error', () => {
    expect(() => read('c2197c5eff14e88c')).toThrowError(
      expect.objectContaining({ code: 'ET_ERR_FRAME' }),
    );
  });
});

test.each([
  [0, '00'],
  [63, '3f'],
  [64, '4040'],
  [16_383, '7fff'],
  [16_384, '80004000'],
  [2 ** 30 - 1, 'bfffffff'],
  [2 ** 30, 'c000000040000000'],
  [2 ** 31, 'c000000080000000'],
  [2 ** 32 - 1, 'c0000000ffffffff'],
  [2 ** 32, 'c000000100000000'],
  [2 ** 53 - 1, 'c01fffffffffffff'],
])('%i has the shortest form %s and comes back', (n, digits) => {
  expect(written(n)).toBe(digits);
  expect(varintSize(n)).toBe(digits.length / 2);
  expect(read(digits)).toBe(n);
});

test.each([1, 2, 4, 8] as const)('a number written in %i bytes comes back', (size) => {
  const target = new Uint8Array(size + 2).fill(0xaa);
  expect(writeVarintSized(target, 1, 42, size)).toBe(size + 1);
  expect(target[0]).toBe(0xaa);
  expect(target[size + 1]).toBe(0xaa);
  expect(new Reader(target.subarray(1), 'ET_ERR_FRAME').varint()).toBe(42);
});

test.each([2 ** 53, -1, Number.NaN, Number.POSITIVE_INFINITY])(
  'writing %d is a bug of ours, and said so',
  (n) => {
    expect(() => written(n)).toThrowError(expect.objectContaining({ code: 'ET_ERR_INTERNAL' }));
  },
);

test('2^53 and the largest varint are refused, 2^53-1 is not', () => {
  expect(read('c01fffffffffffff')).toBe(Number.MAX_SAFE_INTEGER);
  for (const digits of ['c020000000000000', 'c020000000000001', 'ffffffffffffffff']) {
    expect(() => read(digits)).toThrowError(expect.objectContaining({ code: 'ET_ERR_FRAME' }));
  }
});

test('a number cut short is refused at every length', () => {
  for (const digits of ['4040', '80004000', 'c000000040000000']) {
    const bytes = hex(digits);
    for (let length = 0; length < bytes.length; length += 1) {
      const reader = new Reader(bytes.subarray(0, length), 'ET_ERR_MESSAGE');
      expect(() => reader.varint()).toThrowError(
        expect.objectContaining({ code: 'ET_ERR_MESSAGE' }),
      );
    }
  }
});
