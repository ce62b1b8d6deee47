import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SpoolCipher } from '../../src/crypto/spool-cipher.ts';
import { Spool } from '../../src/terminal/spool.ts';
import { TerminalLog } from '../../src/terminal/terminal-log.ts';
import { MemoryDisk } from '../support/memory-disk.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const BLOCK = 65_536;
const OUTPUT = Buffer.from(new SeededRandom(6).bytes(64 * BLOCK));

function rig(memoryBlocks: number, waitingBlocks: number, historyBytes: number) {
  const clock = new VirtualClock();
  const disk = new MemoryDisk(clock);
  const told: number[] = [];
  const none = (): void => undefined;
  const spool = new Spool({
    disk,
    clock,
    cipher: new SpoolCipher(),
    waitingBytes: waitingBlocks * BLOCK,
    events: { onTrouble: none, onRecovered: none, onCaughtUp: none },
  });
  const log = new TerminalLog({
    memoryBytes: memoryBlocks * BLOCK,
    historyBytes,
    spool,
    onForgotten: (bytes) => told.push(bytes),
  });
  /** Appends the next bytes of OUTPUT, again from its beginning when it is over. */
  const append = (bytes: number): void => {
    for (let left = bytes; left > 0; ) {
      const at = log.end % OUTPUT.length;
      const part = OUTPUT.subarray(at, at + left);
      log.append(part);
      left -= part.length;
    }
  };
  return { clock, disk, spool, log, told, append };
}

/** The stretches of `[from, end)` that can be read, each checked against what was put out. */
function readableOf(log: TerminalLog, from: number): [number, number][] {
  const found: [number, number][] = [];
  for (let at = from; at < log.end; ) {
    const part = attemptToRead(log, at);
    if (part === undefined) {
      const next = log.damagedEnd(at);
      expect(next).toBeGreaterThan(at);
      at = next;
      continue;
    }
    const place = at % OUTPUT.length;
    expect(OUTPUT.compare(part, 0, part.length, place, place + part.length)).toBe(0);
    const last = found.at(-1);
    if (last?.[1] === at) last[1] = at + part.length;
    else found.push([at, at + part.length]);
    at += part.length;
  }
  return found;
}

function attemptToRead(log: TerminalLog, at: number): Uint8Array | undefined {
  try {
    return log.read(at, 10_000_000);
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: 'ET_ERR_STATE' });
    return undefined;
  }
}

test('nothing is on the disk before there is more than the memory holds, and then the oldest is', () => {
  const { clock, disk, log, append } = rig(4, 4, 100 * BLOCK);
  append(4 * BLOCK);
  clock.advance(1000);
  expect([disk.writeCount, log.memoryUsed]).toEqual([0, 4 * BLOCK]);
  append(1);
  clock.advance(1000);
  expect([disk.writeCount, log.spooledBytes, log.memoryUsed]).toEqual([1, BLOCK, 4 * BLOCK]);
  expect(readableOf(log, 0)).toEqual([[0, 4 * BLOCK + 1]]);
});

test('a disk that works loses nothing, whatever is asked in whatever order', () => {
  const { clock, log, append } = rig(2, 4, 60 * BLOCK);
  for (let i = 0; i < 55; i += 1) {
    append(BLOCK - 1000);
    clock.advance(5);
  }
  expect(readableOf(log, 0)).toEqual([[0, log.end]]);
  expect([...log.read(log.end - 1, 10), ...log.read(0, 1)].length).toBe(2);
  expect(log.read(log.end, 10).length).toBe(0);
});

test('a full disk has room in memory for what is undelivered, and what is lost beyond it is counted once', () => {
  const { clock, disk, log, told, append } = rig(2, 3, 100 * BLOCK);
  disk.failure = 'ENOSPC';
  append(2 * BLOCK + 1);
  clock.advance(10);
  expect(log.isDegraded).toBe(true);
  expect(log.room).toBe(3 * BLOCK - 1);
  append(3 * BLOCK - 1);
  expect([log.room, log.forgottenUndelivered]).toEqual([0, 0]);
  append(1);
  expect([log.forgottenUndelivered, told]).toEqual([BLOCK, [BLOCK]]);
  expect(readableOf(log, 0)).toEqual([[BLOCK, log.end]]);
  log.deliveredUpTo(log.end - 10);
  append(10 * BLOCK);
  expect(log.forgottenUndelivered).toBe(BLOCK + 6 * BLOCK + 9);
});

test('when the disk is back it takes what waits, and what was written before is still there', () => {
  const { clock, disk, log, append } = rig(2, 3, 100 * BLOCK);
  for (let i = 0; i < 10; i += 1) {
    append(BLOCK);
    clock.advance(10);
  }
  disk.failure = 'EROFS';
  for (let i = 0; i < 7; i += 1) {
    append(BLOCK);
    log.deliveredUpTo(log.end);
  }
  clock.advance(10);
  expect(log.isDegraded).toBe(true);
  disk.failure = undefined;
  clock.advance(61_000);
  expect([log.isDegraded, log.forgottenUndelivered]).toEqual([false, 0]);
  expect(log.memoryUsed).toBe(2 * BLOCK);
  expect(readableOf(log, 0)).toHaveLength(2);
});

test('what lies in memory is never damaged', () => {
  const { log, append } = rig(2, 3, 100 * BLOCK);
  append(100);
  expect([log.damagedEnd(50), log.damagedEnd(100), log.damagedEnd(200)]).toEqual([50, 100, 200]);
});

/**
 * A log beside what it must have, as far as the outside can know: the offsets, the marks, and what could be read when somebody last looked.
 */
class Bed {
  readonly historyBytes: number;
  readonly rig: ReturnType<typeof rig>;
  start = 0;
  end = 0;
  delivered = 0;
  retained = Number.POSITIVE_INFINITY;
  /** Bytes that could be read and cannot any more, and had not been delivered when that was seen. */
  lostUndelivered = 0;
  #readable: [number, number][] = [];

  constructor(memoryBlocks: number, waitingBlocks: number, historyBytes: number) {
    this.historyBytes = historyBytes;
    this.rig = rig(memoryBlocks, waitingBlocks, historyBytes);
  }

  append(bytes: number): void {
    this.rig.append(bytes);
    const last = this.#readable.at(-1);
    if (last?.[1] === this.end) last[1] += bytes;
    else this.#readable.push([this.end, this.end + bytes]);
    this.end += bytes;
    this.start = Math.max(this.start, this.end - this.historyBytes);
  }

  /** What fits costs nothing that somebody needs. */
  appendWithinRoom(bytes: number): void {
    const { log } = this.rig;
    const needed = Math.max(this.start, Math.min(this.delivered, this.retained, this.end));
    const before = readableOf(log, needed);
    const { end } = this;
    this.append(Math.min(log.room, bytes));
    const after = readableOf(log, needed).map(([from, to]) => [from, Math.min(to, end)] as const);
    expect(after.filter(([from, to]) => from < to)).toEqual(before);
  }

  check(): void {
    const { log, told } = this.rig;
    const readable = readableOf(log, this.start);
    // What is lost stays lost: so the difference is what went.
    this.lostUndelivered += this.#undeliveredOf(this.#readable) - this.#undeliveredOf(readable);
    this.#readable = readable;
    expect([log.start, log.end]).toEqual([this.start, this.end]);
    expect(log.forgottenUndelivered).toBe(this.lostUndelivered);
    expect(told.reduce((sum, bytes) => sum + bytes, 0)).toBe(this.lostUndelivered);
  }

  #undeliveredOf(stretches: [number, number][]): number {
    const undelivered = ([from, to]: [number, number]): number =>
      Math.max(0, to - Math.max(from, this.delivered));
    return stretches.reduce((sum, stretch) => sum + undelivered(stretch), 0);
  }
}

const ACTIONS = {
  append: (bed: Bed, bytes: number) => bed.append(bytes),
  appendWithinRoom: (bed: Bed, bytes: number) => bed.appendWithinRoom(bytes),
  deliver(bed: Bed, bytes: number) {
    bed.rig.log.deliveredUpTo(bed.delivered + bytes);
    bed.delivered = Math.min(bed.delivered + bytes, bed.end);
  },
  retain(bed: Bed, bytes: number) {
    bed.retained = Math.max(bed.start, bed.end - bytes);
    bed.rig.log.retain(bed.retained);
  },
  retainNothing(bed: Bed) {
    bed.retained = Number.POSITIVE_INFINITY;
    bed.rig.log.retain(undefined);
  },
  release(bed: Bed, bytes: number) {
    bed.rig.log.release(bed.start + bytes);
    bed.start = Math.min(bed.start + bytes, bed.end);
  },
  wait: (bed: Bed, bytes: number) => bed.rig.clock.advance(bytes % 30),
  waitLong: (bed: Bed) => bed.rig.clock.advance(61_000),
  fail(bed: Bed) {
    bed.rig.disk.failure = 'ENOSPC';
  },
  heal(bed: Bed) {
    bed.rig.disk.failure = undefined;
  },
  stall(bed: Bed) {
    bed.rig.disk.delayMs = 5000;
  },
  hurry(bed: Bed) {
    bed.rig.disk.delayMs = 1;
  },
} as const;

type ActionName = keyof typeof ACTIONS;

const WEIGHTS: Readonly<Record<ActionName, number>> = {
  append: 8,
  appendWithinRoom: 4,
  deliver: 4,
  retain: 2,
  retainNothing: 1,
  release: 2,
  wait: 6,
  waitLong: 1,
  fail: 1,
  heal: 1,
  stall: 1,
  hurry: 1,
};

const action = fc.tuple(
  fc.oneof(
    ...(Object.keys(WEIGHTS) as ActionName[]).map((name) => ({
      weight: WEIGHTS[name],
      arbitrary: fc.constant(name),
    })),
  ),
  fc.nat(3 * BLOCK),
);

test('a log is its model, whatever the disk does', () => {
  const blocks = fc.integer({ min: 1, max: 4 });
  fc.assert(
    fc.property(
      fc.array(action, { minLength: 1, maxLength: 60 }),
      blocks,
      blocks,
      fc.integer({ min: 1, max: 20 * BLOCK }),
      (actions, memoryBlocks, waitingBlocks, historyBytes) => {
        const bed = new Bed(memoryBlocks, waitingBlocks, historyBytes);
        const { clock, log, spool } = bed.rig;
        for (const [name, bytes] of actions) {
          ACTIONS[name](bed, bytes);
          bed.check();
          // Beyond what may wait there is one block that the disk has in its hands.
          expect(log.memoryUsed).toBeLessThanOrEqual((memoryBlocks + waitingBlocks + 1) * BLOCK);
        }
        spool.remove();
        clock.advance(10_000);
        expect(clock.pending).toBe(0);
      },
    ),
    { numRuns: 150 },
  );
});
