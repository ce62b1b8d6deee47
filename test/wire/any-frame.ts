import fc from 'fast-check';
import type { LoggedFrame } from './frame-log.ts';

/** Numbers of every varint length, the edges more often. */
export const anyNumber: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 63, 64, 16_383, 16_384, 2 ** 30 - 1, 2 ** 30, 2 ** 32, 2 ** 53 - 1),
  fc.nat({ max: 63 }),
  fc.maxSafeNat(),
);

const hexBytes = (minLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ minLength, maxLength: 100 }).map((bytes) => Buffer.from(bytes).toString('hex'));

const gaps = fc.array(
  fc.tuple(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 100 })),
  {
    maxLength: 6,
  },
);

const ackRanges = fc
  .tuple(fc.integer({ min: 5000, max: 2 ** 32 }), fc.integer({ min: 1, max: 100 }), gaps)
  .map(([largest, length, further]) => {
    const ranges: [number, number][] = [[largest - length + 1, largest]];
    let below = largest - length + 1;
    for (const [gap, count] of further) {
      const top = below - 1 - gap;
      ranges.push([top - count + 1, top]);
      below = top - count + 1;
    }
    return ranges;
  });

const resumeEntry = fc
  .tuple(fc.nat({ max: 7 }), fc.nat({ max: 2 ** 40 }), gaps)
  .map(([stream, next, further]) => {
    const ranges: [number, number][] = [];
    let end = next;
    for (const [gap, length] of further) {
      ranges.push([end + gap, end + gap + length]);
      end += gap + length;
    }
    return [stream, next, ranges] as const;
  });

const text = fc.string({ unit: 'grapheme', maxLength: 20 });

/** Every kind of frame but PADDING. */
export const anyFrame: fc.Arbitrary<LoggedFrame> = fc.oneof(
  fc.constant(['ping'] as LoggedFrame),
  fc
    .tuple(fc.nat({ max: 7 }), fc.nat({ max: 2 ** 53 - 1000 }), hexBytes(1))
    .map((rest): LoggedFrame => ['stream', ...rest]),
  fc.tuple(anyNumber, anyNumber, ackRanges).map((rest): LoggedFrame => ['ack', ...rest]),
  fc.array(resumeEntry, { maxLength: 8 }).map((entries): LoggedFrame => ['resume', entries]),
  fc
    .tuple(anyNumber, anyNumber, fc.nat({ max: 65_535 }), hexBytes(0))
    .map(([channel, id, index, bytes]): LoggedFrame => {
      return ['datagram', channel, id, index, 65_536, bytes];
    }),
  anyNumber.map((link): LoggedFrame => ['prefer', link]),
  fc.tuple(anyNumber, text).map((rest): LoggedFrame => ['bye', ...rest]),
);
