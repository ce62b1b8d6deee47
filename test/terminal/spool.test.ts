import { expect, test } from 'vitest';
import { SpoolCipher } from '../../src/crypto/spool-cipher.ts';
import { Spool } from '../../src/terminal/spool.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const BLOCK = 65_536;
const FILE = 256 * BLOCK;

/** A spool on a disk in memory, what it has said, and a hand that pushes block after block, each filled with its number. */
function rig(waitingBlocks = 256) {
  const clock = new VirtualClock();
  const disk = new MemoryDisk(clock);
  const said: string[] = [];
  const spool = new Spool({
    disk,
    clock,
    cipher: new SpoolCipher(),
    waitingBytes: waitingBlocks * BLOCK,
    events: {
      onTrouble: ({ message }) => said.push(message),
      onRecovered: () => said.push('recovered'),
      onCaughtUp: () => said.push('caught up'),
    },
  });
  let next = 0;
  const push = (count: number): void => {
    for (let i = 0; i < count; i += 1) {
      spool.push(next * BLOCK, new Uint8Array(BLOCK).fill(next));
      next += 1;
    }
  };
  const byteOf = (block: number): number | undefined => spool.read(block * BLOCK + 5, 1)[0];
  return { clock, disk, said, spool, push, byteOf };
}

const lost = expect.objectContaining({ code: 'ET_ERR_STATE' });

test('a block can be read while it waits, while it is written, and from the disk', () => {
  const { clock, spool, push, byteOf } = rig();
  push(3);
  expect([0, 1, 2].map(byteOf)).toEqual([0, 1, 2]);
  expect([spool.waitingBytes, spool.writtenBytes]).toEqual([3 * BLOCK, 0]);
  clock.advance(1);
  expect([spool.waitingBytes, spool.writtenBytes]).toEqual([2 * BLOCK, BLOCK]);
  expect([0, 1, 2].map(byteOf)).toEqual([0, 1, 2]);
  clock.advance(1);
  expect([spool.waitingBytes, spool.writtenBytes]).toEqual([0, 3 * BLOCK]);
  expect([2, 0, 1].map(byteOf)).toEqual([2, 0, 1]);
  expect(spool.read(BLOCK + 65_530, 100).length).toBe(6);
  expect(clock.pending).toBe(0);
});

test('what has gathered is written at once, but no more than one turn can seal, and never across two files', () => {
  const { clock, disk, spool, push, byteOf } = rig(600);
  push(300);
  clock.advance(1000);
  expect(disk.largestWrite).toBe(16 * (BLOCK + 16));
  expect(spool.writtenBytes).toBe(300 * BLOCK);
  expect([disk.files.get(0)?.size, disk.files.get(1)?.size]).toEqual([256, 44]);
  expect([0, 255, 256, 299].map(byteOf)).toEqual([0, 255, 0, 43]);
});

test('half of what may wait is behind, until the disk has caught up', () => {
  const { clock, disk, said, spool, push } = rig(8);
  disk.delayMs = 10;
  push(4);
  expect(spool.isBehind).toBe(false);
  push(1);
  expect([spool.isBehind, spool.isOverfull]).toEqual([true, false]);
  clock.advance(10);
  expect([spool.isBehind, said]).toEqual([false, ['caught up']]);
  clock.advance(10);
  expect(said).toEqual(['caught up']);
});

test('it counts as stuck a second after the write that is under way began', () => {
  const { clock, disk, spool, push } = rig(40);
  disk.delayMs = 900;
  push(32);
  expect([spool.isBehind, spool.stuckFromMs]).toEqual([true, clock.now() + 1000]);
  clock.advance(900);
  expect(spool.isBehind).toBe(true);
  expect(spool.stuckFromMs).toBe(clock.now() + 1000);
});

test('a disk that fails is one trouble, tried again each minute, and over when it takes what waited', () => {
  const { clock, disk, said, spool, push, byteOf } = rig(40);
  disk.failure = 'ENOSPC';
  push(4);
  clock.advance(1);
  expect(said).toEqual(['output stays in memory: ENOSPC: the disk of a test']);
  expect(spool.trouble?.cause).toMatchObject({ code: 'ENOSPC' });
  push(30);
  expect([spool.isBehind, disk.writeCount]).toEqual([false, 1]);
  clock.advance(59_998);
  expect(disk.writeCount).toBe(1);
  clock.advance(60_003);
  expect([disk.writeCount, said.length, spool.waitingBytes]).toEqual([3, 1, 34 * BLOCK]);
  expect([0, 33].map(byteOf)).toEqual([0, 33]);
  disk.failure = undefined;
  clock.advance(60_010);
  expect(said.slice(1)).toEqual(['recovered', 'caught up']);
  expect([spool.trouble, spool.writtenBytes]).toEqual([undefined, 34 * BLOCK]);
  expect([0, 33].map(byteOf)).toEqual([0, 33]);
  disk.failure = 'EIO';
  push(1);
  clock.advance(1);
  expect(said.slice(3)).toEqual(['output stays in memory: EIO: the disk of a test']);
});

test('a block that is written again is sealed under another number', () => {
  const clock = new VirtualClock();
  const disk = new MemoryDisk(clock);
  const cipher = new SpoolCipher();
  const numbers: number[] = [];
  const spool = new Spool({
    disk,
    clock,
    cipher: {
      seal(start, plaintext) {
        const sealed = cipher.seal(start, plaintext);
        numbers.push(sealed.number);
        return sealed;
      },
      open: (number, start, sealed) => cipher.open(number, start, sealed),
    },
    events: {
      onTrouble: () => undefined,
      onRecovered: () => undefined,
      onCaughtUp: () => undefined,
    },
  });
  disk.failure = 'EIO';
  spool.push(0, new Uint8Array(BLOCK));
  clock.advance(1);
  disk.failure = undefined;
  clock.advance(60_001);
  expect(numbers).toEqual([0, 1]);
  expect(spool.read(0, 1)).toEqual(Uint8Array.of(0));
});

test('a cipher that has no number left is a trouble like any other', () => {
  const clock = new VirtualClock();
  const said: string[] = [];
  const spool = new Spool({
    disk: new MemoryDisk(clock),
    clock,
    cipher: new SpoolCipher(undefined, 2 ** 32),
    events: {
      onTrouble: ({ message }) => said.push(message),
      onRecovered: () => undefined,
      onCaughtUp: () => undefined,
    },
  });
  spool.push(0, new Uint8Array(BLOCK).fill(7));
  expect(said).toEqual(['output stays in memory: a spool of more than 4294967296 blocks']);
  expect(spool.read(9, 1)).toEqual(Uint8Array.of(7));
});

test('of a disk that is too slow the oldest is dropped that is not being written, and that is a trouble', () => {
  const { clock, disk, said, spool, push, byteOf } = rig(4);
  disk.delayMs = 1000;
  push(5);
  expect(spool.isOverfull).toBe(true);
  expect(spool.droppableBytes(3 * BLOCK)).toBe(2 * BLOCK);
  expect(spool.droppableBytes(3 * BLOCK - 1)).toBe(BLOCK);
  expect(spool.dropOldest()).toBe(BLOCK);
  expect(spool.isOverfull).toBe(false);
  expect(said).toEqual([expect.stringContaining('too slow')]);
  expect(() => byteOf(1)).toThrowError(lost);
  expect([0, 2, 3, 4].map(byteOf)).toEqual([0, 2, 3, 4]);
  expect(spool.damagedEnd(BLOCK + 9)).toBe(2 * BLOCK);
  clock.advance(5000);
  expect(said.slice(1)).toEqual(['recovered', 'caught up']);
  expect([0, 2, 3, 4].map(byteOf)).toEqual([0, 2, 3, 4]);
  expect(() => byteOf(1)).toThrowError(lost);
  expect(spool.writtenBytes).toBe(4 * BLOCK);
});

test("all that waits may be in the disk's hands, and then nothing can be dropped", () => {
  const { spool, push } = rig(1);
  push(1);
  expect(spool.dropOldest()).toBeUndefined();
  expect(spool.trouble).toBeUndefined();
});

test('a block that was changed or lost on the disk fails alone, and the next that can be read is found', () => {
  const { clock, disk, spool, push, byteOf } = rig(600);
  push(520);
  clock.advance(1000);
  disk.tamper(0);
  expect(() => byteOf(3)).toThrowError(/196608 to 262144 is lost: it was changed/u);
  expect([256, 519].map(byteOf)).toEqual([0, 7]);
  expect(spool.damagedEnd(3 * BLOCK + 1)).toBe(FILE);
  expect(spool.damagedEnd(FILE + 77)).toBe(FILE + 77);
  byteOf(300);
  disk.files.delete(1);
  disk.files.delete(2);
  // The block that was read last is in memory still.
  expect(spool.damagedEnd(FILE)).toBe(300 * BLOCK);
  expect(spool.damagedEnd(301 * BLOCK)).toBe(520 * BLOCK);
  expect(spool.damagedEnd(0)).toBe(FILE);
});

test("sealed blocks of one spool, put in each other's places, do not open", () => {
  const { clock, disk, push, byteOf } = rig();
  push(3);
  clock.advance(10);
  const file = disk.files.get(0) ?? new Map<number, Uint8Array>();
  const [first, second, third] = [...file.values()];
  if (first === undefined || second === undefined || third === undefined) throw new Error('three');
  file.set(0, second);
  file.set(BLOCK + 16, first);
  expect(() => byteOf(0)).toThrowError(lost);
  expect(() => byteOf(1)).toThrowError(lost);
  expect(byteOf(2)).toBe(2);
  file.set(0, first);
  expect(byteOf(0)).toBe(0);
});

test('a file goes when all of it is released, and not while it is written', () => {
  const { clock, disk, spool, push } = rig(1000);
  push(300);
  clock.advance(1000);
  spool.release(FILE - 1);
  expect(disk.forgotten).toEqual([]);
  spool.release(FILE);
  expect([disk.forgotten, spool.writtenBytes]).toEqual([[0], 44 * BLOCK]);
  push(212);
  spool.release(2 * FILE);
  expect([disk.forgotten, spool.waitingBytes]).toEqual([[0], BLOCK]);
  clock.advance(1);
  expect(disk.forgotten).toEqual([0, 1]);
  expect([spool.waitingBytes, spool.writtenBytes]).toEqual([0, 0]);
});

test('a file of which only a failed write has left something goes as well', () => {
  const { clock, disk, spool, push } = rig(1000);
  disk.failure = 'ENOSPC';
  push(256);
  clock.advance(1);
  spool.release(FILE);
  expect([disk.forgotten, spool.waitingBytes]).toEqual([[0], 0]);
});

test('what was released while the disk failed to write it is not tried again', () => {
  const { clock, disk, spool, push } = rig();
  disk.failure = 'EIO';
  push(2);
  spool.release(2 * BLOCK);
  expect(spool.waitingBytes).toBe(BLOCK);
  clock.advance(1);
  expect(spool.waitingBytes).toBe(0);
  clock.advance(60_000);
  expect([disk.writeCount, clock.pending]).toEqual([1, 0]);
});

test('the memory of what is released is given back, also of what was read from the disk', () => {
  const { clock, spool, push } = rig();
  push(1);
  clock.advance(1);
  const view = spool.read(0, BLOCK);
  spool.release(BLOCK - 1);
  expect(view.length).toBe(BLOCK);
  spool.release(BLOCK);
  expect(view.length).toBe(0);
});

test('after removal nothing is written, and nothing waits for a time', () => {
  const { clock, disk, spool, push, byteOf } = rig();
  push(2);
  clock.advance(1);
  push(3);
  spool.remove();
  expect(disk.isRemoved).toBe(true);
  const { writeCount } = disk;
  clock.advance(100_000);
  push(1);
  expect([disk.writeCount, clock.pending]).toEqual([writeCount, 0]);
  expect(() => byteOf(0)).toThrowError(lost);
});
