import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BackedReader } from '../../src/backed/backed-reader.ts';
import { concatBytes, equalBytes } from '../../src/base/bytes.ts';
import { MAX_REASSEMBLY_BYTES } from '../../src/wire/limits.ts';
import { pattern } from './stream-script.ts';

const OFFSETS = [0, 2 ** 8, 2 ** 16, 2 ** 31, 2 ** 32, 2 ** 53 - 140_003].flatMap((n) =>
  n === 0 ? [0] : [n - 3, n - 1],
);
const LENGTH = 24;

interface Placing {
  readonly at: number;
  readonly length: number;
  /** Which copy of the byte this one brings: an honest peer's copies are all alike. */
  readonly copy: number;
}

const placing: fc.Arbitrary<Placing> = fc.record({
  // Often the first byte that is missing, or nothing would ever be contiguous.
  at: fc.oneof(
    fc.constant(0),
    fc.integer({ min: 0, max: 8 }),
    fc.integer({ min: 0, max: LENGTH - 1 }),
  ),
  length: fc.integer({ min: 1, max: 10 }),
  copy: fc.integer({ min: 0, max: 3 }),
});

/** The same, byte by byte. */
class NaiveReader {
  readonly bytes = new Map<number, number>();

  place(at: number, bytes: Uint8Array): void {
    bytes.forEach((byte, i) => {
      if (!this.bytes.has(at + i)) this.bytes.set(at + i, byte);
    });
  }

  get next(): number {
    let next = 0;
    while (this.bytes.has(next)) next += 1;
    return next;
  }

  get ranges(): number[][] {
    const ranges: number[][] = [];
    for (const n of [...this.bytes.keys()].sort((a, b) => a - b)) {
      if (n < this.next) continue;
      const last = ranges[ranges.length - 1];
      if (last !== undefined && last[1] === n) last[1] = n + 1;
      else ranges.push([n, n + 1]);
    }
    return ranges;
  }
}

test('delivers the contiguous prefix once, in order, and of each byte the first copy', () => {
  fc.assert(
    fc.property(
      fc.array(placing, { maxLength: 30 }),
      fc.constantFrom(...OFFSETS),
      (placings, offset) => {
        const reader = new BackedReader(offset);
        const naive = new NaiveReader();
        const delivered: number[] = [];
        for (const { at, length, copy } of placings) {
          const bytes = Uint8Array.from({ length }, (_, i) => (at + i) * 4 + copy);
          reader.place(offset + at, bytes, (part) => {
            if (part.length === 0) throw new Error('nothing was delivered');
            delivered.push(...part);
          });
          naive.place(at, bytes);
          // The record's memory is used again.
          bytes.fill(0xee);
          const { next, ranges } = naive;
          expect({
            next: reader.next,
            ranges: reader.ranges(1000).map(({ start, end }) => [start - offset, end - offset]),
            held: reader.heldBytes,
            delivered,
          }).toEqual({
            next: offset + next,
            ranges,
            held: ranges.reduce((sum, [start = 0, end = 0]) => sum + end - start, 0),
            delivered: Array.from({ length: next }, (_, n) => naive.bytes.get(n)),
          });
        }
      },
    ),
    { numRuns: 300 },
  );
});

describe.each(OFFSETS)('from offset %i', (offset) => {
  test('pieces of all sizes that come backwards are delivered at once, exactly', () => {
    const whole = pattern(70_000);
    const reader = new BackedReader(offset);
    const parts: Uint8Array[] = [];
    const cuts = [0, 1, 464, 475, 955, 1980, 4028, 69_565, 70_000];
    for (let i = cuts.length - 2; i >= 0; i -= 1) {
      expect(parts.length).toBe(0);
      const [start = 0, end = 0] = cuts.slice(i, i + 2);
      reader.place(offset + start, whole.subarray(start, end), (part) => parts.push(part.slice()));
    }
    expect(equalBytes(concatBytes(parts), whole)).toBe(true);
    expect(reader.next).toBe(offset + whole.length);
    expect(reader.heldBytes).toBe(0);
  });
});

test('says whether anything came, in order or not', () => {
  const reader = new BackedReader();
  expect(reader.hasReceived).toBe(false);
  reader.place(10, Uint8Array.of(1), () => undefined);
  expect(reader.hasReceived).toBe(true);
});

test('names the lowest ranges when there are more than it may name', () => {
  const reader = new BackedReader();
  for (let n = 20; n > 0; n -= 2) reader.place(n, Uint8Array.of(n), () => undefined);
  expect(reader.ranges(3)).toEqual([
    { start: 2, end: 3 },
    { start: 4, end: 5 },
    { start: 6, end: 7 },
  ]);
});

describe('however long one byte is missing', () => {
  test('at most 32 MiB are held, and a byte beyond is refused and not kept', () => {
    const reader = new BackedReader();
    const piece = new Uint8Array(1024 * 1024);
    const none = (): void => {
      throw new Error('delivered');
    };
    reader.place(1, piece.subarray(1), none);
    for (let at = piece.length; at + piece.length <= MAX_REASSEMBLY_BYTES; at += piece.length)
      reader.place(at, piece, none);
    expect(reader.heldBytes).toBe(MAX_REASSEMBLY_BYTES - 1);
    expect(() => reader.place(MAX_REASSEMBLY_BYTES, Uint8Array.of(1), none)).toThrow(
      /at most 33554432/u,
    );
    expect(reader.heldBytes).toBe(MAX_REASSEMBLY_BYTES - 1);
    let deliveredBytes = 0;
    reader.place(0, Uint8Array.of(1), (part) => {
      deliveredBytes += part.length;
    });
    expect(deliveredBytes).toBe(MAX_REASSEMBLY_BYTES);
    expect(reader.heldBytes).toBe(0);
  });

  test('a peer that sends crumbs cannot make us keep more than 32,768 of them', () => {
    const reader = new BackedReader();
    const none = (): void => undefined;
    const crumb = Uint8Array.of(1);
    for (let i = 1; i <= 32_768; i += 1) reader.place(2 * i, crumb, none);
    expect(() => reader.place(2 * 32_769, crumb, none)).toThrow(/more than 32768 pieces/u);
    expect(reader.heldBytes).toBe(32_768);
  });
});

test('bytes that end the stream at the largest offset are delivered', () => {
  const top = Number.MAX_SAFE_INTEGER;
  const reader = new BackedReader(top - 4);
  const parts: number[] = [];
  reader.place(top - 2, Uint8Array.of(3, 4), (part) => parts.push(...part));
  reader.place(top - 4, Uint8Array.of(1, 2), (part) => parts.push(...part));
  expect(parts).toEqual([1, 2, 3, 4]);
  expect(reader.next).toBe(top);
});
