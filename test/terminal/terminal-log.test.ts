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

test('what was appended is read back from any offset, in pieces of any size', () => {
  const bytes = new SeededRandom(3).bytes(300_000);
  const sizes = fc.array(fc.integer({ min: 0, max: 70_000 }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(
      sizes,
      fc.nat(300_000),
      fc.integer({ min: 1000, max: 100_000 }),
      (cuts, from, max) => {
        const log = new TerminalLog(1_000_000, 0);
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

test('what everybody has is forgotten by whole segments, the history never', () => {
  const log = new TerminalLog(1_000_000, 100_000);
  log.append(new Uint8Array(300_000).fill(1));
  log.release(300_000);
  expect(log.start).toBe(3 * 65_536);
  expect(log.room).toBe(1_000_000 - (300_000 - 3 * 65_536));
  expect(readAll(log, 200_000, 50_000).length).toBe(100_000);
  expect(log.read(0, 10).length).toBe(0);
  expect(log.read(300_000, 10).length).toBe(0);
  log.append(Uint8Array.of(7));
  expect(log.read(300_000, 10)).toEqual(Uint8Array.of(7));
});

test('what somebody still needs is kept', () => {
  const log = new TerminalLog(1_000_000, 0);
  log.append(new Uint8Array(300_000));
  log.release(65_535);
  expect(log.start).toBe(0);
  log.release(65_536);
  expect(log.start).toBe(65_536);
  log.release(10);
  expect(log.start).toBe(65_536);
});

test('memory of what is forgotten is given back at once', () => {
  const log = new TerminalLog(1_000_000, 0);
  log.append(new Uint8Array(65_536).fill(1));
  const view = log.read(0, 65_536);
  log.append(new Uint8Array(200_000).fill(2));
  expect(view.every((byte) => byte === 1)).toBe(true);
  log.release(200_000);
  expect(view.length).toBe(0);
});

test('the bytes appended may be used again', () => {
  const log = new TerminalLog(1_000_000, 0);
  const bytes = Uint8Array.of(1, 2, 3);
  log.append(bytes);
  bytes.fill(9);
  expect(log.read(0, 10)).toEqual(Uint8Array.of(1, 2, 3));
});

test('a full log has no room', () => {
  const log = new TerminalLog(100_000, 0);
  log.append(new Uint8Array(120_000));
  expect(log.room).toBe(0);
});
