import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readTrustedFile } from '../../src/config/read-trusted-file.ts';
import { describeNeeding, requireTool } from '../support/requirements.ts';

const OWN = process.getuid?.() ?? 0;
let directory: string;
let path: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'et-config-'));
  path = join(directory, 'config.toml');
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function file(content: string | Uint8Array, mode: number): void {
  writeFileSync(path, content);
  chmodSync(path, mode);
}

function objection(userId = OWN): string {
  try {
    readTrustedFile(path, userId);
  } catch (error) {
    expect(error).toMatchObject({ code: 'ET_ERR_CONFIG' });
    return (error as Error).message;
  }
  return 'read';
}

test.each([0o600, 0o644, 0o400, 0o755])('a file of mode %o is read', (mode) => {
  file('via = "tcp"', mode);
  expect(readTrustedFile(path, OWN)).toBe('via = "tcp"');
});

test.each([0o620, 0o602, 0o666, 0o664])(
  'a file of mode %o, which others can write, is not',
  (mode) => {
    file('via = "tcp"', mode);
    expect(objection()).toBe(`${path} can be written by others: run chmod go-w ${path}`);
  },
);

test('a link leads to a file that is looked at as any', () => {
  file('via = "tcp"', 0o666);
  const link = join(directory, 'link');
  symlinkSync(path, link);
  expect(() => readTrustedFile(link, OWN)).toThrow('can be written by others');
});

test('where there is none, there is nothing to be said', () => {
  expect(readTrustedFile(path, OWN)).toBeUndefined();
  file('', 0o600);
  expect(readTrustedFile(join(path, 'below'), OWN)).toBeUndefined();
});

test('what is no file, too large or no text is refused', () => {
  path = directory;
  expect(objection()).toBe(`${directory} is not a file`);
  path = join(directory, 'config.toml');
  file(new Uint8Array(1024 * 1024 + 1), 0o600);
  expect(objection()).toBe(`${path} has more than 1048576 bytes`);
  file(new Uint8Array([0x61, 0xff]), 0o600);
  expect(objection()).toBe(`${path} cannot be read: it is not UTF-8`);
});

describeNeeding(['root', 'linux'], 'owners and pipes', () => {
  test("root's file is read by anybody, another user's by nobody", () => {
    file('', 0o644);
    expect(readTrustedFile(path, 1234)).toBe('');
    chownSync(path, 1234, 1234);
    expect(readTrustedFile(path, 1234)).toBe('');
    expect(objection(0)).toMatch(/is neither yours nor root's/u);
    expect(objection(1235)).toMatch(/is neither yours nor root's/u);
  });

  test('a pipe that nobody writes is refused, and not waited for', () => {
    execFileSync(requireTool('mkfifo'), [path]);
    expect(objection()).toBe(`${path} is not a file`);
  });
});
