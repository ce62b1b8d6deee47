import { execFileSync } from 'node:child_process';
import { createSecretKey } from 'node:crypto';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SpoolCipher } from '../../src/crypto/spool-cipher.ts';
import type { Spool } from '../../src/terminal/spool.ts';
import { SpoolFiles } from '../../src/terminal/spool-files.ts';
import { describeNeeding, requireTool } from '../support/requirements.ts';
import { contentOf, spoolIn, written } from '../support/spool-rig.ts';
import { until } from '../support/until.ts';

const BLOCK = 65_536;
const SEALED = BLOCK + 16;
const FILE_BLOCKS = 256;
const MARKER = 'a line that nobody but the user may read';

let base: string;
let directory: string;

beforeEach(() => {
  base = fs.mkdtempSync(join(tmpdir(), 'everterm-spool-'));
  directory = join(base, 'everterm', 'spool', 'd'.repeat(32));
});

afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

/** Each block begins with its number, and is full of the marker. */
function push(spool: Spool, first: number, count: number): void {
  for (let block = first; block < first + count; block += 1) {
    const bytes = new Uint8Array(Buffer.alloc(BLOCK, MARKER));
    bytes[0] = block;
    spool.push(block * BLOCK, bytes);
  }
}

function byteOf(spool: Spool, block: number): number | undefined {
  return spool.read(block * BLOCK, 1)[0];
}

const modeOf = (path: string): number => fs.statSync(path).mode & 0o777;
const lost = expect.objectContaining({ code: 'ET_ERR_STATE' });

describe('files of a spool', () => {
  test('are there from the first block on, for their owner alone, whatever the umask', async () => {
    const umask = process.umask(0);
    try {
      const { spool } = spoolIn(directory);
      expect(fs.readdirSync(base)).toEqual([]);
      push(spool, 0, 1);
      await written(spool);
    } finally {
      process.umask(umask);
    }
    expect(fs.readdirSync(directory)).toEqual(['0.spool']);
    expect(modeOf(directory)).toBe(0o700);
    expect(modeOf(join(base, 'everterm'))).toBe(0o700);
    expect(modeOf(join(directory, '0.spool'))).toBe(0o600);
  });

  test('say nothing of what was put out, and nothing of the key', async () => {
    const key = Buffer.from('0123456789abcdef0123456789abcdef', 'latin1');
    const { spool } = spoolIn(directory, { cipher: new SpoolCipher(createSecretKey(key)) });
    push(spool, 0, 20);
    await written(spool);
    const content = contentOf(directory);
    expect(content.length).toBe(20 * SEALED);
    for (const secret of [MARKER, key, key.toString('hex'), key.toString('base64')])
      expect(content.includes(secret)).toBe(false);
    expect(byteOf(spool, 7)).toBe(7);
    expect(Buffer.from(spool.read(7 * BLOCK + 1, BLOCK)).includes(MARKER)).toBe(true);
  });

  test('are followed by the next after 256 blocks, and deleted one by one', async () => {
    const { spool } = spoolIn(directory, { waitingBytes: 600 * BLOCK });
    push(spool, 0, FILE_BLOCKS + 2);
    await written(spool);
    expect(fs.statSync(join(directory, '0.spool')).size).toBe(FILE_BLOCKS * SEALED);
    expect([0, 255, 256, 257, 1].map((block) => byteOf(spool, block))).toEqual([0, 255, 0, 1, 1]);
    spool.release(FILE_BLOCKS * BLOCK);
    await until(
      'the first file is gone',
      () => fs.readdirSync(directory),
      (names) => names.join() === '1.spool',
    );
    expect(byteOf(spool, 257)).toBe(1);
  });

  test('go with their directory, and nothing above it does', async () => {
    const { spool } = spoolIn(directory);
    push(spool, 0, 3);
    await written(spool);
    byteOf(spool, 0);
    spool.remove();
    expect(fs.readdirSync(join(base, 'everterm', 'spool'))).toEqual([]);
  });

  test.each([0, 1, 2, 3, 5, 8])(
    'go also when they are removed %i turns into a write, which deletes what it has made',
    async (turns) => {
      const files = new SpoolFiles(directory);
      const pieces = Array.from({ length: 64 }, () => new Uint8Array(BLOCK));
      const done = new Promise((resolve) => files.write(0, 0, pieces, resolve));
      for (let turn = 0; turn < turns; turn += 1)
        await new Promise((resolve) => setImmediate(resolve));
      files.remove();
      await done;
      expect(fs.existsSync(directory)).toBe(false);
    },
  );
});

describe('somebody who meddles with the files', () => {
  async function spooled(count = 6): Promise<Spool> {
    const { spool } = spoolIn(directory, { waitingBytes: 600 * BLOCK });
    push(spool, 0, count);
    await written(spool);
    return spool;
  }

  function edit(change: (bytes: Buffer) => Buffer): void {
    const path = join(directory, '0.spool');
    fs.writeFileSync(path, change(fs.readFileSync(path)));
  }

  test('and changes a bit destroys that block, and no other', async () => {
    const spool = await spooled();
    edit((bytes) => {
      bytes[2 * SEALED + 100] = (bytes[2 * SEALED + 100] ?? 0) ^ 4;
      return bytes;
    });
    expect(() => byteOf(spool, 2)).toThrowError(lost);
    expect([0, 1, 3, 4, 5].map((block) => byteOf(spool, block))).toEqual([0, 1, 3, 4, 5]);
    expect(spool.damagedEnd(2 * BLOCK + 5)).toBe(3 * BLOCK);
  });

  test('and cuts a file destroys what was behind the cut', async () => {
    const spool = await spooled();
    edit((bytes) => bytes.subarray(0, 4 * SEALED - 1));
    expect([0, 1, 2].map((block) => byteOf(spool, block))).toEqual([0, 1, 2]);
    expect(() => byteOf(spool, 3)).toThrowError(/ends at/u);
    expect(() => byteOf(spool, 5)).toThrowError(lost);
    expect(spool.damagedEnd(3 * BLOCK)).toBe(6 * BLOCK);
  });

  test('and swaps two blocks, or repeats one, destroys those', async () => {
    const spool = await spooled();
    edit((bytes) => {
      const block = (at: number): Buffer =>
        Buffer.from(bytes.subarray(at * SEALED, (at + 1) * SEALED));
      return Buffer.concat([block(1), block(0), block(2), block(2), block(4), block(5)]);
    });
    for (const block of [0, 1, 3]) expect(() => byteOf(spool, block)).toThrowError(lost);
    expect([2, 4, 5].map((block) => byteOf(spool, block))).toEqual([2, 4, 5]);
  });

  test('and deletes a file destroys that file, and what comes is kept in the next', async () => {
    const spool = await spooled(FILE_BLOCKS + 1);
    fs.unlinkSync(join(directory, '0.spool'));
    expect(() => byteOf(spool, 0)).toThrowError(/ENOENT/u);
    expect(spool.damagedEnd(0)).toBe(FILE_BLOCKS * BLOCK);
    expect(byteOf(spool, FILE_BLOCKS)).toBe(0);
    push(spool, FILE_BLOCKS + 1, 1);
    await written(spool);
    expect(byteOf(spool, FILE_BLOCKS + 1)).toBe(1);
  });

  test.each([
    ['a link to what it was', (path: string) => fs.symlinkSync(`${path}.copy`, path)],
    ['a directory', (path: string) => fs.mkdirSync(path)],
    ['a fifo', (path: string) => execFileSync('mkfifo', [path])],
  ])('and puts %s in its place gets nothing, and stops nothing', async (_, put) => {
    const spool = await spooled();
    const path = join(directory, '0.spool');
    fs.renameSync(path, `${path}.copy`);
    put(path);
    expect(() => byteOf(spool, 0)).toThrowError(lost);
  });

  test('and has made the directory, a file or a link beforehand keeps output in memory', async () => {
    fs.mkdirSync(directory, { recursive: true });
    const taken = spoolIn(directory);
    push(taken.spool, 0, 2);
    await until(
      'a trouble',
      () => taken.said.length,
      (count) => count === 1,
    );
    expect(taken.said[0]).toContain('EEXIST');
    expect(byteOf(taken.spool, 1)).toBe(1);
    taken.spool.remove();
    expect(fs.readdirSync(directory)).toEqual([]);

    const other = join(base, 'other');
    const linked = spoolIn(other, { waitingBytes: 600 * BLOCK });
    push(linked.spool, 0, 1);
    await written(linked.spool);
    fs.symlinkSync(join(base, 'target'), join(other, '1.spool'));
    push(linked.spool, 1, FILE_BLOCKS);
    await until(
      'a trouble',
      () => linked.said.length,
      (count) => count > 0,
    );
    expect(linked.said.join()).toContain('EEXIST');
    expect(fs.existsSync(join(base, 'target'))).toBe(false);
  });

  test('and deletes the whole directory costs what was in it, and is made anew at the next attempt', async () => {
    const { spool, clock, said } = spoolIn(directory, { waitingBytes: 600 * BLOCK });
    push(spool, 0, FILE_BLOCKS);
    await written(spool);
    fs.rmSync(directory, { recursive: true });
    push(spool, FILE_BLOCKS, 3);
    await until(
      'a trouble',
      () => said.length,
      (count) => count === 1,
    );
    expect(() => byteOf(spool, 0)).toThrowError(lost);
    expect(byteOf(spool, FILE_BLOCKS)).toBe(0);
    clock.advance(60_000);
    await written(spool);
    expect([said.slice(1), byteOf(spool, FILE_BLOCKS + 2)]).toEqual([['recovered'], 2]);
  });
});

test('a write of more pieces than one call of the system takes is whole', async () => {
  const files = new SpoolFiles(directory);
  const pieces = Array.from({ length: 1500 }, (_, at) => new Uint8Array(100).fill(at));
  const failure = await new Promise((resolve) => files.write(0, 50, pieces, resolve));
  expect(failure).toBeUndefined();
  const into = new Uint8Array(150_000);
  files.read(0, 50, into);
  expect(Buffer.compare(into, Buffer.concat(pieces))).toBe(0);
  files.remove();
});

describeNeeding(['linux', 'root', 'mount'], 'a disk of 1 MB', () => {
  beforeEach(() => {
    execFileSync(requireTool('mount'), ['-t', 'tmpfs', '-o', 'size=1m', 'everterm-test', base]);
  });

  afterEach(() => execFileSync(requireTool('umount'), ['-l', base]));

  test('that is full keeps output in memory, and has all of it once there is room', async () => {
    const filler = join(base, 'filler');
    fs.writeFileSync(filler, new Uint8Array(700_000));
    const { spool, clock, said } = spoolIn(directory);
    push(spool, 0, 3);
    await written(spool);
    push(spool, 3, 7);
    await until(
      'a trouble',
      () => said.length,
      (count) => count === 1,
    );
    expect(said[0]).toContain('ENOSPC');
    expect(spool.waitingBytes).toBeGreaterThan(0);
    const all = Array.from({ length: 10 }, (_, block) => block);
    expect(all.map((block) => byteOf(spool, block))).toEqual(all);
    clock.advance(60_000);
    await new Promise((resolve) => fs.stat(base, resolve));
    fs.rmSync(filler);
    await until(
      'recovered',
      () => {
        clock.advance(60_000);
        return said.at(-1);
      },
      (last) => last === 'recovered',
    );
    expect([spool.waitingBytes, said.length]).toEqual([0, 2]);
    expect(all.map((block) => byteOf(spool, block))).toEqual(all);
    spool.remove();
    expect(fs.existsSync(directory)).toBe(false);
  });

  test('that takes no file at all keeps output in memory too', async () => {
    fs.mkdirSync(join(base, 'everterm', 'spool'), { recursive: true });
    execFileSync(requireTool('mount'), ['-o', 'remount,ro', base]);
    const { spool, clock, said } = spoolIn(directory);
    push(spool, 0, 2);
    await until(
      'a trouble',
      () => said.length,
      (count) => count === 1,
    );
    expect(said[0]).toContain('EROFS');
    expect([0, 1].map((block) => byteOf(spool, block))).toEqual([0, 1]);
    execFileSync(requireTool('mount'), ['-o', 'remount,rw', base]);
    clock.advance(60_000);
    await written(spool);
    expect(said.slice(1)).toEqual(['recovered']);
  });
});
