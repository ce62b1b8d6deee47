import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { readLine, writeAll } from '../../src/etserver/stdio.ts';
import { MAX_REQUEST_LENGTH } from '../../src/wire/bootstrap-request.ts';

const clock = new SystemClock();
const BOOTSTRAP = { code: 'ET_ERR_BOOTSTRAP' };
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'everterm-stdio-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** Reads a line from a file that holds `text`. */
async function lineIn(text: string): Promise<string> {
  const path = join(directory, 'input');
  writeFileSync(path, text);
  const fd = openSync(path, 'r');
  try {
    return await readLine(fd, clock);
  } finally {
    closeSync(fd);
  }
}

test('reads one line, without its end', async () => {
  expect(await lineIn('{"a":"ü"}\n')).toBe('{"a":"ü"}');
  expect(await lineIn('\n')).toBe('');
});

test.each([
  ['that ends before its line does', '{"a":1}'],
  ['that is empty', ''],
  ['without an end', 'x'.repeat(MAX_REQUEST_LENGTH + 1)],
])('refuses an input %s', async (_, text) => {
  await expect(lineIn(text)).rejects.toMatchObject(BOOTSTRAP);
});

test('reads a line that comes in pieces, over a pipe that blocks nobody', async () => {
  const fifo = join(directory, 'fifo');
  await once(spawn('mkfifo', [fifo]), 'exit');
  // Opened for both, so that neither waits for the other; what comes is not there at once.
  const fd = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  const line = readLine(fd, clock);
  for (const piece of ['{"a"', ':', '1}', '\n']) {
    await new Promise((resolve) => setImmediate(resolve));
    writeSync(fd, piece);
  }
  expect(await line).toBe('{"a":1}');
  closeSync(fd);
});

test('writes all of a text, and drops what nobody reads', () => {
  const path = join(directory, 'output');
  const fd = openSync(path, 'w');
  writeAll(fd, `${'ü'.repeat(100_000)}\n`);
  closeSync(fd);
  expect(readFileSync(path, 'utf8')).toBe(`${'ü'.repeat(100_000)}\n`);
  expect(() => writeAll(fd, 'gone')).not.toThrow();
});
