import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MarkedQueue } from '../../src/mux/marked-queue.ts';
import { SeededRandom } from '../support/seeded-random.ts';

type Item = number | string;

/** One thing done to a queue: `push` so many bytes, `mark`, or take up to so many bytes or a mark. */
const step = fc.oneof(
  fc.record({ push: fc.oneof(fc.nat(20), fc.nat(1500), fc.integer({ min: 4090, max: 4100 })) }),
  fc.constant({ mark: true }),
  fc.record({ take: fc.nat(3000) }),
  fc.constant({ piece: true }),
);

/** The list's items from its front to the first mark. */
function runOf(list: readonly Item[]): number {
  const end = list.findIndex((item) => typeof item === 'string');
  return end < 0 ? list.length : end;
}

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** Takes a mark, a part of the run, or a piece; checks it against the front of `list`. */
function take(queue: MarkedQueue<string>, list: Item[], maxBytes: number | undefined): void {
  if (queue.frontMark !== undefined) {
    expect(list.shift()).toBe(queue.frontMark);
    queue.shiftMark();
  } else if (maxBytes !== undefined) {
    const target = new Uint8Array(Math.min(maxBytes, runOf(list)));
    queue.takeInto(target);
    expect([...target]).toEqual(list.splice(0, target.length));
  } else {
    const piece = queue.takePiece();
    expect([...piece]).toEqual(list.splice(0, piece.length));
  }
}

function apply(queue: MarkedQueue<string>, list: Item[], one: Step, serial: number): void {
  if ('push' in one) {
    const bytes = Uint8Array.from({ length: one.push }, (_, i) => (serial * 7 + i) % 251);
    queue.push(bytes);
    list.push(...bytes);
  } else if ('mark' in one) {
    queue.pushMark(`m${serial}`);
    list.push(`m${serial}`);
  } else {
    take(queue, list, 'take' in one ? one.take : undefined);
  }
}

test('bytes and marks come out in the order in which they went in, whatever their sizes', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const queue = new MarkedQueue<string>();
      const list: Item[] = [];
      for (const [serial, one] of steps.entries()) {
        apply(queue, list, one, serial);
        expect(queue.runLength).toBe(runOf(list));
        expect(queue.length).toBe(list.filter((item) => typeof item === 'number').length);
        expect(queue.isEmpty).toBe(list.length === 0);
      }
    }),
  );
});

test.each([1, 511, 512, 60_000])("what was pushed is the caller's again: %i bytes", (length) => {
  const queue = new MarkedQueue<string>();
  const piece = new Uint8Array(length).fill(1);
  queue.push(piece);
  piece.fill(2);
  expect(queue.takePiece().every((byte) => byte === 1)).toBe(true);
  queue.push(piece);
  queue.takeInto(new Uint8Array(length));
  expect(piece.length).toBe(length);
});

test('bytes taken in parts are whole, though the memory behind each piece is given back at its last part', () => {
  const queue = new MarkedQueue<string>();
  const random = new SeededRandom(1);
  const bytes = random.bytes(300_000);
  for (let at = 0; at < bytes.length; at += 50_000) queue.push(bytes.subarray(at, at + 50_000));
  const taken = new Uint8Array(bytes.length);
  for (let at = 0; at < taken.length; at += 7000) queue.takeInto(taken.subarray(at, at + 7000));
  expect(Buffer.compare(taken, bytes)).toBe(0);
});

test('a cleared queue is empty, and as good as a fresh one', () => {
  const queue = new MarkedQueue<string>();
  queue.push(new Uint8Array(3));
  queue.pushMark('a');
  queue.push(new Uint8Array(3000));
  queue.clear();
  expect([queue.isEmpty, queue.length, queue.frontMark]).toEqual([true, 0, undefined]);
  queue.pushMark('b');
  expect(queue.frontMark).toBe('b');
});
