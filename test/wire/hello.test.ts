import { describe, expect, test } from 'vitest';
import { toHex, utf8 } from '../../src/base/bytes.ts';
import {
  canBeHello,
  encodeAnswerPayload,
  encodeHello,
  encodeHelloPayload,
  encodePrologue,
  isRefused,
  parseAnswerPayload,
  parseHello,
  parseHelloPayload,
} from '../../src/wire/hello.ts';
import { REFUSED } from '../../src/wire/limits.ts';
import { hex } from '../support/hex.ts';

const KINDS = [
  ['bytes', 1400],
  ['datagrams', 1200],
] as const;
const routeId = hex('00112233445566778899aabbccddeeff');

describe.each(KINDS)('the hello on %s', (kind, length) => {
  const message1 = new Uint8Array(length - 22).fill(7);
  const hello = encodeHello({ key: 'root', routeId, message1 });

  test(`is ${length} bytes: magic, version, key, route id, message 1`, () => {
    expect(hello).toHaveLength(length);
    expect(toHex(hello.subarray(0, 24))).toBe(`4556544d0101${toHex(routeId)}0707`);
    const passkey = encodeHello({ key: 'passkey', routeId, message1 });
    expect(passkey[5]).toBe(0);
    expect(passkey.subarray(6)).toEqual(hello.subarray(6));
  });

  test('comes back as it was', () => {
    expect(parseHello(kind, hello)).toEqual({ key: 'root', routeId, message1 });
  });

  test('is nothing at any other length, and on datagrams at none that nobody may pad to', () => {
    const long = Uint8Array.from([...hello, ...new Uint8Array(300)]);
    for (let bytes = 0; bytes < long.length; bytes += 1) {
      const isFine = kind === 'bytes' ? bytes === 1400 : bytes >= 256 && bytes <= 1400;
      expect(parseHello(kind, long.subarray(0, bytes)) !== undefined).toBe(isFine);
    }
  });

  test('is nothing with any other byte in its first six', () => {
    for (let at = 0; at < 6; at += 1) {
      for (let byte = 0; byte < 256; byte += 1) {
        const changed = hello.slice();
        changed[at] = byte;
        const fine = byte === hello[at] || (at === 5 && byte <= 1);
        expect(parseHello(kind, changed) !== undefined).toBe(fine);
        expect(canBeHello(changed.subarray(0, 8))).toBe(fine);
        expect(canBeHello(changed.subarray(0, at + 1))).toBe(fine);
        expect(canBeHello(changed.subarray(0, at))).toBe(true);
      }
    }
  });

  test('has room for exactly its payload, and the answer for its own', () => {
    const instance = hex('0102030405060708090a0b0c0d0e0f10');
    const payload = encodeHelloPayload(kind, { instance, dialNumber: 2 ** 53 - 1 });
    expect(payload).toHaveLength(length - 22 - 32 - 16);
    expect(toHex(payload.subarray(0, 26))).toBe(`${toHex(instance)}001fffffffffffff0000`);
    expect(parseHelloPayload(kind, payload)).toEqual({
      instance,
      dialNumber: 2 ** 53 - 1,
      padBytes: undefined,
    });
    const root = new Uint8Array(32).fill(9);
    const answer = encodeAnswerPayload(length, root);
    expect(answer).toHaveLength(length - 32 - 16);
    expect(toHex(answer.subarray(0, 35))).toBe(`01${'09'.repeat(32)}0000`);
    expect(parseAnswerPayload(answer)).toEqual({ root });
    const empty = encodeAnswerPayload(length, undefined);
    expect(empty).toEqual(new Uint8Array(length - 48));
    expect(parseAnswerPayload(empty)).toEqual({ root: undefined });
  });
});

test('a padded hello says so, and its length is what everything is padded to', () => {
  const instance = new Uint8Array(16);
  for (const padBytes of [256, 512, 1200, 1400]) {
    const payload = encodeHelloPayload('datagrams', { instance, dialNumber: 1, padBytes });
    expect(payload).toHaveLength(padBytes - 22 - 32 - 16);
    expect(parseHelloPayload('datagrams', payload)?.padBytes).toBe(padBytes);
    payload[24] = 2;
    expect(parseHelloPayload('datagrams', payload)).toBeUndefined();
    payload[24] = 0;
    const parsed = parseHelloPayload('datagrams', payload);
    if (padBytes === 1200) expect(parsed).toMatchObject({ padBytes: undefined });
    else expect(parsed).toBeUndefined();
  }
  for (const padBytes of [255, 1401]) {
    expect(() =>
      encodeHelloPayload('datagrams', { instance, dialNumber: 1, padBytes }),
    ).toThrowError();
  }
});

test('a dial number of 0 or above 2^53-1, or a payload cut short, is refused', () => {
  const instance = new Uint8Array(16);
  const payload = encodeHelloPayload('bytes', { instance, dialNumber: 1 });
  payload[23] = 0;
  expect(parseHelloPayload('bytes', payload)).toBeUndefined();
  payload[17] = 0x20;
  expect(parseHelloPayload('bytes', payload)).toBeUndefined();
  expect(parseHelloPayload('bytes', payload.subarray(0, 23))).toBeUndefined();
  expect(() => encodeHelloPayload('bytes', { instance, dialNumber: 0 })).toThrowError();
});

test('an answer payload that says neither root nor none, or is cut short, is refused', () => {
  const payload = encodeAnswerPayload(1400, new Uint8Array(32));
  payload[0] = 2;
  expect(parseAnswerPayload(payload)).toBeUndefined();
  expect(parseAnswerPayload(payload.subarray(0, 32))).toBeUndefined();
});

test('what is parsed out of a payload outlives its bytes', () => {
  const payload = encodeHelloPayload('bytes', {
    instance: new Uint8Array(16).fill(1),
    dialNumber: 1,
  });
  const parsed = parseHelloPayload('bytes', payload);
  payload.fill(0xff);
  expect(parsed?.instance).toEqual(new Uint8Array(16).fill(1));
});

test('a refusal is its 8 bytes, whatever follows; it cannot be a hello', () => {
  expect(toHex(REFUSED)).toBe('4556544d01ff0000');
  expect(isRefused(REFUSED)).toBe(true);
  expect(isRefused(Uint8Array.from([...REFUSED, 1, 2]))).toBe(true);
  expect(isRefused(REFUSED.subarray(0, 7))).toBe(false);
  expect(isRefused(hex('4556544d01ff0001'))).toBe(false);
  expect(canBeHello(REFUSED)).toBe(false);
});

test('the prologue is the concatenation of section 3, features ascending by code unit', () => {
  const context = {
    sessionId: hex('00112233445566778899aabbccddeeff'),
    protocol: 1,
    features: ['zip', 'B', 'a'],
    kind: 'datagrams',
  } as const;
  const expected = [
    toHex(utf8('everterm')),
    '01',
    '00112233445566778899aabbccddeeff',
    '01',
    '01',
    '03',
    '0142',
    '0161',
    '037a6970',
  ];
  expect(toHex(encodePrologue(context))).toBe(expected.join(''));
  const bare = { ...context, kind: 'bytes', features: [] } as const;
  expect(toHex(encodePrologue(bare))).toBe([...expected.slice(0, 4), '00', '00'].join(''));
});
