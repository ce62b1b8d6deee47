import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { settingsHere, settingsPaths } from '../../src/etclient/settings-here.ts';

let directory: string;
let paths: readonly [string, string];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'et-settings-'));
  paths = [join(directory, 'user.toml'), join(directory, 'system.toml')];
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

interface Given {
  readonly user?: string;
  readonly system?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** `via: tcp of user.toml:1` */
async function found({ user, system, environment = {} }: Given): Promise<readonly string[]> {
  for (const [path, text] of [
    [paths[0], user],
    [paths[1], system],
  ] as const) {
    if (text === undefined) continue;
    writeFileSync(path, text);
    chmodSync(path, 0o600);
  }
  const deps = { environment, home: '/home/u', userId: process.getuid?.() ?? 0 };
  const settings = await settingsHere(deps, paths);
  return settings
    .valuesFor('h')
    .flatMap(({ name, entries }) =>
      entries.map(({ text, place }) => `${name}: ${text} of ${place.replace(`${directory}/`, '')}`),
    );
}

const GRACE = {
  environment: { EVERTERM_GRACE: '1s' },
  user: 'grace = "2s"',
  system: 'grace = "3s"',
};

test.each<[Given, string]>([
  [GRACE, 'grace: 1s of EVERTERM_GRACE'],
  [{ ...GRACE, environment: {} }, 'grace: 2s of user.toml:1'],
  [{ system: GRACE.system }, 'grace: 3s of system.toml:1'],
  [{ environment: GRACE.environment, system: GRACE.system }, 'grace: 1s of EVERTERM_GRACE'],
])('of %j counts %s', async (given, expected) => {
  expect(await found(given)).toEqual([expected]);
});

test('forwards of all of them count, the most binding first', async () => {
  const given = {
    environment: { EVERTERM_UDP: '1:a:1' },
    user: 'udp = ["2:b:2"]\n[[host]]\nmatch = "h"\nudp = ["3:c:3"]',
    system: 'udp = ["4:d:4"]',
  };
  expect(await found(given)).toEqual([
    'udp: 1:a:1 of EVERTERM_UDP',
    'udp: 3:c:3 of user.toml:4',
    'udp: 2:b:2 of user.toml:1',
    'udp: 4:d:4 of system.toml:1',
  ]);
});

test('without files and variables there is nothing', async () => {
  expect(await found({})).toEqual([]);
});

test('a mistake is told when a host is asked for, and not before', async () => {
  writeFileSync(paths[0], 'mistake');
  chmodSync(paths[0], 0o600);
  const environment = { EVERTERM_GRACE: 'mistake' };
  const deps = { home: '/home/u', userId: process.getuid?.() ?? 0 };
  const inFile = await settingsHere({ ...deps, environment: {} }, paths);
  expect(() => inFile.valuesFor('h')).toThrow(`${paths[0]}:1:`);
  const inVariable = await settingsHere({ ...deps, environment }, []);
  expect(() => inVariable.valuesFor('h')).toThrow('EVERTERM_GRACE "mistake": at least 1s');
});

test("the user's file is looked for before the system's", () => {
  expect(settingsPaths({ environment: {}, home: '/home/u' })).toEqual([
    '/home/u/.config/everterm/config.toml',
    '/etc/everterm/config.toml',
  ]);
  expect(settingsPaths({ environment: {}, home: '' })).toEqual(['/etc/everterm/config.toml']);
});
