import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeDeadSpools, spoolDirectory, spoolRoot } from '../../src/terminal/spool-directory.ts';

const DEAD = 'd'.repeat(32);
const ALIVE = 'a'.repeat(32);

let base: string;
let root: string;

beforeEach(() => {
  base = fs.mkdtempSync(join(tmpdir(), 'everterm-spool-'));
  root = spoolRoot({ XDG_STATE_HOME: base }, '/nowhere');
  fs.mkdirSync(root, { recursive: true });
});

afterEach(() => fs.rmSync(base, { recursive: true, force: true }));

/** A directory in the root with files of these sizes. */
function leave(id: string, files: Readonly<Record<string, number>>): string {
  const directory = spoolDirectory(root, id);
  fs.mkdirSync(directory);
  for (const [name, bytes] of Object.entries(files))
    fs.writeFileSync(join(directory, name), new Uint8Array(bytes));
  return directory;
}

const isAlive = (id: string): boolean => id === ALIVE;

test('spools are under XDG_STATE_HOME where it is absolute, else under ~/.local/state', () => {
  expect(spoolRoot({ XDG_STATE_HOME: '/state' }, '/home/a')).toBe('/state/everterm/spool');
  expect(spoolRoot({ XDG_STATE_HOME: 'state' }, '/home/a')).toBe(
    '/home/a/.local/state/everterm/spool',
  );
  expect(spoolRoot({}, '/home/a')).toBe('/home/a/.local/state/everterm/spool');
  expect(spoolDirectory('/state/everterm/spool', DEAD)).toBe(`/state/everterm/spool/${DEAD}`);
});

test('what a dead session left is deleted and counted, a living one keeps its own', async () => {
  leave(DEAD, { '0.spool': 1000, '17.spool': 234 });
  const kept = leave(ALIVE, { '0.spool': 5 });
  expect([...(await removeDeadSpools(root, isAlive))]).toEqual([[DEAD, 1234]]);
  expect(fs.readdirSync(root)).toEqual([ALIVE]);
  expect(fs.readdirSync(kept)).toEqual(['0.spool']);
});

test('whether a session lives may take time to find out', async () => {
  leave(DEAD, {});
  leave(ALIVE, {});
  const removed = await removeDeadSpools(root, (id) => Promise.resolve(isAlive(id)));
  expect([...removed]).toEqual([[DEAD, 0]]);
  expect(fs.readdirSync(root)).toEqual([ALIVE]);
});

test('a link to elsewhere is not followed, as a session, as a file or as the root', async () => {
  const elsewhere = join(base, 'elsewhere');
  fs.mkdirSync(elsewhere);
  fs.writeFileSync(join(elsewhere, '0.spool'), 'mine');
  fs.symlinkSync(elsewhere, spoolDirectory(root, DEAD));
  const other = leave('b'.repeat(32), {});
  fs.symlinkSync(join(elsewhere, '0.spool'), join(other, '0.spool'));
  expect((await removeDeadSpools(root, isAlive)).size).toBe(0);
  const linked = join(base, 'linked');
  fs.mkdirSync(join(elsewhere, DEAD));
  fs.symlinkSync(elsewhere, linked);
  expect((await removeDeadSpools(linked, isAlive)).size).toBe(0);
  expect(fs.readdirSync(elsewhere).toSorted()).toEqual(['0.spool', DEAD].toSorted());
  expect(fs.readFileSync(join(elsewhere, '0.spool'), 'utf8')).toBe('mine');
});

test('what is none of ours stays, and so does the directory that it is in', async () => {
  const directory = leave(DEAD, { '0.spool': 10, 'notes.txt': 3 });
  leave('not-a-session', { '0.spool': 10 });
  fs.mkdirSync(join(directory, '1.spool'));
  expect([...(await removeDeadSpools(root, isAlive))]).toEqual([[DEAD, 10]]);
  expect((await removeDeadSpools(root, isAlive)).size).toBe(0);
  expect(fs.readdirSync(directory).toSorted()).toEqual(['1.spool', 'notes.txt']);
  expect(fs.readdirSync(join(root, 'not-a-session'))).toEqual(['0.spool']);
});

test('one call does a bounded part of the work, and the next ones the rest', async () => {
  for (const digit of '0123') leave(digit.repeat(32), { '0.spool': 1, '1.spool': 1 });
  const filesLeft = (): number =>
    fs.readdirSync(root).reduce((sum, id) => sum + fs.readdirSync(join(root, id)).length, 0);
  let bytes = 0;
  for (const expected of [5, 2, 0]) {
    for (const each of (await removeDeadSpools(root, isAlive, 3)).values()) bytes += each;
    expect([filesLeft(), bytes]).toEqual([expected, 8 - expected]);
  }
});

test('without a root there is nothing to do', async () => {
  expect((await removeDeadSpools(join(base, 'nothing'), isAlive)).size).toBe(0);
});
