import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');

function check(directory: string): string {
  const script = join(ROOT, 'scripts', 'check-documents.js');
  const { stdout, stderr } = spawnSync(process.execPath, [script, directory], { encoding: 'utf8' });
  return stdout + stderr;
}

test('every number in README.md and docs is backed', () => {
  expect(check(ROOT)).toBe('');
});

describe('the check of documents', () => {
  let project: string;

  beforeEach(() => {
    project = mkdtempSync(join(tmpdir(), 'et-documents-'));
  });

  afterEach(() => {
    rmSync(project, { recursive: true, force: true });
  });

  function write(file: string, content: unknown): void {
    const path = join(project, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  }

  test.each([
    'It is back within 2 s.',
    'Starts in 1.6x the time.',
    'Costs 0.1 % of a core.',
    'Holds 64 MiB.',
    'Carries 1,000 MB/s.',
    'A 15-minute limit.',
    'Needs 3 RTT.',
  ])('objects to: %s', (sentence) => {
    write('README.md', `# Title\n\n${sentence}\n`);
    expect(check(project)).toMatch(/^README\.md:3: "[^"]+" is not in docs\/numbers\.json\n$/u);
  });

  test.each([
    'It needs Node 20.19 and port 22.',
    'Run `sleep 20 s` here.',
    '```\nslept 20 s\n```',
    'See [this](https://example.org/20 ms).',
    'Version 0.1.0 has 3 programs.',
  ])('has nothing against: %s', (sentence) => {
    write('README.md', sentence);
    expect(check(project)).toBe('');
  });

  const BACKED = [
    { test: 'test/a.test.ts', name: 'is back in time' },
    { bench: 'recovery after a reset' },
    { constant: 'GRACE_MS' },
    { cited: 'the mosh paper' },
  ];

  test.each(BACKED)('accepts %j', (backing) => {
    write('docs/guide.md', 'It is back\nwithin 2 s.');
    write('docs/numbers.json', [
      { document: 'docs/guide.md', phrase: 'back within 2 s', ...backing },
    ]);
    write('test/a.test.ts', "test('is back in time', () => {});");
    write('test/bench/rows.ts', "const ROW = 'recovery after a reset';");
    write('src/base/numbers.ts', 'export const GRACE_MS = 2000;');
    expect(check(project)).toBe('');
  });

  test.each(BACKED.slice(0, 3))('objects to %j where there is no such thing', (backing) => {
    write('README.md', 'It is back within 2 s.');
    write('docs/numbers.json', [{ document: 'README.md', phrase: 'within 2 s', ...backing }]);
    write('test/a.test.ts', "test('is late', () => {});");
    expect(check(project)).toMatch(/^docs\/numbers\.json: "within 2 s": .*no .*\n$/u);
  });

  test('a phrase holds up its own numbers only', () => {
    write('README.md', 'It is back within 2 s, and gone within 2 s.');
    write('docs/numbers.json', [
      { document: 'README.md', phrase: 'back within 2 s', cited: 'somebody' },
    ]);
    expect(check(project)).toBe('README.md:1: "2 s" is not in docs/numbers.json\n');
  });

  test('objects to an entry whose phrase is gone, and to one that is backed by nothing', () => {
    write('README.md', 'It is back within 3 s.');
    write('docs/numbers.json', [
      { document: 'README.md', phrase: 'within 2 s', cited: 'somebody' },
      { document: 'README.md', phrase: 'within 3 s' },
    ]);
    expect(check(project).split('\n')).toEqual([
      'docs/numbers.json: "within 2 s": not in README.md',
      'docs/numbers.json: "within 3 s": needs exactly one of test, bench, constant, cited',
      '',
    ]);
  });
});
