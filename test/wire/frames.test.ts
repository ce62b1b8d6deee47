import { describe, expect, test } from 'vitest';
import { toHex } from '../../src/base/bytes.ts';
import { decodeFrames } from '../../src/wire/decode-frames.ts';
import { FrameWriter } from '../../src/wire/frame-writer.ts';
import { hex } from '../support/hex.ts';
import { FrameLog, type LoggedFrame, writeFrame } from './frame-log.ts';
import { readVectors } from './vectors.ts';

const vectors = readVectors<{ frames: LoggedFrame[]; asks: boolean }>('frames');

describe('golden frames', () => {
  test.each(vectors.valid)('decodes: $name', ({ bytes, frames, asks }) => {
    const log = new FrameLog();
    expect(decodeFrames(hex(bytes), log)).toBe(asks);
    expect(log.frames).toEqual(frames);
  });

  const canonical = vectors.valid.filter(
    ({ name, frames }) => frames.length > 0 && !/longer form|padded/u.test(name),
  );
  test.each(canonical)('encodes: $name', ({ bytes, frames, asks }) => {
    const writer = new FrameWriter(new Uint8Array(64));
    for (const frame of frames) expect(writeFrame(writer, frame)).toBe(true);
    expect(toHex(writer.bytes)).toBe(toHex(hex(bytes)));
    expect(writer.asksForAcknowledgement).toBe(asks);
  });

  test.each(vectors.malformed)('refuses: $name', ({ bytes }) => {
    expect(() => decodeFrames(hex(bytes), new FrameLog())).toThrowError(
      expect.objectContaining({ code: 'ET_ERR_FRAME', scope: 'link' }),
    );
  });
});

test('every proper prefix of a frame is refused', () => {
  for (const { name, bytes, frames } of vectors.valid) {
    if (frames.length !== 1) continue;
    const whole = hex(bytes);
    for (let length = 0; length < whole.length; length += 1) {
      expect(() => decodeFrames(whole.subarray(0, length), new FrameLog()), name).toThrowError(
        expect.objectContaining({ code: 'ET_ERR_FRAME' }),
      );
    }
  }
});

test('every unknown type is refused', () => {
  for (let type = 0x08; type <= 0xff; type += 1) {
    expect(() => decodeFrames(Uint8Array.of(type, 0, 0, 0, 0, 0), new FrameLog())).toThrowError(
      expect.objectContaining({ code: 'ET_ERR_FRAME' }),
    );
  }
});

test('a record of more than 61,440 bytes is refused, one of 61,440 is not', () => {
  expect(decodeFrames(new Uint8Array(61_440), new FrameLog())).toBe(false);
  expect(() => decodeFrames(new Uint8Array(61_441), new FrameLog())).toThrowError(
    expect.objectContaining({ code: 'ET_ERR_FRAME' }),
  );
});

test('frames before a malformed one have been handed over', () => {
  const log = new FrameLog();
  expect(() => decodeFrames(hex('01 02 00 00 01 61 ff'), log)).toThrowError();
  expect(log.frames).toEqual([['ping'], ['stream', 0, 0, '61']]);
});

test('the most ranges that an ACK and a RESUME may have come back', () => {
  const ranges = Array.from({ length: 256 }, (_, i) => {
    const smallest = 100_000 - 10 * i;
    return { smallest, largest: smallest + 3 };
  });
  const held = Array.from({ length: 64 }, (_, i) => ({ start: 10 + 10 * i, end: 15 + 10 * i }));
  const writer = new FrameWriter(new Uint8Array(4096));
  expect(writer.ack(1, 25_000, ranges)).toBe(true);
  expect(writer.resume([{ stream: 7, next: 3, ranges: held }])).toBe(true);
  const log = new FrameLog();
  decodeFrames(writer.bytes, log);
  expect(log.frames).toEqual([
    ['ack', 1, 25_000, ranges.map((r) => [r.smallest, r.largest])],
    ['resume', [[7, 3, held.map((r) => [r.start, r.end])]]],
  ]);
});

test('of more ranges than fit an ACK or a RESUME, the highest records and the lowest bytes are said', () => {
  const ranges = Array.from({ length: 300 }, (_, i) => {
    return { smallest: 1000 - 2 * i, largest: 1000 - 2 * i };
  });
  const held = Array.from({ length: 70 }, (_, i) => ({ start: 2 + 2 * i, end: 3 + 2 * i }));
  const writer = new FrameWriter(new Uint8Array(4096));
  writer.ack(1, 0, ranges);
  writer.resume([{ stream: 0, next: 0, ranges: held }]);
  const log = new FrameLog();
  decodeFrames(writer.bytes, log);
  const [ack, resume] = log.frames;
  expect(ack?.[3]).toEqual(ranges.slice(0, 256).map((r) => [r.smallest, r.largest]));
  expect(resume?.[1]).toEqual([[0, 0, held.slice(0, 64).map((r) => [r.start, r.end])]]);
});
