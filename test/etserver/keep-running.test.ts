import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepWhenUserLeaves } from '../../src/etserver/keep-running.ts';

const ID = 'ab'.repeat(16);
const ADVICE = 'systemd on this host ends sessions at logout: run loginctl enable-linger me there';

let root: string;
let calls: string[][];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'everterm-linger-'));
  calls = [];
});

afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

/** On a host where busctl gives these answers, in order. */
function keep(
  host: { readonly systemd?: boolean; readonly linger?: boolean },
  ...answers: (string | undefined)[]
): Promise<string[]> {
  if (host.systemd !== false) mkdirSync(join(root, 'running'));
  mkdirSync(join(root, 'linger'));
  if (host.linger === true) writeFileSync(join(root, 'linger', 'me'), '');
  const paths = { running: join(root, 'running'), linger: join(root, 'linger') };
  const run = async (file: string, args: readonly string[]): Promise<string | undefined> => {
    calls.push([file, ...args]);
    return answers.shift();
  };
  return keepWhenUserLeaves({ pid: 4711, userName: 'me', paths, run }, ID);
}

test('asks nobody where systemd is not the init', async () => {
  expect(await keep({ systemd: false })).toEqual([]);
  expect(calls).toEqual([]);
});

test.each(['b false\n', undefined, 'nonsense'])(
  'does nothing where logind says %j',
  async (answer) => {
    expect(await keep({ linger: true }, answer)).toEqual([]);
    expect(calls).toHaveLength(1);
    expect(calls[0]).toContain('KillUserProcesses');
  },
);

test('says how to keep sessions where logind kills them and the user does not linger', async () => {
  expect(await keep({ linger: false }, 'b true\n')).toEqual([ADVICE]);
  expect(calls).toHaveLength(1);
});

test('moves into a scope of its own where the user lingers, and says nothing', async () => {
  expect(await keep({ linger: true }, 'b true\n', 'o "/org/freedesktop/systemd1/job/1"\n')).toEqual(
    [],
  );
  expect(calls[1]?.slice(0, 3)).toEqual(['busctl', '--user', 'call']);
  expect(calls[1]?.slice(-8)).toEqual([
    `everterm-${ID}.scope`,
    'fail',
    '1',
    'PIDs',
    'au',
    '1',
    '4711',
    '0',
  ]);
});

test('says so when it could not', async () => {
  const [notice] = await keep({ linger: true }, 'b true\n', undefined);
  expect(notice).toBe(`could not move the session into a scope of its own; ${ADVICE}`);
});
