import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { silentLogger } from '../../src/base/logger.ts';
import { CredentialStore } from '../../src/bootstrap/credential-store.ts';
import type { SessionCredentials } from '../../src/bootstrap/session-credentials.ts';
import { CredentialKeeper } from '../../src/etclient/credential-keeper.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const SESSION = new Uint8Array(16).fill(1);
/** Processes that run. */
const RUNNING = [10, 20];

let directory: string;
let store: CredentialStore;
let clock: VirtualClock;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'everterm-keeper-'));
  store = new CredentialStore({ directory, random: new SeededRandom(1), logger: silentLogger });
  clock = new VirtualClock();
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

function keeper(
  pid: number,
  root: { byte: number | undefined } = { byte: pid },
  kept: CredentialStore = store,
): CredentialKeeper {
  const make = (): SessionCredentials | undefined => {
    if (root.byte === undefined) return undefined;
    return {
      destination: 'me@host',
      session: SESSION,
      route: new Uint8Array(16).fill(2),
      rootSecret: new Uint8Array(32).fill(root.byte),
      addresses: [],
      port: 60_000,
      protocol: 1,
      features: [],
      createdMs: 1,
      clientPid: pid,
      name: 'work',
      way: ['-J', 'gate'],
    };
  };
  const isRunning = (other: number): boolean => RUNNING.includes(other);
  return new CredentialKeeper({ store: kept, clock, logger: silentLogger, pid, isRunning, make });
}

test('the first save waits for the first prompt, a second after the first link', () => {
  const one = keeper(10);
  one.onFirstLink();
  clock.advance(999);
  expect(store.list()).toEqual([]);
  clock.advance(1);
  expect(store.find(SESSION)).toMatchObject({ clientPid: 10, name: 'work', way: ['-J', 'gate'] });
  one.onFirstLink();
  expect(clock.pending).toBe(0);
});

test('who was taken over and writes late keeps nobody from coming back to its successor', () => {
  const two = keeper(20);
  two.onFirstLink();
  two.save();
  const rootSecret = new Uint8Array(32).fill(10);
  const kept = store.find(SESSION);
  if (kept !== undefined) store.save({ ...kept, rootSecret, clientPid: 0, left: 'taken-over' });
  clock.advance(1000);
  const { clientPid, left, rootSecret: root } = store.find(SESSION) ?? {};
  expect([clientPid, left, root?.[0]]).toEqual([20, undefined, 20]);
});

test('who was taken over while the disk takes its last words does not write over its successor', () => {
  const two = keeper(20);
  let isSlow = false;
  const write = (descriptor: number, text: string): void => {
    writeFileSync(descriptor, text);
    if (!isSlow) return;
    isSlow = false;
    two.save();
  };
  const slow = new CredentialStore({
    directory,
    random: new SeededRandom(2),
    logger: silentLogger,
    write,
  });
  const again = keeper(10, { byte: 10 }, slow);
  again.save();
  isSlow = true;
  again.leave('taken-over');
  expect(store.find(SESSION)).toMatchObject({
    clientPid: 20,
    rootSecret: new Uint8Array(32).fill(20),
  });
  expect(readdirSync(directory)).toHaveLength(1);
});

test('what was left says so, and has no client', () => {
  const one = keeper(10);
  one.save();
  one.leave('detached');
  expect(store.find(SESSION)).toMatchObject({ clientPid: 0, left: 'detached' });
  one.leave(undefined);
  expect(store.find(SESSION)?.left).toBeUndefined();
});

test('nothing is kept before the root secret is known', () => {
  const root: { byte: number | undefined } = { byte: undefined };
  const one = keeper(10, root);
  one.leave('detached');
  expect(store.list()).toEqual([]);
  root.byte = 7;
  one.save();
  expect(store.find(SESSION)?.rootSecret[0]).toBe(7);
});

test('whoever takes over writes over what another client has kept', () => {
  keeper(10).save();
  keeper(20).save();
  expect(store.find(SESSION)).toMatchObject({ clientPid: 20 });
});

test('who was taken over by a client that runs leaves its file alone: when it leaves, and at the end', () => {
  const one = keeper(10);
  one.save();
  keeper(20).save();
  one.save();
  one.leave('taken-over');
  one.forget(SESSION);
  expect(store.find(SESSION)).toMatchObject({
    clientPid: 20,
    rootSecret: new Uint8Array(32).fill(20),
  });
});

test('what a client that is gone has left is no hindrance', () => {
  const one = keeper(10);
  one.save();
  keeper(30).save();
  one.forget(SESSION);
  expect(store.list()).toEqual([]);
});

test('who was taken over does not bring back what the other has seen the end of', () => {
  const one = keeper(10);
  one.save();
  store.remove(SESSION);
  one.leave('taken-over');
  expect(store.list()).toEqual([]);
  one.leave('detached');
  expect(store.list()).toHaveLength(1);
});
