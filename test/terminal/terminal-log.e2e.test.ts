import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TerminalLog } from '../../src/terminal/terminal-log.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { type SpoolRig, spoolIn, written } from '../support/spool-rig.ts';

const MIB = 1024 * 1024;
/** Output repeats itself after this: no multiple of a block. */
const OUTPUT = Buffer.from(new SeededRandom(8).bytes(3 * MIB + 17));

let base: string;
let rig: SpoolRig;

beforeEach(() => {
  base = fs.mkdtempSync(join(tmpdir(), 'everterm-log-'));
  rig = spoolIn(join(base, 'spool'));
});

afterEach(() => {
  rig.spool.remove();
  fs.rmSync(base, { recursive: true, force: true });
});

function onDisk(): number {
  const directory = join(base, 'spool');
  if (!fs.existsSync(directory)) return 0;
  return fs.readdirSync(directory).reduce((sum, name) => sum + sizeOf(join(directory, name)), 0);
}

/** 0 where it is deleted just now. */
function sizeOf(path: string): number {
  return fs.statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

/** Puts out `bytes` as fast as the disk takes them, and looks at each turn of the event loop. */
async function putOut(log: TerminalLog, bytes: number, look: () => void): Promise<void> {
  while (log.end < bytes) {
    for (let piece = 0; piece < 8 && !rig.spool.isBehind; piece += 1) {
      const at = log.end % OUTPUT.length;
      log.append(OUTPUT.subarray(at, at + Math.min(65_536, bytes - log.end)));
    }
    look();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function expectOutput(log: TerminalLog, from: number): void {
  for (let at = from; at < log.end; ) {
    const place = at % OUTPUT.length;
    const part = log.read(at, Math.min(65_536, OUTPUT.length - place));
    if (OUTPUT.compare(part, 0, part.length, place, place + part.length) !== 0)
      expect.fail(`output at ${at} is not what was put out`);
    at += part.length;
  }
}

test('2 GB put out with a history of 64 MiB stay within it, in memory and on the disk, and the history is exact', async () => {
  const log = new TerminalLog({ historyBytes: 64 * MIB, spool: rig.spool });
  let mostMemory = 0;
  let mostDisk = 0;
  let turn = 0;
  await putOut(log, 2e9, () => {
    mostMemory = Math.max(mostMemory, log.memoryUsed);
    turn += 1;
    if (turn % 500 === 0) mostDisk = Math.max(mostDisk, onDisk());
  });
  await written(rig.spool);
  expect(rig.said.filter((line) => line !== 'caught up')).toEqual([]);
  expect([log.end, log.start]).toEqual([2e9, 2e9 - 64 * MIB]);
  expect(log.forgottenUndelivered).toBe(log.start);
  expectOutput(log, log.start);
  expect(mostMemory).toBeLessThanOrEqual((4 + 16) * MIB);
  // Files are deleted as a whole, and by a thread of their own.
  expect(mostDisk).toBeLessThanOrEqual((64 + 4 * 16) * 1.01 * MIB);
  expect(log.spooledBytes).toBeLessThanOrEqual((64 + 16) * MIB);
});

test('all of 300 MB is there for one who comes back, under a history that is larger', async () => {
  const log = new TerminalLog({ historyBytes: 4096 * MIB, spool: rig.spool });
  await putOut(log, 3e8, () => undefined);
  await written(rig.spool);
  expect([log.start, log.forgottenUndelivered]).toEqual([0, 0]);
  expectOutput(log, 0);
});
