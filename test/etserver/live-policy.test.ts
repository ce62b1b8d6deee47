import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { LivePolicy } from '../../src/etserver/live-policy.ts';
import { readPolicy } from '../../src/etserver/read-policy.ts';
import { Policy } from '../../src/forward/policy.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

let directory: string;
let file: string;
let clock: VirtualClock;
let logged: string[];
let loadCount: number;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'everterm-policy-'));
  file = join(directory, 'server.toml');
  clock = new VirtualClock();
  logged = [];
  loadCount = 0;
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

function deny(port: number): void {
  const next = `${file}.next`;
  writeFileSync(next, `[forward]\ndeny-open = ["*:${port}"]\n`);
  renameSync(next, file);
}

function live(first: Policy, paths: readonly string[] = [file]): LivePolicy {
  const loadReader = async () => {
    loadCount += 1;
    return await Promise.resolve((files: readonly string[]) => readPolicy(files));
  };
  const logger = { level: 3, log: (_level: number, text: string) => logged.push(text) } as const;
  return new LivePolicy({ clock, logger, paths, loadReader }, first);
}

/** Asks once so that the files are looked at, and again when what reads them is loaded. */
async function denies(policy: LivePolicy, port: number): Promise<boolean> {
  clock.advance(1000);
  const ask = (): boolean => policy.objectionToOpen('192.0.2.1', '192.0.2.1', port) !== undefined;
  ask();
  await new Promise((resolve) => setImmediate(resolve));
  return ask();
}

test('a file that comes, and one that changes, count a second later for what is asked then', async () => {
  const policy = live(Policy.open);
  expect(await denies(policy, 80)).toBe(false);
  expect(loadCount).toBe(0);
  deny(80);
  expect(await denies(policy, 80)).toBe(true);
  deny(8080);
  expect([await denies(policy, 80), await denies(policy, 8080)]).toEqual([false, true]);
  expect(loadCount).toBe(1);
});

test('a mistake leaves what was read before, and the log says where it is', async () => {
  deny(80);
  const policy = live(readPolicy([file]));
  writeFileSync(file, '[forward]\ndeny-opne = ["*:81"]\n');
  expect([await denies(policy, 80), await denies(policy, 81)]).toEqual([true, false]);
  expect(logged).toEqual([
    expect.stringMatching(/server\.toml:2: .*what was read before goes on$/u),
  ]);
  deny(81);
  expect([await denies(policy, 80), await denies(policy, 81)]).toEqual([false, true]);
});

test('one that is gone, or empty for a moment, leaves what was read before', async () => {
  deny(80);
  const policy = live(readPolicy([file]));
  writeFileSync(file, '');
  expect(await denies(policy, 80)).toBe(true);
  rmSync(file);
  expect(await denies(policy, 80)).toBe(true);
  deny(81);
  expect([await denies(policy, 80), await denies(policy, 81)]).toEqual([false, true]);
});

test('files are looked at once a second, however much is asked', async () => {
  deny(80);
  const policy = live(readPolicy([file]));
  expect(await denies(policy, 80)).toBe(true);
  deny(81);
  expect(policy.objectionToOpen('192.0.2.1', '192.0.2.1', 81)).toBeUndefined();
  expect(await denies(policy, 81)).toBe(true);
});

test('an account that removes its own file does not keep a change of the system’s from counting', async () => {
  const own = join(directory, 'own.toml');
  writeFileSync(own, '[forward]\ndeny-open = ["*:79"]\n');
  deny(80);
  const policy = live(readPolicy([file, own]), [file, own]);
  rmSync(own);
  expect([await denies(policy, 79), await denies(policy, 80)]).toEqual([true, true]);
  deny(81);
  expect([await denies(policy, 81), await denies(policy, 80)]).toEqual([true, false]);
  rmSync(file);
  writeFileSync(own, '[forward]\ndeny-open = ["*:79"]\n');
  expect([await denies(policy, 81), await denies(policy, 79)]).toEqual([true, false]);
});
