import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { findProgram } from '../../src/bootstrap/find-program.ts';

let root: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'everterm-find-'));
  for (const folder of ['a', 'b']) mkdirSync(join(root, folder));
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function program(path: string, mode = 0o755): string {
  const whole = join(root, path);
  writeFileSync(whole, '');
  chmodSync(whole, mode);
  return whole;
}

test('the first folder of the path that has it, with leave to run it', () => {
  program('a/tool', 0o644);
  const tool = program('b/tool');
  const path = ['', join(root, 'nothing'), join(root, 'a'), join(root, 'b')].join(':');
  expect(findProgram('tool', path)).toBe(tool);
  expect(findProgram('other', path)).toBeUndefined();
  expect(findProgram('tool', undefined)).toBeUndefined();
});

test('a path is itself', () => {
  const tool = program('a/tool');
  expect(findProgram(tool, undefined)).toBe(tool);
  expect(findProgram(`${tool}s`, join(root, 'a'))).toBeUndefined();
});
