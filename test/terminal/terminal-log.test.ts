import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TerminalLog } from '../../src/terminal/terminal-log.ts';
import { SeededRandom } from '../support/seeded-random.ts';

/** Reads to the end in pieces of at most `maxBytes`. */
function readAll(log: TerminalLog, from: number, maxBytes: number): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = from; ; ) {
    const part = log.read(at, maxBytes);
    if (part.length === 0) break;
    expect(part.length).toBeLessThanOrEqual(maxBytes);
    parts.push(part.slice());
    at += part.length;
  }
  return Buffer.concat(parts);
}

function inMemory(historyBytes: number): TerminalLog {
  return new TerminalLog({ memoryBytes: historyBytes, historyBytes });
}

test('what was appended is read back from any offset, in pieces of any size', () => {
  const bytes = new SeededRandom(3).bytes(300_000);
  const sizes = fc.array(fc.integer({ min: 0, max: 70_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(
      sizes,
      fc.nat(300_000),
      fc.integer({ min: 1000, max: 100_000 }),
      (cuts, from, max) => {
        const log = inMemory(1_000_000);
        let at = 0;
        for (const cut of cuts) {
          log.append(bytes.subarray(at, at + cut));
          at = Math.min(at + cut, bytes.length);
        }
        expect([log.start, log.end]).toEqual([0, at]);
        const start = Math.min(from, at);
        expect(Buffer.compare(readAll(log, start, max), bytes.subarray(start, at))).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});

test('no more than the history is kept, and the oldest goes first, delivered or not', () => {
  const forgotten: number[] = [];
  const log = new TerminalLog({
    memoryBytes: 100_000,
    historyBytes: 100_000,
    onForgotten: (bytes) => forgotten.push(bytes),
  });
  log.append(new Uint8Array(60_000));
  log.deliveredUpTo(30_000);
  log.append(new Uint8Array(60_000));
  expect([log.start, log.end, log.forgottenUndelivered]).toEqual([20_000, 120_000, 0]);
  log.append(new Uint8Array(25_000));
  expect([log.start, log.end]).toEqual([45_000, 145_000]);
  expect(log.forgottenUndelivered).toBe(15_000);
  expect(forgotten.reduce((sum, bytes) => sum + bytes, 0)).toBe(15_000);
  expect(log.read(44_999, 10).length).toBe(0);
  expect(readAll(log, 45_000, 50_000).length).toBe(100_000);
});

test('one append of more than the history leaves its end', () => {
  const log = inMemory(100_000);
  const bytes = new SeededRandom(4).bytes(400_000);
  log.append(bytes);
  expect([log.start, log.end]).toEqual([300_000, 400_000]);
  expect(log.forgottenUndelivered).toBe(300_000);
  expect(Buffer.compare(readAll(log, 300_000, 65_536), bytes.subarray(300_000))).toBe(0);
  expect(log.memoryUsed).toBeLessThanOrEqual(100_000 + 2 * 65_536);
});

test('there is room for what may be forgotten, and for nothing that is undelivered or retained', () => {
  const log = inMemory(100_000);
  expect(log.room).toBe(100_000);
  log.append(new Uint8Array(80_000));
  expect(log.room).toBe(20_000);
  log.deliveredUpTo(80_000);
  expect(log.room).toBe(100_000);
  log.retain(50_000);
  expect(log.room).toBe(70_000);
  log.append(new Uint8Array(70_000));
  expect([log.room, log.start, log.forgottenUndelivered]).toEqual([0, 50_000, 0]);
  log.retain(undefined);
  expect(log.room).toBe(30_000);
  log.append(new Uint8Array(200_000));
  expect(log.room).toBe(0);
  expect(log.forgottenUndelivered).toBe(170_000);
});

test('what is delivered never grows less, nor beyond the end', () => {
  const log = inMemory(100_000);
  log.append(new Uint8Array(10));
  log.deliveredUpTo(50);
  log.deliveredUpTo(5);
  expect(log.room).toBe(100_000);
  log.append(new Uint8Array(10));
  expect(log.room).toBe(99_990);
});

test('memory of what is released is given back at once, by whole blocks', () => {
  const log = inMemory(1_000_000);
  log.append(new Uint8Array(65_536).fill(1));
  const view = log.read(0, 65_536);
  log.append(new Uint8Array(200_000).fill(2));
  log.release(65_535);
  expect([log.start, view.every((byte) => byte === 1)]).toEqual([65_535, true]);
  log.release(200_000);
  expect([log.start, view.length, log.memoryUsed]).toEqual([200_000, 0, 2 * 65_536]);
  log.release(10);
  expect(log.start).toBe(200_000);
});

test('what is released beyond the end is all there is, and more can come', () => {
  const log = inMemory(1_000_000);
  log.append(new Uint8Array(70_000));
  log.release(80_000);
  expect([log.start, log.end]).toEqual([70_000, 70_000]);
  log.append(Uint8Array.of(7));
  expect(log.read(70_000, 10)).toEqual(Uint8Array.of(7));
});

test('the bytes appended may be used again', () => {
  const log = inMemory(1_000_000);
  const bytes = Uint8Array.of(1, 2, 3);
  log.append(bytes);
  bytes.fill(9);
  expect(log.read(0, 10)).toEqual(Uint8Array.of(1, 2, 3));
});

test('a session that has said little holds one block', () => {
  const log = new TerminalLog({ historyBytes: 256 * 1024 * 1024 });
  expect(log.memoryUsed).toBe(0);
  log.append(new Uint8Array(1000));
  expect([log.memoryUsed, log.spooledBytes, log.isDegraded]).toEqual([65_536, 0, false]);
});
