import { describe, expect, test } from 'vitest';
import { concatBytes, toHex, utf8 } from '../../src/base/bytes.ts';
import {
  dataBodyRoom,
  dataHeaderSize,
  encodeAccept,
  encodeNote,
  encodeOpen,
  encodeReset,
  writeDataHeader,
} from '../../src/wire/encode-message.ts';
import { MAX_DATA_BYTES } from '../../src/wire/limits.ts';
import { MessageDecoder } from '../../src/wire/message-decoder.ts';
import { hex } from '../support/hex.ts';
import { encodeMessage, type LoggedMessage, MessageLog } from './message-log.ts';
import { readVectors } from './vectors.ts';

const vectors = readVectors<{ messages: LoggedMessage[] }>('messages');
const malformedMessage = expect.objectContaining({ code: 'ET_ERR_MESSAGE', scope: 'session' });

function decode(...chunks: readonly Uint8Array[]): readonly LoggedMessage[] {
  const log = new MessageLog();
  const decoder = new MessageDecoder(log);
  for (const chunk of chunks) decoder.push(chunk);
  return log.messages;
}

describe('golden messages', () => {
  test.each(vectors.valid)('decodes: $name', ({ bytes, messages }) => {
    expect(decode(hex(bytes))).toEqual(messages);
  });

  test.each(vectors.valid)('decodes, cut at every byte: $name', ({ bytes, messages }) => {
    const whole = hex(bytes);
    for (let cut = 0; cut <= whole.length; cut += 1) {
      expect(decode(whole.subarray(0, cut), whole.subarray(cut))).toEqual(messages);
    }
    expect(decode(...Array.from(whole, (byte) => Uint8Array.of(byte)))).toEqual(messages);
  });

  const canonical = vectors.valid.filter(({ name }) => !name.includes('longer form'));
  test.each(canonical)('encodes: $name', ({ bytes, messages }) => {
    expect(toHex(concatBytes(messages.map(encodeMessage)))).toBe(toHex(hex(bytes)));
  });

  test.each(vectors.malformed)('refuses: $name', ({ bytes }) => {
    const whole = hex(bytes);
    expect(() => decode(whole)).toThrowError(malformedMessage);
    expect(() => decode(...Array.from(whole, (byte) => Uint8Array.of(byte)))).toThrowError(
      malformedMessage,
    );
  });
});

test('a proper prefix of a message says nothing yet, and is no error', () => {
  for (const { bytes, messages, name } of vectors.valid) {
    if (messages.length !== 1 || messages[0]?.[0] === 'data') continue;
    const whole = hex(bytes);
    for (let length = 0; length < whole.length; length += 1) {
      expect(decode(whole.subarray(0, length)), name).toEqual([]);
    }
  }
});

test('every unknown type is refused at its first byte', () => {
  for (let type = 0; type <= 0xff; type += 1) {
    if (type >= 1 && type <= 8) continue;
    expect(() => decode(Uint8Array.of(type))).toThrowError(malformedMessage);
  }
});

test('a DATA body goes up as it arrives, without a copy and without being held', () => {
  const header = new Uint8Array(dataHeaderSize(6, 50_000));
  writeDataHeader(header, 0, 6, 50_000);
  const seen: Uint8Array[] = [];
  const log = new MessageLog();
  log.onData = (_, bytes) => seen.push(bytes);
  const decoder = new MessageDecoder(log);
  decoder.push(header);
  const body = new Uint8Array(50_000);
  for (let at = 0; at < body.length; at += 1000) {
    decoder.push(body.subarray(at, at + 1000));
    expect(decoder.heldBytes).toBe(0);
  }
  expect(seen).toHaveLength(50);
  expect(seen.every((bytes) => bytes.buffer === body.buffer)).toBe(true);
});

test('what comes behind the body of a DATA in the same bytes is the next message', () => {
  const bytes = hex('04 02 02 6162 06 02 04 02 01 63');
  expect(decode(bytes)).toEqual([
    ['data', 2, '6162'],
    ['eof', 2],
    ['data', 2, '63'],
  ]);
});

test('whatever is pushed, no more than one message is ever held', () => {
  const metadata = { a: 'x'.repeat(4096 - utf8('{"a":""}').length) };
  const longest = encodeOpen(2 ** 53 - 1, 'k'.repeat(32), 2 ** 53 - 1, metadata);
  const log = new MessageLog();
  const decoder = new MessageDecoder(log);
  let most = 0;
  for (let round = 0; round < 3; round += 1) {
    for (const byte of longest) {
      decoder.push(Uint8Array.of(byte));
      most = Math.max(most, decoder.heldBytes);
    }
  }
  expect(log.messages).toHaveLength(3);
  expect(most).toBe(longest.length - 1);
  expect(decoder.heldBytes).toBe(0);
});

test('the longest OPEN, with every number in its longest form, is held and understood', () => {
  const metadata = utf8(`{"a":"${'x'.repeat(4088)}"}`);
  const bytes = concatBytes([
    hex('01 c01fffffffffffff c000000000000020'),
    utf8('k'.repeat(32)),
    hex('c01fffffffffffff c000000000001000'),
    metadata,
  ]);
  for (const cut of [1, 9, 17, 49, 57, 65, bytes.length - 1]) {
    const messages = decode(bytes.subarray(0, cut), bytes.subarray(cut));
    expect(messages).toEqual([
      ['open', 2 ** 53 - 1, 'k'.repeat(32), 2 ** 53 - 1, { a: 'x'.repeat(4088) }],
    ]);
  }
});

test('a length above its bound is refused before any of the body has come', () => {
  for (const digits of ['01 00 01 78 00 5001', '04 00 8000f001', '07 00 4401', '08 00 00 4401']) {
    const whole = hex(digits);
    const decoder = new MessageDecoder(new MessageLog());
    decoder.push(whole.subarray(0, whole.length - 1));
    expect(() => decoder.push(whole.subarray(whole.length - 1))).toThrowError(malformedMessage);
  }
});

test('metadata and notes at their bounds are encoded, beyond them refused on this side', () => {
  const tooLarge = expect.objectContaining({ code: 'ET_ERR_CHANNEL_METADATA', scope: 'channel' });
  const metadata = (bytes: number): { a: string } => ({ a: 'x'.repeat(bytes - 8) });
  expect(decode(encodeOpen(0, 'k', 0, metadata(4096)))).toHaveLength(1);
  expect(decode(encodeAccept(0, 0, metadata(4096)))).toHaveLength(1);
  expect(encodeNote(0, metadata(1024)).bodyBytes).toBe(1024);
  expect(() => encodeOpen(0, 'k', 0, metadata(4097))).toThrowError(tooLarge);
  expect(() => encodeAccept(0, 0, metadata(4097))).toThrowError(tooLarge);
  expect(() => encodeNote(0, metadata(1025))).toThrowError(tooLarge);
  expect(() => encodeOpen(0, '', 0, {})).toThrowError(tooLarge);
  expect(() => encodeOpen(0, 'k'.repeat(33), 0, {})).toThrowError(tooLarge);
});

test('a reason of more than 1,024 bytes is cut at the end of a character', () => {
  const [message] = decode(encodeReset(0, 8, '€'.repeat(400)));
  expect(message).toEqual(['reset', 0, 8, '€'.repeat(341)]);
});

test('the largest DATA body that fits is exact, for every room', () => {
  for (const id of [0, 64, 20_000]) {
    for (let room = 0; room < 70_000; room += room < 200 ? 1 : 61) {
      const body = dataBodyRoom(id, room);
      if (body > 0) expect(dataHeaderSize(id, body) + body).toBeLessThanOrEqual(room);
      const more = body + 1;
      if (more <= MAX_DATA_BYTES) expect(dataHeaderSize(id, more) + more).toBeGreaterThan(room);
    }
  }
  expect(() => writeDataHeader(new Uint8Array(20), 0, 0, 0)).toThrowError();
  expect(() => writeDataHeader(new Uint8Array(20), 0, 0, 61_441)).toThrowError();
});

test('a member named __proto__ is a member, not a prototype', () => {
  const body = utf8('{"__proto__":{"polluted":1}}');
  const seen: object[] = [];
  const log = new MessageLog();
  log.onNote = (_, note) => seen.push(note);
  new MessageDecoder(log).push(concatBytes([Uint8Array.of(7, 0, body.length), body]));
  expect(seen).toHaveLength(1);
  expect('polluted' in (seen[0] ?? {})).toBe(false);
});
