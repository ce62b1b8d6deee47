import { expect, test } from 'vitest';
import { MAX_PTY_QUEUE_BYTES, PtyWriter } from '../../src/process/pty-writer.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A kernel that takes `room` bytes, 4096 at a time, and then says EAGAIN. */
function watch(): {
  clock: VirtualClock;
  writer: PtyWriter;
  log: string[];
  kernel: { room: number; taken: number[]; error: string };
} {
  const clock = new VirtualClock();
  const log: string[] = [];
  const kernel = { room: 0, taken: [] as number[], error: 'EAGAIN' };
  const write = (bytes: Uint8Array): number => {
    log.push(String(clock.now()));
    if (kernel.room === 0) throw Object.assign(new Error(kernel.error), { code: kernel.error });
    const count = Math.min(bytes.length, kernel.room, 4096);
    kernel.taken.push(...bytes.subarray(0, count));
    kernel.room -= count;
    return count;
  };
  return {
    clock,
    writer: new PtyWriter(write, clock, () => void log.push('progress')),
    log,
    kernel,
  };
}

test('bytes that the kernel takes are gone at once, without a timer', () => {
  const { clock, writer, log, kernel } = watch();
  kernel.room = 10_000;
  writer.write(new Uint8Array(9000).fill(5));
  expect([kernel.taken.length, writer.queued, clock.pending]).toEqual([9000, 0, 0]);
  expect(log).toEqual(['0', '0', '0']);
});

test('a full terminal is asked again after 1 ms, doubling to 250', () => {
  const { clock, writer, log } = watch();
  writer.write(Uint8Array.of(1));
  clock.advance(1000);
  expect(log).toEqual(['0', '1', '3', '7', '15', '31', '63', '127', '255', '505', '755']);
});

test('progress starts the waiting anew, and is told', () => {
  const { clock, writer, log, kernel } = watch();
  writer.write(Uint8Array.of(1, 2, 3));
  clock.advance(100);
  kernel.room = 2;
  log.length = 0;
  clock.advanceTo(131);
  expect(log).toEqual(['127', '127', 'progress', '128', '130']);
  expect([kernel.taken, writer.queued]).toEqual([[1, 2], 1]);
  kernel.room = 9;
  clock.advance(200);
  expect([kernel.taken, writer.queued, clock.pending]).toEqual([[1, 2, 3], 0, 0]);
});

test('what is written meanwhile stays behind what waits, and may be used again', () => {
  const { clock, writer, kernel } = watch();
  const bytes = Buffer.from([1, 2]);
  writer.write(bytes);
  bytes.fill(9);
  kernel.room = 100;
  writer.write(Uint8Array.of(3));
  expect(kernel.taken).toEqual([]);
  clock.advance(1);
  expect(kernel.taken).toEqual([1, 2, 3]);
});

test('the queue is bounded, and a write beyond it is refused whole', () => {
  const { clock, writer } = watch();
  writer.write(new Uint8Array(MAX_PTY_QUEUE_BYTES - 1));
  expect(writer.writableBytes).toBe(1);
  expect(() => writer.write(new Uint8Array(2))).toThrow('room for 1');
  expect(writer.queued).toBe(MAX_PTY_QUEUE_BYTES - 1);
  writer.close();
  expect(clock.pending).toBe(0);
});

test('a terminal that is gone takes everything and keeps nothing', () => {
  const { clock, writer, kernel } = watch();
  writer.write(Uint8Array.of(1));
  kernel.error = 'EIO';
  clock.advance(1);
  writer.write(Uint8Array.of(2));
  expect([writer.queued, clock.pending]).toEqual([0, 0]);
});
