import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const PROGRAMS = ['et', 'etserver'] as const;
const SOURCE = 'process.stdout.write(process.argv.slice(2).join());\nprocess.exitCode = 3;\n';

describe.each(PROGRAMS)('bin/%s.js', (program) => {
  /** A copy of the package: bin, and a dist whose program says which arguments it got. */
  let copy: string;

  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'et-launchers-'));
    cpSync(join(ROOT, 'bin'), join(copy, 'bin'), { recursive: true });
    cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
  });

  afterEach(() => {
    rmSync(copy, { recursive: true, force: true });
  });

  function build(source = SOURCE): void {
    mkdirSync(join(copy, 'dist', 'bin'), { recursive: true });
    writeFileSync(join(copy, 'dist', 'bin', `${program}.cjs`), source);
  }

  function run(...nodeOptions: string[]): {
    status: number | null;
    stdout: string;
    stderr: string;
  } {
    const args = [...nodeOptions, join(copy, 'bin', `${program}.js`), 'a', '-b'];
    const env = { ...process.env, XDG_CACHE_HOME: join(copy, 'cache') };
    return spawnSync(process.execPath, args, { encoding: 'utf8', env });
  }

  function asVersion(version: string): string[] {
    const file = join(copy, 'pretend.cjs');
    const versions = `{ ...process.versions, node: '${version}' }`;
    writeFileSync(
      file,
      `Object.defineProperty(process, 'versions', { value: ${versions} });\n` +
        `Object.defineProperty(process, 'version', { value: 'v${version}' });\n`,
    );
    return ['--require', file];
  }

  test('runs where it can keep nothing of what it has compiled', () => {
    build();
    // Neither to be made nor to be looked at, whoever runs this.
    writeFileSync(join(copy, 'cache'), '');
    expect(run()).toEqual(expect.objectContaining({ status: 3, stdout: 'a,-b', stderr: '' }));
  });

  test('hands its arguments to the program, and returns its exit status', () => {
    build();
    expect(run()).toMatchObject({ status: 3, stdout: 'a,-b', stderr: '' });
  });

  test('runs no other program of the same length, though V8 would take what was compiled for it', () => {
    build();
    run();
    const [kept] = readdirSync(join(copy, 'cache', 'everterm'));
    expect(kept).toMatch(/\.cache$/u);
    build(SOURCE.replace('exitCode = 3', 'exitCode = 4'));
    expect(run().status).toBe(4);
    expect(run().status).toBe(4);
  });

  test.each(['0.10.48', '18.20.8', '20.18.3'])('refuses Node %s in one line', (version) => {
    build();
    expect(run(...asVersion(version))).toMatchObject({
      status: 255,
      stdout: '',
      stderr: `${program}: needs Node 20.19 or later, but found v${version} at ${process.execPath}\n`,
    });
  });

  test.each(['20.19.0', '100.0.0'])('accepts Node %s', (version) => {
    build();
    expect(run(...asVersion(version))).toMatchObject({ status: 3, stderr: '' });
  });

  test('says how to build it where it is not built', () => {
    const { status, stderr } = run();
    expect(stderr).toMatch(/^et(?:server)?: not built: .*run `npm ci`.*\n$/u);
    expect(stderr.split('\n')).toHaveLength(2);
    expect(status).toBe(255);
  });
});

test('package.json asks for the same Node as the launchers', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const launcher = readFileSync(join(ROOT, 'bin', 'node-version.js'), 'utf8');
  const [, major, minor] = /NEEDED = \[(\d+), (\d+)\]/u.exec(launcher) ?? [];
  expect(manifest.engines.node).toBe(`>=${major}.${minor}.0`);
});

test('what the launchers do before they know the version is JavaScript of 2009', () => {
  for (const file of ['et.js', 'etserver.js', 'node-version.js']) {
    const code = readFileSync(join(ROOT, 'bin', file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\//gu, '');
    expect(code, file).not.toMatch(
      /=>|`|\b(?:let|const|import|class|async|of)\b|\?\?|\?\.|,\s*\)/u,
    );
  }
});

test('what npm packs has no install script, and comes from no place of one machine', () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  expect(Object.keys(manifest.scripts)).not.toContain('install');
  expect(Object.keys(manifest.scripts)).not.toContain('postinstall');
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const packages = Object.entries<{ resolved?: string }>(lock.packages).filter(
    ([name]) => name !== '',
  );
  const foreign = packages.filter(
    ([, { resolved }]) => !resolved?.startsWith('https://registry.npmjs.org/'),
  );
  expect(foreign).toEqual([]);
});
