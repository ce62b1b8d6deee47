import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BackedWriter } from '../../src/backed/backed-writer.ts';
import { concatBytes, EMPTY_BYTES, equalBytes } from '../../src/base/bytes.ts';
import { MAX_NUMBER, MAX_REASSEMBLY_BYTES } from '../../src/wire/limits.ts';
import { pattern } from './stream-script.ts';

const SEGMENT_BYTES = 65_536;
/** R10: the sizes at which a former system broke, and those around a segment. */
const SIZES = [
  1, 2, 63, 64, 65, 463, 464, 465, 473, 474, 475, 476, 480, 481, 1022, 1023, 1024, 1025, 2047, 2048,
  2049, 4096, 63_487, 63_488, 63_489, 65_534, 65_535, 65_536, 65_537, 70_000,
];
/** ...and offsets just below where a number grows by a byte or a bit. */
const OFFSETS = [0, 2 ** 8, 2 ** 16, 2 ** 31, 2 ** 32, 2 ** 53 - 140_003].flatMap((n) =>
  n === 0 ? [0] : [n - 3, n - 1],
);

/** Gives `bytes` their offsets, in as many pieces as the writer's room wants. */
function append(writer: BackedWriter, bytes: Uint8Array): void {
  let at = 0;
  while (at < bytes.length) {
    const room = writer.reserve(bytes.length - at);
    room.set(bytes.subarray(at, at + room.length));
    const before = writer.next;
    const taken = writer.commit(room.length);
    if (taken.offset !== before || taken.bytes.length !== room.length) throw new Error('misplaced');
    at += room.length;
  }
}

interface Run {
  readonly start: number;
  readonly parts: Uint8Array[];
}

/** Takes everything that is lost, in pieces of at most `maxBytes`; what is contiguous as one run. */
function takeAllLost(writer: BackedWriter, maxBytes: number): Run[] {
  const runs: Run[] = [];
  let end = -1;
  for (;;) {
    const taken = writer.takeLost(maxBytes);
    if (taken === undefined) return runs;
    const { length } = taken.bytes;
    if (length < 1 || length > maxBytes) throw new Error(`${length} bytes taken`);
    const bytes = taken.bytes.slice();
    if (taken.offset === end) runs[runs.length - 1]?.parts.push(bytes);
    else runs.push({ start: taken.offset, parts: [bytes] });
    end = taken.offset + length;
  }
}

type Step =
  | { readonly kind: 'append'; readonly length: number }
  | { readonly kind: 'take'; readonly maxBytes: number }
  | { readonly kind: 'acknowledge' | 'lost'; readonly from: number; readonly to: number };

/** All of it as often as any part. */
const part: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1),
  fc.double({ min: 0, max: 1, noNaN: true }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('append' as const), length: fc.integer({ min: 1, max: 300 }) }),
  fc.record({ kind: fc.constant('append' as const), length: fc.constantFrom(2048, 40_000) }),
  fc.record({ kind: fc.constant('take' as const), maxBytes: fc.integer({ min: 1, max: 500 }) }),
  fc.record({
    kind: fc.constantFrom('acknowledge' as const, 'lost' as const),
    from: part,
    to: part,
  }),
);

/** The same, byte by byte. */
class NaiveWriter {
  bytes: Uint8Array = new Uint8Array(0);
  /** Of each byte: 0 on its way, 1 lost, 2 acknowledged. */
  states: Uint8Array = new Uint8Array(0);

  append(bytes: Uint8Array): void {
    this.bytes = concatBytes([this.bytes, bytes]);
    this.states = concatBytes([this.states, new Uint8Array(bytes.length)]);
  }

  get prefix(): number {
    const end = this.states.findIndex((state) => state !== 2);
    return end < 0 ? this.states.length : end;
  }

  get lostBytes(): number {
    return this.states.filter((state) => state === 1).length;
  }

  /** The first lost bytes. */
  takeLost(maxBytes: number): { offset: number; bytes: Uint8Array } | undefined {
    const offset = this.states.indexOf(1);
    if (offset < 0) return undefined;
    let end = offset;
    for (; end < offset + maxBytes && this.states[end] === 1; end += 1) this.states[end] = 0;
    return { offset, bytes: this.bytes.slice(offset, end) };
  }

  acknowledge(start: number, end: number): void {
    this.states.fill(2, start, end);
  }

  lost(start: number, end: number): void {
    for (let n = start; n < end; n += 1) if (this.states[n] === 0) this.states[n] = 1;
  }
}

function apply(writer: BackedWriter, naive: NaiveWriter, offset: number, each: Step): void {
  if (each.kind === 'append') {
    const bytes = pattern(each.length, naive.bytes.length);
    append(writer, bytes);
    naive.append(bytes);
    return;
  }
  if (each.kind === 'take') {
    const taken = writer.takeLost(each.maxBytes);
    // A run may end at the end of a segment; the next one goes on there.
    const expected = naive.takeLost(taken?.bytes.length ?? each.maxBytes);
    expect(taken?.offset).toBe(expected === undefined ? undefined : expected.offset + offset);
    expect(equalBytes(taken?.bytes ?? EMPTY_BYTES, expected?.bytes ?? EMPTY_BYTES)).toBe(true);
    return;
  }
  const start = Math.floor(each.from * naive.bytes.length);
  const end = Math.floor(each.to * naive.bytes.length);
  if (end <= start) return;
  writer[each.kind](offset + start, offset + end);
  naive[each.kind](start, end);
}

test('keeps, loses and gives again exactly what a list of bytes would', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), fc.constantFrom(...OFFSETS), (steps, offset) => {
      const writer = new BackedWriter(offset);
      const naive = new NaiveWriter();
      for (const each of steps) {
        apply(writer, naive, offset, each);
        const { next, acknowledged, retainedBytes, lostBytes, hasLost } = writer;
        const { bytes, prefix, lostBytes: naivelyLost } = naive;
        expect({ next, acknowledged, retainedBytes, lostBytes, hasLost }).toEqual({
          next: offset + bytes.length,
          acknowledged: offset + prefix,
          retainedBytes: bytes.length - prefix,
          lostBytes: naivelyLost,
          hasLost: naivelyLost > 0,
        });
      }
    }),
    { numRuns: 120 },
  );
});

describe.each(OFFSETS)('from offset %i', (offset) => {
  test('writes of every size come back whole when they are lost', () => {
    for (const size of SIZES) {
      const writer = new BackedWriter(offset);
      append(writer, pattern(7));
      append(writer, pattern(size, 7));
      writer.acknowledge(offset, offset + 7);
      writer.lost(offset, offset + 7 + size);
      const runs = takeAllLost(writer, 61_440);
      expect(runs.map(({ start }) => start)).toEqual([offset + 7]);
      expect(equalBytes(concatBytes(runs[0]?.parts ?? []), pattern(size, 7))).toBe(true);
      writer.acknowledge(offset + 7, offset + 7 + size);
      expect(writer.retainedBytes).toBe(0);
    }
  });
});

test('what is written after everything was acknowledged comes back when it is lost', () => {
  const writer = new BackedWriter();
  for (let at = 0; at < 200_000; at += 1000) {
    append(writer, pattern(1000, at));
    writer.lost(at, at + 1000);
    const [run] = takeAllLost(writer, 5000);
    expect(run?.start).toBe(at);
    expect(equalBytes(concatBytes(run?.parts ?? []), pattern(1000, at))).toBe(true);
    writer.acknowledge(at, at + 1000);
  }
});

test('an acknowledgement beyond what was sent is refused and changes nothing', () => {
  const writer = new BackedWriter();
  append(writer, pattern(10));
  expect(() => writer.acknowledge(0, 11)).toThrow(/acknowledged up to 11, sent 10/u);
  expect(writer.retainedBytes).toBe(10);
});

test('what was acknowledged out of order is never sent again', () => {
  const writer = new BackedWriter();
  append(writer, pattern(100));
  writer.acknowledge(40, 60);
  writer.lost(0, 100);
  expect(
    takeAllLost(writer, 1000).map(({ start, parts }) => [start, concatBytes(parts).length]),
  ).toEqual([
    [0, 40],
    [60, 40],
  ]);
  writer.lost(0, 50);
  writer.acknowledge(0, 40);
  expect(writer.acknowledged).toBe(60);
  expect(writer.hasLost).toBe(false);
});

/** Bytes of distinct buffers that the writer hands out from here on, until it would repeat one. */
function buffersInUse(writer: BackedWriter): Set<ArrayBufferLike> {
  const buffers = new Set<ArrayBufferLike>();
  for (let i = 0; i < 100; i += 1) {
    const room = writer.reserve(SEGMENT_BYTES);
    buffers.add(room.buffer);
    writer.commit(room.length);
    writer.acknowledge(0, writer.next);
  }
  return buffers;
}

test('after 1 GB was acknowledged, no more than one window is retained', () => {
  const writer = new BackedWriter();
  const windowBytes = 4 * 1024 * 1024;
  let mostRetained = 0;
  while (writer.next < 2 ** 30) {
    writer.commit(writer.reserve(61_440).length);
    mostRetained = Math.max(mostRetained, writer.retainedBytes);
    if (writer.retainedBytes > windowBytes) writer.acknowledge(0, writer.next - windowBytes / 2);
  }
  expect(mostRetained).toBeLessThanOrEqual(windowBytes + 61_440);
  writer.acknowledge(0, writer.next);
  expect(writer.retainedBytes).toBe(0);
  expect(buffersInUse(writer).size).toBeLessThanOrEqual(10);
});

test('small windows go round in the same few segments', () => {
  const writer = new BackedWriter();
  const buffers = new Set<ArrayBufferLike>();
  for (let i = 0; i < 20_000; i += 1) {
    const room = writer.reserve(1000);
    buffers.add(room.buffer);
    writer.commit(room.length);
    if (i % 100 === 99) writer.acknowledge(0, writer.next - 500);
  }
  expect(buffers.size).toBeLessThanOrEqual(10);
});

test('at least 2,048 bytes are to be had however full the last segment is', () => {
  const writer = new BackedWriter();
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 70_000 }),
      fc.integer({ min: 1, max: 70_000 }),
      (wanted, used) => {
        const room = writer.reserve(wanted);
        expect(room.length).toBeGreaterThanOrEqual(Math.min(wanted, 2048));
        expect(room.length).toBeLessThanOrEqual(wanted);
        writer.commit(Math.min(used, room.length));
        writer.acknowledge(0, writer.next - Math.min(writer.retainedBytes, 100_000));
      },
    ),
  );
});

test('no more gets an offset than the peer can hold when the first byte is missing', () => {
  const writer = new BackedWriter();
  while (writer.roomBytes > 0) writer.commit(writer.reserve(writer.roomBytes).length);
  expect(writer.retainedBytes).toBe(MAX_REASSEMBLY_BYTES);
  writer.acknowledge(5, MAX_REASSEMBLY_BYTES);
  expect(writer.roomBytes).toBe(0);
  writer.acknowledge(0, 5);
  expect(writer.roomBytes).toBe(MAX_REASSEMBLY_BYTES);
});

test('a stream ends at the largest offset there is', () => {
  const writer = new BackedWriter(MAX_NUMBER - 10);
  expect(writer.roomBytes).toBe(10);
  append(writer, pattern(10));
  expect(writer.roomBytes).toBe(0);
});
