import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, EMPTY_BYTES, utf8 } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import { decodeSocksDatagram, encodeSocksDatagram } from '../../src/forward/socks-datagram.ts';
import { wire } from './socks-bytes.ts';

const VECTORS: readonly [string, number, string, string][] = [
  ['192.0.2.1', 53, 'hi', "0000 00 01 c0000201 0035 'hi'"],
  ['example.com', 53, '', "0000 00 03 0b 'example.com' 0035"],
  ['2001:db8::1', 443, 'x', "0000 00 04 20010db8 00000000 00000000 00000001 01bb 'x'"],
];

test.each(VECTORS)('a datagram of %s port %i with %j is its bytes', (host, port, text, bytes) => {
  expect(encodeSocksDatagram(host, port, utf8(text))).toEqual(wire(bytes));
  expect(decodeSocksDatagram(wire(bytes))).toEqual({ host, port, payload: utf8(text) });
});

test('a datagram that is cut within its head is dropped', () => {
  for (const [host, port] of VECTORS) {
    const head = encodeSocksDatagram(host, port, EMPTY_BYTES);
    for (let length = 0; length < head.length; length += 1) {
      expect(decodeSocksDatagram(head.subarray(0, length))).toBeUndefined();
    }
  }
});

test.each([
  ['the first fragment', "0000 01 01 c0000201 0035 'hi'"],
  ['the last fragment', "0000 81 01 c0000201 0035 'hi'"],
  ['one to port 0', "0000 00 01 c0000201 0000 'hi'"],
  ['one with an unknown type of address', "0000 00 02 c0000201 0035 'hi'"],
  ['one to no name', "0000 00 03 00 0035 'hi'"],
  ['one to a name with a line feed', "0000 00 03 02 'a' 0a 0035 'hi'"],
])('%s is dropped', (_, bytes) => {
  expect(decodeSocksDatagram(wire(bytes))).toBeUndefined();
});

test('the reserved bytes do not matter', () => {
  expect(decodeSocksDatagram(wire("beef 00 01 c0000201 0035 'hi'"))).toBeDefined();
});

test('what is written is read again', () => {
  const anyHost = fc.oneof(fc.ipV4(), fc.domain());
  const anyPort = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(anyHost, anyPort, fc.uint8Array({ maxLength: 2000 }), (host, port, payload) => {
      const bytes = encodeSocksDatagram(host, port, payload);
      expect(decodeSocksDatagram(bytes)).toEqual({ host, port, payload });
    }),
  );
});

test('what is read is written again as the same bytes', () => {
  const anyAddress = fc.oneof(
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => concatBytes([wire('01'), bytes])),
    fc
      .uint8Array({ minLength: 16, maxLength: 16 })
      .map((bytes) => concatBytes([wire('04'), bytes])),
    fc
      .tuple(fc.uint8Array({ minLength: 6, maxLength: 6 }), fc.nat({ max: 10 }))
      .map(([some, zeros]) =>
        concatBytes([wire('04'), new Uint8Array(zeros), some, new Uint8Array(10 - zeros)]),
      ),
  );
  fc.assert(
    fc.property(anyAddress, fc.uint8Array({ maxLength: 30 }), (address, payload) => {
      const bytes = concatBytes([wire('0000 00'), address, wire('0035'), payload]);
      const read = decodeSocksDatagram(bytes);
      expect(read && encodeSocksDatagram(read.host, read.port, read.payload)).toEqual(bytes);
    }),
  );
});

test('no bytes make it throw', () => {
  const anyHead = fc
    .tuple(fc.constantFrom(0, 1), fc.constantFrom(1, 2, 3, 4))
    .map(([fragment, type]) => Uint8Array.of(0, 0, fragment, type));
  fc.assert(
    fc.property(fc.option(anyHead), fc.uint8Array({ maxLength: 300 }), (head, bytes) => {
      decodeSocksDatagram(concatBytes([head ?? EMPTY_BYTES, bytes]));
    }),
    { numRuns: 2000 },
  );
});

test('a source that is no host, or has no port, is an EtError', () => {
  expect(() => encodeSocksDatagram('n'.repeat(256), 53, EMPTY_BYTES)).toThrow(EtError);
  expect(() => encodeSocksDatagram('192.0.2.1', 65_536, EMPTY_BYTES)).toThrow(EtError);
});
