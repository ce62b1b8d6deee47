import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { decodeFrames } from '../../src/wire/decode-frames.ts';
import { FrameWriter } from '../../src/wire/frame-writer.ts';
import { anyFrame } from './any-frame.ts';
import { FrameLog, type LoggedFrame, writeFrame } from './frame-log.ts';

function decoded(writer: FrameWriter): readonly LoggedFrame[] {
  const log = new FrameLog();
  if (writer.position > 0) decodeFrames(writer.bytes, log);
  return log.frames;
}

describe('a STREAM frame made in place', () => {
  test('carries what was filled in, for every length up to the room', () => {
    for (const room of [5, 20, 66, 67, 70, 200, 16_400]) {
      const writer = new FrameWriter(new Uint8Array(room));
      for (const length of [1, 2, 63, 64, 65, 16_383]) {
        writer.restart();
        const body = writer.beginStream(3, 1000, 20_000);
        if (body.length < length) {
          if (body.length > 0) writer.endStream(0);
          continue;
        }
        body.fill(0x61, 0, length);
        writer.endStream(length);
        expect(decoded(writer)).toEqual([['stream', 3, 1000, '61'.repeat(length)]]);
      }
    }
  });

  test('uses no more bytes of the buffer than the writer has room for', () => {
    const target = new Uint8Array(40).fill(0xee);
    const writer = new FrameWriter(target);
    writer.restart(30);
    const body = writer.beginStream(0, 0, 1000);
    body.fill(0x61);
    writer.endStream(body.length);
    expect(writer.position).toBe(30);
    expect(target.subarray(30)).toEqual(new Uint8Array(10).fill(0xee));
  });

  test('ended with 0 bytes was never there', () => {
    const writer = new FrameWriter(new Uint8Array(100));
    writer.ack(1, 0, [{ smallest: 0, largest: 0 }]);
    const before = writer.position;
    expect(writer.beginStream(0, 5, 50)).toHaveLength(50);
    writer.endStream(0);
    expect(writer.position).toBe(before);
    expect(writer.asksForAcknowledgement).toBe(false);
    writer.prefer(2);
    expect(decoded(writer)).toEqual([
      ['ack', 1, 0, [[0, 0]]],
      ['prefer', 2],
    ]);
  });

  test('is not begun where no byte of it would fit', () => {
    const writer = new FrameWriter(new Uint8Array(4));
    expect(writer.streamRoom(0)).toBe(0);
    expect(writer.beginStream(0, 0, 10)).toHaveLength(0);
    expect(writer.position).toBe(0);
    expect(() => writer.endStream(1)).toThrowError(
      expect.objectContaining({ code: 'ET_ERR_INTERNAL' }),
    );
  });

  test('cannot be ended with more than it was given, nor begun twice', () => {
    const writer = new FrameWriter(new Uint8Array(100));
    writer.beginStream(0, 0, 10);
    expect(() => writer.endStream(11)).toThrowError();
    expect(() => writer.beginStream(0, 0, 10)).toThrowError();
  });
});

test('streamRoom is what a whole STREAM frame can carry', () => {
  for (let room = 0; room < 300; room += 1) {
    for (const offset of [0, 63, 64, 20_000, 2 ** 40]) {
      const writer = new FrameWriter(new Uint8Array(room));
      const most = writer.streamRoom(offset);
      if (most > 0) expect(writer.stream(1, offset, new Uint8Array(most))).toBe(true);
      writer.restart();
      expect(writer.stream(1, offset, new Uint8Array(most + 1))).toBe(false);
    }
  }
});

test('frames come back as they were written, and one that does not fit leaves no trace', () => {
  fc.assert(
    fc.property(
      fc.array(anyFrame, { maxLength: 12 }),
      fc.integer({ min: 1, max: 400 }),
      (frames, room) => {
        const target = new Uint8Array(room + 8).fill(0xee);
        const writer = new FrameWriter(target.subarray(0, room));
        const fitted = frames.filter((frame) => writeFrame(writer, frame));
        expect(decoded(writer)).toEqual(fitted);
        expect(writer.asksForAcknowledgement).toBe(fitted.some(([name]) => name !== 'ack'));
        expect(target.subarray(room)).toEqual(new Uint8Array(8).fill(0xee));
      },
    ),
    { numRuns: 500 },
  );
});

test('every frame fits in exactly the bytes that it takes, and not in one less', () => {
  fc.assert(
    fc.property(anyFrame, (frame) => {
      const wide = new FrameWriter(new Uint8Array(2000));
      expect(writeFrame(wide, frame)).toBe(true);
      const exact = new FrameWriter(new Uint8Array(wide.position));
      expect(writeFrame(exact, frame)).toBe(true);
      const narrow = new FrameWriter(new Uint8Array(wide.position - 1));
      expect(writeFrame(narrow, frame)).toBe(false);
      expect(narrow.position).toBe(0);
    }),
    { numRuns: 500 },
  );
});

test('a BYE text is cut at the end of a character', () => {
  const writer = new FrameWriter(new Uint8Array(400));
  writer.bye(4, `${'a'.repeat(255)}€`);
  expect(decoded(writer)).toEqual([['bye', 4, 'a'.repeat(255)]]);
  writer.restart();
  writer.bye(4, '€'.repeat(100));
  expect(utf8(String(decoded(writer)[0]?.[2]))).toHaveLength(255);
});

test('padding fills and says nothing', () => {
  const writer = new FrameWriter(new Uint8Array(10).fill(0xee));
  expect(writer.padding(11)).toBe(false);
  expect(writer.padding(10)).toBe(true);
  expect(writer.asksForAcknowledgement).toBe(false);
  expect(decoded(writer)).toEqual([]);
});
