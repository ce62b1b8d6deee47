import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { encodeFrameLength, FrameCutter } from '../../src/wire/frame-cutter.ts';
import { MAX_ROUTED_DATAGRAM_BYTES } from '../../src/wire/limits.ts';
import {
  decodeRoutedDatagram,
  decodeRouterOrder,
  encodeLinkId,
  encodeSend,
  encodeWay,
  MAX_ROUTED_FRAME_BYTES,
} from '../../src/wire/routed-frames.ts';

const LINK_ID = Uint8Array.of(0xc1, 2, 3, 4, 5, 6, 7, 8);
const WAY = { number: 0x01_02_03_04, largestBytes: 1472, label: 'udp a:9', host: 'a' };

test('frames are the bytes of PROTOCOL.md section 9', () => {
  expect(toHex(encodeWay(WAY))).toBe('0101020304' + '05c0' + '07756470' + '20613a39' + '0161');
  expect(toHex(encodeSend(0xff_ff_ff_fe))).toBe('01fffffffe');
  expect(toHex(encodeLinkId(LINK_ID, true))).toBe('02c102030405060708');
  expect(toHex(encodeLinkId(LINK_ID, false))).toBe('03c102030405060708');
  expect(toHex(encodeFrameLength(0x12_34))).toBe('1234');
});

test('what one end says the other reads', () => {
  const datagram = utf8('anything');
  const read = decodeRoutedDatagram(concatBytes([encodeWay(WAY), datagram]));
  expect(read?.readWay()).toEqual(WAY);
  expect(read?.datagram).toEqual(datagram);
  expect(decodeRouterOrder(concatBytes([encodeSend(7), datagram]))).toEqual({
    kind: 'send',
    way: 7,
    datagram,
  });
  expect(decodeRouterOrder(encodeLinkId(LINK_ID, true))).toEqual({
    kind: 'register',
    linkId: LINK_ID,
  });
  expect(decodeRouterOrder(encodeLinkId(LINK_ID, false))).toEqual({
    kind: 'unregister',
    linkId: LINK_ID,
  });
});

test.each([
  ['nothing', ''],
  ['another type', '04c102030405060708'],
  ['a link id cut short', '02c1020304050607'],
  ['a link id too long', '02c10203040506070809'],
  ['a link id that may be a hello', '024502030405060708'],
  ['a way cut short', '01000000'],
])('a router takes no %s', (_, hex) => {
  expect(decodeRouterOrder(fromHex(hex) ?? new Uint8Array())).toBeUndefined();
});

test('no proper prefix of a head is a frame for a session server, nor is another type', () => {
  const head = encodeWay(WAY);
  for (let length = 0; length < head.length; length += 1) {
    expect(decodeRoutedDatagram(head.subarray(0, length))).toBeUndefined();
  }
  expect(decodeRoutedDatagram(head)?.datagram).toHaveLength(0);
  expect(decodeRoutedDatagram(encodeLinkId(LINK_ID, true))).toBeUndefined();
});

test('a datagram beyond 16,384 bytes is in no frame', () => {
  const most = new Uint8Array(MAX_ROUTED_DATAGRAM_BYTES);
  const more = new Uint8Array(MAX_ROUTED_DATAGRAM_BYTES + 1);
  expect(decodeRouterOrder(concatBytes([encodeSend(7), most]))).toBeDefined();
  expect(decodeRouterOrder(concatBytes([encodeSend(7), more]))).toBeUndefined();
  expect(decodeRoutedDatagram(concatBytes([encodeWay(WAY), most]))).toBeDefined();
  expect(decodeRoutedDatagram(concatBytes([encodeWay(WAY), more]))).toBeUndefined();
});

test('decoders take any bytes without an error', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.integer({ min: 0, max: 4 }),
      (bytes, type) => {
        const frame = concatBytes([Uint8Array.of(type), bytes]);
        decodeRoutedDatagram(frame)?.readWay();
        decodeRouterOrder(frame);
      },
    ),
  );
});

function framed(frames: readonly Uint8Array[]): Uint8Array {
  return concatBytes(frames.flatMap((frame) => [encodeFrameLength(frame.length), frame]));
}

test('frames are cut out of a stream however it comes in pieces', () => {
  const frames = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 12 });
  fc.assert(
    fc.property(frames, fc.array(fc.integer({ min: 0, max: 60 })), (sent, sizes) => {
      const bytes = framed(sent);
      const cutter = new FrameCutter();
      const got: Uint8Array[] = [];
      let at = 0;
      for (const size of [...sizes, bytes.length]) {
        const lent = bytes.slice(at, at + size);
        at += lent.length;
        expect(cutter.read(lent, (frame) => got.push(frame.slice()) > 0)).toBe(true);
        // What was lent is another's from here on.
        lent.fill(0xff);
      }
      expect(got).toEqual(sent);
    }),
  );
});

test.each([
  ['0', '0000'],
  ['more than the largest frame', toHex(encodeFrameLength(MAX_ROUTED_FRAME_BYTES + 1))],
])('a length of %s ends a stream before anything is awaited, however it is cut', (_, hex) => {
  const bytes = fromHex(hex) ?? new Uint8Array();
  const never = (): boolean => expect.fail('a frame');
  expect(new FrameCutter().read(bytes, never)).toBe(false);
  const cutter = new FrameCutter();
  expect(cutter.read(bytes.subarray(0, 1), never)).toBe(true);
  expect(cutter.read(bytes.subarray(1), never)).toBe(false);
});

test('nothing is read behind a frame that its reader does not take', () => {
  const bytes = framed([Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)]);
  const got: number[] = [];
  const take = (frame: Uint8Array): boolean => got.push(frame[0] ?? 0) < 2;
  expect(new FrameCutter().read(bytes, take)).toBe(false);
  expect(got).toEqual([1, 2]);
});
