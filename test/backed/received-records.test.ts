import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReceivedRecords } from '../../src/backed/received-records.ts';
import type { AckRange } from '../../src/wire/frames.ts';
import { ACK_AT_ONCE_BYTES, MAX_ACK_DELAY_MS, MIN_ACK_DELAY_MS } from '../../src/wire/limits.ts';

function numbersOf(ranges: readonly AckRange[]): number[] {
  return ranges.flatMap(({ smallest, largest }) =>
    Array.from({ length: largest - smallest + 1 }, (_, i) => smallest + i),
  );
}

describe('an acknowledgement is due', () => {
  test.each([
    [undefined, MIN_ACK_DELAY_MS],
    [0.1, MIN_ACK_DELAY_MS],
    [16, 2],
    [80, 10],
    [200, MAX_ACK_DELAY_MS],
    [5000, MAX_ACK_DELAY_MS],
  ])('with a round trip of %s ms, %s ms after the first record that asks', (minRttMs, delayMs) => {
    const received = new ReceivedRecords();
    received.add(0, 100, 'nothing', 1000, minRttMs);
    expect(received.ackDueMs).toBe(undefined);
    received.add(1, 100, 'something', 1001, minRttMs);
    expect(received.ackDueMs).toBe(1001 + delayMs);
    received.add(2, 100, 'something', 1002, minRttMs);
    expect(received.ackDueMs).toBe(1001 + delayMs);
  });

  test('at once when 256 KiB wait for it, and not before', () => {
    const received = new ReceivedRecords();
    received.add(0, ACK_AT_ONCE_BYTES - 1, 'something', 0, 1000);
    expect(received.ackDueMs).toBe(MAX_ACK_DELAY_MS);
    received.add(1, 1, 'something', 5, 1000);
    expect(received.ackDueMs).toBe(5);
  });

  test('soon when a gap shows, and when it is filled', () => {
    const received = new ReceivedRecords();
    received.add(0, 100, 'something', 0, 1000);
    received.acknowledged();
    received.add(2, 100, 'something', 10, 1000);
    expect(received.ackDueMs).toBe(10 + MIN_ACK_DELAY_MS);
    received.acknowledged();
    received.add(1, 100, 'something', 20, 1000);
    expect(received.ackDueMs).toBe(20 + MIN_ACK_DELAY_MS);
    received.acknowledged();
    received.add(3, 100, 'something', 30, 1000);
    expect(received.ackDueMs).toBe(30 + MAX_ACK_DELAY_MS);
  });

  test('soon for urgent bytes where records are lost, and late for copies alone', () => {
    const received = new ReceivedRecords();
    received.add(0, 100, 'urgent', 0, 1000);
    expect(received.ackDueMs).toBe(MAX_ACK_DELAY_MS);
    received.add(2, 100, 'copies', 1, 80);
    received.acknowledged();
    received.add(3, 100, 'copies', 10, 80);
    expect(received.ackDueMs).toBe(10 + MAX_ACK_DELAY_MS);
    received.add(4, 100, 'urgent', 20, 80);
    expect(received.ackDueMs).toBe(20 + MIN_ACK_DELAY_MS);
  });

  test('not any more once it was written, until another record asks', () => {
    const received = new ReceivedRecords();
    received.add(0, ACK_AT_ONCE_BYTES, 'something', 0, 1000);
    received.acknowledged();
    expect(received.ackDueMs).toBe(undefined);
    received.add(1, 100, 'something', 5, 1000);
    expect(received.ackDueMs).toBe(5 + MAX_ACK_DELAY_MS);
  });
});

test('reports what arrived, highest first, and how long ago the highest did', () => {
  const received = new ReceivedRecords();
  for (const [number, atMs] of [
    [0, 1],
    [1, 2],
    [5, 3],
    [6, 4],
    [3, 9],
  ] as const)
    received.add(number, 10, 'something', atMs, 100);
  expect(received.report(10, 100)).toEqual({
    ranges: [
      { smallest: 5, largest: 6 },
      { smallest: 3, largest: 3 },
      { smallest: 0, largest: 1 },
    ],
    delayMs: 6,
  });
  expect(received.report(10, 2).ranges.length).toBe(2);
});

test('a record is fresh once, in whatever order and however often it comes', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60), { maxLength: 200 }), (numbers) => {
      const received = new ReceivedRecords();
      const seen = new Set<number>();
      for (const number of numbers) {
        expect(received.isFresh(number)).toBe(!seen.has(number));
        if (!received.isFresh(number)) continue;
        received.add(number, 1, 'something', 0, undefined);
        seen.add(number);
      }
      expect(received.hasAny).toBe(seen.size > 0);
      if (seen.size === 0) return;
      const reported = numbersOf(received.report(0, 1000).ranges);
      expect(new Set(reported)).toEqual(seen);
      expect(reported.length).toBe(seen.size);
    }),
    { numRuns: 200 },
  );
});

test('of very many gaps the oldest are given up: what lies there is no longer taken, nor said to have arrived', () => {
  const received = new ReceivedRecords();
  for (let n = 0; n < 1000; n += 2) received.add(n, 1, 'something', 0, undefined);
  const { ranges } = received.report(0, 1000);
  expect(ranges.length).toBe(128);
  expect(ranges[127]?.smallest).toBe(744);
  expect(received.isFresh(741)).toBe(false);
  expect(received.isFresh(742)).toBe(false);
  expect(received.isFresh(743)).toBe(true);
  expect(received.isFresh(998)).toBe(false);
  expect(received.isFresh(999)).toBe(true);
});
