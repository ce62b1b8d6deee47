import { describe, expect, test } from 'vitest';
import { concatBytes, EMPTY_BYTES, utf8 } from '../../src/base/bytes.ts';
import { decodeSocks4Request } from '../../src/forward/socks4-request.ts';
import { wire } from './socks-bytes.ts';

test.each([
  ['an address', "04 01 0050 c0000201 'me' 00", 1, '192.0.2.1', 80],
  ['an address without a user', '04 01 0050 c0000201 00', 1, '192.0.2.1', 80],
  ['a name', "04 01 01bb 00000001 00 'example.com' 00", 1, 'example.com', 443],
  ['a name and a user', "04 01 01bb 000000ff 'me' 00 'x' 00", 1, 'x', 443],
  ['the address 0.0.0.0, which announces no name', '04 01 0050 00000000 00', 1, '0.0.0.0', 80],
  ['the address 0.0.1.0, which announces no name', '04 02 0050 00000100 00', 2, '0.0.1.0', 80],
])('%s is read, and nothing behind it', (_, text, command, host, port) => {
  const bytes = wire(text);
  const request = { kind: 'request', command, host, port, end: bytes.length };
  expect(decodeSocks4Request(bytes)).toEqual(request);
  expect(decodeSocks4Request(concatBytes([bytes, utf8('GET /')]))).toEqual(request);
  for (let length = 0; length < bytes.length; length += 1) {
    expect(decodeSocks4Request(bytes.subarray(0, length))).toEqual({ kind: 'partial' });
  }
});

describe('a text is bounded whether its end has come or not', () => {
  const ADDRESS = '04 01 0050 c0000201';
  const NAME = '04 01 0050 00000001 00';
  test.each([
    ['user id', ADDRESS, 512],
    ['name', NAME, 255],
  ])('%s', (_, head, maxBytes) => {
    const kindOf = (length: number, end: Uint8Array) =>
      decodeSocks4Request(concatBytes([wire(head), utf8('n'.repeat(length)), end])).kind;
    expect(kindOf(maxBytes, Uint8Array.of(0))).toBe('request');
    expect(kindOf(maxBytes, EMPTY_BYTES)).toBe('partial');
    expect(kindOf(maxBytes + 1, Uint8Array.of(0))).toBe('malformed');
    expect(kindOf(maxBytes + 1, EMPTY_BYTES)).toBe('malformed');
  });
});

test.each([
  ['no name', '04 01 0050 00000001 00 00'],
  ['a name with a space', "04 01 0050 00000001 00 'a b' 00"],
  ['a name that is not UTF-8', '04 01 0050 00000001 00 ff 00'],
])('%s is malformed', (_, bytes) => {
  expect(decodeSocks4Request(wire(bytes))).toEqual({ kind: 'malformed' });
});
