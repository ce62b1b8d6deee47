import {
  chmodSync,
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
import { toHex } from '../../src/base/bytes.ts';
import { lineLogger } from '../../src/base/logger.ts';
import { CredentialStore, credentialDirectory } from '../../src/bootstrap/credential-store.ts';
import {
  formatCredentials,
  parseCredentials,
  type SessionCredentials,
} from '../../src/bootstrap/session-credentials.ts';
import { SeededRandom } from '../support/seeded-random.ts';

let base: string;
let directory: string;
let log: string[];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'everterm-store-'));
  directory = join(base, 'everterm/sessions');
  log = [];
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function store(write?: (descriptor: number, text: string) => void): CredentialStore {
  const logger = lineLogger(
    0,
    () => 0,
    (line) => log.push(line),
  );
  return new CredentialStore({
    directory,
    random: new SeededRandom(1),
    logger,
    ...(write && { write }),
  });
}

function credentials(byte: number, destination = 'me@host'): SessionCredentials {
  return {
    destination,
    session: new Uint8Array(16).fill(byte),
    route: new Uint8Array(16).fill(2),
    rootSecret: new Uint8Array(32).fill(3),
    addresses: ['host.example', '::1'],
    port: 60_000,
    protocol: 1,
    features: ['x'],
    createdMs: 1_700_000_000_000 + byte,
  };
}

test('what was saved is listed by destination, the latest first, until it is removed', () => {
  const kept = store();
  expect(kept.list()).toEqual([]);
  for (const each of [credentials(1), credentials(3), credentials(2, 'other')]) kept.save(each);
  expect(kept.list('me@host')).toEqual([credentials(3), credentials(1)]);
  expect(kept.list()).toHaveLength(3);
  kept.remove(credentials(3).session);
  kept.remove(credentials(9).session);
  expect(kept.list('me@host')).toEqual([credentials(1)]);
  kept.save({ ...credentials(1), port: 7 });
  expect(kept.list('me@host')).toEqual([{ ...credentials(1), port: 7 }]);
});

test('what is known of a session beside its keys is kept too, and found by its id', () => {
  const kept = {
    ...credentials(1),
    clientPid: 0,
    name: 'work',
    way: ['-J', 'gate', '--via', 'race(tcp, ssh)'],
    left: 'detached',
    seenMs: 1_700_000_000_500,
  } as const;
  store().save(kept);
  expect(store().find(kept.session)).toEqual(kept);
  expect(store().find(new Uint8Array(16).fill(9))).toBeUndefined();
  const odd = JSON.parse(formatCredentials(kept)) as object;
  expect(parseCredentials(JSON.stringify({ ...odd, left: 'lost' })).left).toBeUndefined();
  expect(() => parseCredentials(JSON.stringify({ ...odd, way: 'x' }))).toThrow('way');
});

test('nobody else may read any of it, whatever was there before', () => {
  mkdirSync(directory, { recursive: true });
  chmodSync(directory, 0o755);
  store().save(credentials(1));
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, `${toHex(credentials(1).session)}.json`)).mode & 0o777).toBe(
    0o600,
  );
});

test('a full disk leaves what was there, and nothing of the attempt', () => {
  store().save(credentials(1));
  const full = store((descriptor, text) => {
    writeFileSync(descriptor, text.slice(0, 10));
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  });
  expect(() => full.save({ ...credentials(1), port: 7 })).toThrow(
    expect.objectContaining({
      code: 'ET_ERR_STATE',
      message: expect.stringContaining('no space left'),
    }),
  );
  expect(readdirSync(directory)).toEqual([`${toHex(credentials(1).session)}.json`]);
  expect(store().list()).toEqual([credentials(1)]);
});

test('a directory that cannot be made is said', () => {
  writeFileSync(join(base, 'everterm'), 'a file');
  expect(() => store().save(credentials(1))).toThrow(
    expect.objectContaining({ code: 'ET_ERR_STATE' }),
  );
  expect(() => store().list()).toThrow(expect.objectContaining({ code: 'ET_ERR_STATE' }));
});

test('what cannot be read is passed over with a word that quotes nothing of it', () => {
  const kept = store();
  kept.save(credentials(1));
  const text = formatCredentials(credentials(2));
  const name = (byte: number): string =>
    join(directory, `${toHex(new Uint8Array(16).fill(byte))}.json`);
  writeFileSync(name(2), text.slice(0, -9));
  writeFileSync(name(4), '');
  writeFileSync(name(5), text);
  writeFileSync(name(6), formatCredentials({ ...credentials(6), port: 70_000 }));
  writeFileSync(join(directory, '.1.tmp'), text);
  writeFileSync(join(directory, 'README'), 'text');
  expect(kept.list()).toEqual([credentials(1)]);
  expect(log).toHaveLength(4);
  expect(log.join('')).not.toContain(toHex(credentials(2).rootSecret));
});

test.each(Object.keys(credentials(1)))('credentials without %s are none', (member) => {
  const object = JSON.parse(formatCredentials(credentials(1))) as Record<string, unknown>;
  expect(parseCredentials(JSON.stringify(object))).toEqual(credentials(1));
  delete object[member];
  expect(() => parseCredentials(JSON.stringify(object))).toThrow(
    expect.objectContaining({ code: 'ET_ERR_STATE', message: expect.stringContaining(member) }),
  );
});

test('the secret is in the file and in no name', () => {
  store().save(credentials(1));
  const [name = ''] = readdirSync(directory);
  expect(readFileSync(join(directory, name), 'utf8')).toContain('03'.repeat(32));
  expect(name).not.toContain('0303');
});

test('the directory is where the user keeps state', () => {
  expect(credentialDirectory({ XDG_STATE_HOME: '/state' }, '/home/x')).toBe(
    '/state/everterm/sessions',
  );
  expect(credentialDirectory({ XDG_STATE_HOME: 'relative' }, '/home/x')).toBe(
    '/home/x/.local/state/everterm/sessions',
  );
  expect(credentialDirectory({}, '/home/x')).toBe('/home/x/.local/state/everterm/sessions');
});
