import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LogFile } from '../../src/etclient/log-file.ts';

let directory = '';

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'et-log-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true });
});

function read(name: string): string {
  return readFileSync(join(directory, name), 'utf8');
}

test('is appended to, and its owner alone can read it', () => {
  const path = join(directory, 'log');
  new LogFile(path).write('one\n');
  new LogFile(path).write('two\n');
  expect(read('log')).toBe('one\ntwo\n');
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test('however much is said, there are two files of the limit at most, and no line is torn or lost at the change', () => {
  const log = new LogFile(join(directory, 'log'), 100);
  for (let index = 0; index < 1000; index += 1) {
    log.write(`line ${index}\n`);
    const sizes = readdirSync(directory).map((name) => statSync(join(directory, name)).size);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100);
    expect(sizes.length).toBeLessThanOrEqual(2);
  }
  const lines = `${read('log.1')}${read('log')}`.trimEnd().split('\n');
  const numbers = lines.map((line) => Number(line.slice('line '.length)));
  expect(numbers).toEqual(lines.map((_, index) => 1000 - lines.length + index));
});

test('a file that was long already gives way with the first line', () => {
  writeFileSync(join(directory, 'log'), 'x'.repeat(100));
  new LogFile(join(directory, 'log'), 100).write('new\n');
  expect([read('log'), read('log.1')]).toEqual(['new\n', 'x'.repeat(100)]);
});

test('what cannot be moved out of the way is written on', () => {
  mkdirSync(join(directory, 'log.1'));
  writeFileSync(join(directory, 'log.1', 'held'), '');
  const log = new LogFile(join(directory, 'log'), 10);
  for (let index = 0; index < 9; index += 1) log.write(`${index}\n`);
  expect(read('log').split('\n')).toHaveLength(10);
});

test('what is no regular file is never moved', () => {
  const log = new LogFile('/dev/null', 10);
  for (let index = 0; index < 100; index += 1) log.write('much to say\n');
  expect(existsSync('/dev/null.1')).toBe(false);
});

test('a place that cannot be written is a mistake that names it', () => {
  const path = join(directory, 'none', 'log');
  expect(() => new LogFile(path)).toThrow(`--log ${path}: ENOENT`);
});
