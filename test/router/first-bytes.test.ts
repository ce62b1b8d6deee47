import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { beginsHttp, FirstBytes, type WholeHello } from '../../src/router/first-bytes.ts';
import { encodeJumpPreamble } from '../../src/wire/jump-preamble.ts';
import { HANDSHAKE_BYTES, HELLO_MAGIC } from '../../src/wire/limits.ts';

const ROUTE = Uint8Array.from({ length: 16 }, (_, i) => i + 1);

function helloFor(route: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(HANDSHAKE_BYTES.bytes).fill(0x5a);
  bytes.set(HELLO_MAGIC);
  bytes[4] = 1;
  bytes[5] = 1;
  bytes.set(route, 6);
  return bytes;
}

/** Fed in pieces; the last answer. */
function readIn(pieces: readonly Uint8Array[]): WholeHello | 'short' | 'stranger' {
  const first = new FirstBytes();
  let read: WholeHello | 'short' | 'stranger' = 'short';
  for (const piece of pieces) {
    // Bytes are valid until the call returns.
    const lent = new Uint8Array(piece);
    read = first.read(lent);
    lent.fill(0xff);
    if (read !== 'short') break;
  }
  return read;
}

function cut(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const ends = [...places.map((place) => place % bytes.length), bytes.length].sort((a, b) => a - b);
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
}

const HELLO = helloFor(ROUTE);
const JUMPED = concatBytes([encodeJumpPreamble({ host: 'far.example', port: 2022 }), HELLO]);

test.each([
  ['a hello', HELLO, undefined],
  ['a hello behind a preamble', JUMPED, { host: 'far.example', port: 2022 }],
] as const)('%s is read however it is cut, with what stands behind it', (_, bytes, jump) => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(2000), { maxLength: 6 }),
      fc.uint8Array({ maxLength: 900 }),
      (places, more) => {
        const pieces = cut(bytes, places);
        pieces.push(concatBytes([pieces.pop() ?? more, more]));
        expect(readIn(pieces)).toEqual({ hello: HELLO, routeId: ROUTE, jump, rest: more });
      },
    ),
  );
});

test('no proper prefix is a whole hello, nor a stranger', () => {
  for (const bytes of [HELLO, JUMPED]) {
    for (let length = 1; length < bytes.length; length += 1) {
      expect(readIn([bytes.subarray(0, length)])).toBe('short');
    }
  }
});

describe('is a stranger as soon as it can be nothing else', () => {
  const jumpTo = (text: string): Uint8Array =>
    concatBytes([utf8('EVTJ'), Uint8Array.of(1, text.length), utf8(text)]);
  test.each<[string, Uint8Array]>([
    ['text', utf8('x')],
    ['a wrong last letter of the magic', utf8('EVTX')],
    ['another envelope', Uint8Array.of(...HELLO_MAGIC, 2)],
    ['another key', Uint8Array.of(...HELLO_MAGIC, 1, 2)],
    ['another version of the preamble', Uint8Array.of(...utf8('EVTJ'), 2)],
    ['a target without a port', jumpTo('far.example')],
    ['a target with port 0', jumpTo('far.example:0')],
    ['a target with port 65536', jumpTo('far.example:65536')],
    ['an empty target', jumpTo('')],
    ['a target with a control character', jumpTo('a\nb:22')],
    ['a target with two colons and no brackets', jumpTo('::1:22')],
    ['a target that is not UTF-8', Uint8Array.of(...utf8('EVTJ'), 1, 4, 0xff, 0x3a, 0x32, 0x32)],
    ['a preamble behind a preamble: one hop', concatBytes([jumpTo('a:1'), jumpTo('b:2')])],
    ['HTTP behind a preamble', concatBytes([jumpTo('a:1'), utf8('GET / HTTP/1.1\r\n')])],
  ])('%s', (_, bytes) => {
    expect(readIn([bytes])).toBe('stranger');
    expect(readIn(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toBe('stranger');
  });
});

test('whatever comes is a hello, a stranger, or too short, and never an error', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 700 })), (pieces) => {
      for (const prefix of [[], [utf8('EVTM')], [utf8('EVTJ\x01')]]) {
        const read = readIn([...prefix, ...pieces]);
        expect(typeof read === 'string' || read.hello.length === 1400).toBe(true);
      }
    }),
  );
});

test('the target of a preamble may be an IPv6 address', () => {
  const bytes = concatBytes([encodeJumpPreamble({ host: '2001:db8::1', port: 7 }), HELLO]);
  expect(readIn([bytes])).toMatchObject({ jump: { host: '2001:db8::1', port: 7 } });
});

test.each([
  ['G', true],
  ['GET ', true],
  ['GET / HTTP/1.1', true],
  ['GETX', false],
  ['POST', false],
  ['EVTM', false],
  ['', false],
])('%j begins HTTP: %s', (text, isHttp) => {
  expect(beginsHttp(utf8(text))).toBe(isHttp);
});
