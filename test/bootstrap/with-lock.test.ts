import { spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { withLock } from '../../src/bootstrap/with-lock.ts';

let directory: string;
let lock: string;

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'everterm-lock-'));
  lock = join(directory, 'lock');
});

afterEach(() => {
  fs.rmSync(directory, { recursive: true, force: true });
});

test('work is done under a lock that is there meanwhile and gone afterwards, also when the work fails', () => {
  expect(withLock(lock, () => fs.existsSync(lock))).toBe(true);
  expect(fs.existsSync(lock)).toBe(false);
  const fail = (): never => {
    throw new Error('no');
  };
  expect(() => withLock(lock, fail)).toThrow('no');
  expect(fs.existsSync(lock)).toBe(false);
});

test('work waits until who has the lock is through', async () => {
  fs.writeFileSync(lock, '');
  const note = join(directory, 'note');
  const other = spawn('sh', ['-c', `sleep 0.2; echo through > ${note}; rm ${lock}`]);
  expect(withLock(lock, () => fs.readFileSync(note, 'utf8'))).toBe('through\n');
  await once(other, 'exit');
});

test('the lock of somebody who has died in it keeps nobody out for ever', () => {
  fs.writeFileSync(lock, '');
  expect(withLock(lock, () => 'in')).toBe('in');
  expect(fs.existsSync(lock)).toBe(false);
});

test('a lock that cannot be made is an error', () => {
  expect(() => withLock(join(directory, 'none', 'lock'), () => 'in')).toThrow(/ENOENT/u);
});
