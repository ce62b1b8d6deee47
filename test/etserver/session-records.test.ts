import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SessionRecords } from '../../src/etserver/session-records.ts';

const ID = 'ab'.repeat(16);
const BEGUN = { session: ID, name: 'work', pid: 77, startedMs: 1_000_000 };
const HOUR_MS = 3_600_000;

let directory = '';
let boot = 'first';
let records: SessionRecords;

beforeEach(() => {
  directory = join(mkdtempSync(join(tmpdir(), 'et-records-')), 'ended');
  boot = 'first';
  records = new SessionRecords(directory, async () => boot);
});

afterEach(() => {
  rmSync(join(directory, '..'), { recursive: true });
});

test('of a session that nobody has written down nothing is known', async () => {
  expect(await records.whyGone(ID, 0)).toBeUndefined();
});

test('a server that left no end was killed', async () => {
  await records.begin(BEGUN);
  const why = await records.whyGone(ID, 0);
  expect(why).toContain('"work" ended when its server (pid 77) was killed or crashed');
  expect(why).toContain('its output is gone with it');
});

test('one of another boot went down with its host', async () => {
  await records.begin(BEGUN);
  boot = 'second';
  expect(await records.whyGone(ID, 0)).toContain('its host was started anew');
});

test('where boots cannot be told apart, neither is claimed', async () => {
  boot = '';
  await records.begin(BEGUN);
  expect(await records.whyGone(ID, 0)).toContain('its server was killed, or its host went down');
});

test('an end is told with its reason, its age, and what went with it', async () => {
  await records.begin({ ...BEGUN, name: '' });
  await records.end(ID, { endedMs: 5 * HOUR_MS, why: 'killed', historyBytes: 12_345 });
  expect(await records.whyGone(ID, 8 * HOUR_MS)).toBe(
    'it ended 3 h ago: killed; 12345 bytes of history went with it',
  );
});

test('what is forgotten is not known, and an end without a beginning is not written', async () => {
  await records.begin(BEGUN);
  await records.forget(ID);
  await records.end(ID, { endedMs: 5, why: 'killed', historyBytes: 0 });
  expect(readdirSync(directory)).toEqual([]);
});

test('only the user can read it, and nothing half written stays', async () => {
  await records.begin(BEGUN);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(readdirSync(directory)).toEqual([`${ID}.json`]);
  expect(statSync(join(directory, `${ID}.json`)).mode & 0o777).toBe(0o600);
});

test('files of others, and broken ones, are no records', async () => {
  await records.begin(BEGUN);
  for (const [name, text] of [
    ['readme', 'x'],
    [`${'cd'.repeat(16)}.json`, '{'],
    [`${'ef'.repeat(16)}.json`, JSON.stringify({ ...BEGUN, boot: 'first' })],
    [`${'12'.repeat(16)}.json`, '"x"'],
  ] as const) {
    writeFileSync(join(directory, name), text);
  }
  expect(await records.idNamed('work')).toBe(ID);
  expect(await records.whyGone('cd'.repeat(16), 0)).toBeUndefined();
  expect(await records.whyGone('ef'.repeat(16), 0)).toBeUndefined();
});

test('of two of one name the later one is meant', async () => {
  const later = 'cd'.repeat(16);
  await records.begin(BEGUN);
  await records.begin({ ...BEGUN, session: later, startedMs: 2_000_000 });
  expect(await records.idNamed('work')).toBe(later);
  expect(await records.idNamed('play')).toBeUndefined();
});

test('what ended a fortnight ago is swept away, what may run is not', async () => {
  const running = 'cd'.repeat(16);
  await records.begin(BEGUN);
  await records.begin({ ...BEGUN, session: running });
  await records.end(ID, { endedMs: BEGUN.startedMs, why: 'killed', historyBytes: 0 });
  await records.sweep(BEGUN.startedMs + 13 * 24 * HOUR_MS);
  expect(readdirSync(directory)).toHaveLength(2);
  await records.sweep(BEGUN.startedMs + 15 * 24 * HOUR_MS);
  expect(readdirSync(directory)).toEqual([`${running}.json`]);
});

test('of hundreds the latest 256 that have ended are kept', async () => {
  for (let index = 0; index < 300; index += 1) {
    const session = index.toString(16).padStart(32, '0');
    await records.begin({ ...BEGUN, session, startedMs: index });
    await records.end(session, { endedMs: index, why: 'killed', historyBytes: 0 });
  }
  await records.sweep(1000);
  expect(readdirSync(directory)).toHaveLength(256);
  expect(await records.whyGone('0'.repeat(32), 0)).toBeUndefined();
});
