import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lineLogger } from '../../src/base/logger.ts';
import {
  type HostRecord,
  MAX_HOSTS,
  MAX_NETWORKS,
  type NetworkRecord,
  withNetwork,
} from '../../src/etclient/road-records.ts';
import { RoadStore, roadStorePath } from '../../src/etclient/road-store.ts';
import { SeededRandom } from '../support/seeded-random.ts';

let base: string;
let path: string;
let log: string[];
beforeEach(() => {
  base = mkdtempSync(join(tmpdir(), 'everterm-roads-'));
  path = roadStorePath({ XDG_STATE_HOME: base }, '/home/nobody');
  log = [];
});
afterEach(() => rmSync(base, { recursive: true, force: true }));

function storeHere(): RoadStore {
  const logger = lineLogger(
    1,
    () => 0,
    (line) => log.push(line),
  );
  return new RoadStore(path, new SeededRandom(1), logger);
}

const HOME: NetworkRecord = { network: 'home', worked: 'ssh', failed: ['tcp'], usedMs: 7 };

function host(destination: string): HostRecord {
  return { destination, port: 60_000, networks: [HOME] };
}

test('what is saved is found, by a file that only its owner may read, and nothing else is left', () => {
  const store = storeHere();
  expect(store.find('a')).toBeUndefined();
  store.save(host('a'));
  store.save(host('b'));
  store.save({ ...host('a'), port: 0 });
  expect(storeHere().find('a')).toEqual({ ...host('a'), port: 0 });
  expect(storeHere().find('b')).toEqual(host('b'));
  expect(readdirSync(dirname(path))).toEqual(['roads.json']);
  expect([statSync(path).mode & 0o777, statSync(dirname(path)).mode & 0o777]).toEqual([
    0o600, 0o700,
  ]);
  expect(log).toEqual([]);
});

test(`the last ${MAX_HOSTS} hosts and ${MAX_NETWORKS} networks are kept`, () => {
  const store = storeHere();
  for (let i = 0; i < MAX_HOSTS + 2; i += 1) store.save(host(`h${i}`));
  const found = [0, 1, 2, MAX_HOSTS + 1].map((i) => store.find(`h${i}`)?.destination);
  expect(found).toEqual([undefined, undefined, 'h2', `h${MAX_HOSTS + 1}`]);
  let record = host('h');
  for (let i = 0; i < MAX_NETWORKS; i += 1)
    record = withNetwork(record, { ...HOME, network: `n${i}` });
  expect(record.networks.map(({ network }) => network)).toEqual(
    Array.from({ length: MAX_NETWORKS }, (_, i) => `n${MAX_NETWORKS - 1 - i}`),
  );
});

test.each([
  ['no JSON', '{'],
  ['no object', '[]'],
  ['another version', '{"version":2,"hosts":[]}'],
  ['a port that is none', JSON.stringify({ version: 1, hosts: [{ ...host('a'), port: -1 }] })],
  [
    'a road with a control character',
    JSON.stringify({
      version: 1,
      hosts: [{ ...host('a'), networks: [{ ...HOME, worked: '\n' }] }],
    }),
  ],
  [
    'too many hosts',
    JSON.stringify({ version: 1, hosts: Array.from({ length: MAX_HOSTS + 1 }, () => host('a')) }),
  ],
])('%s: passed over, and replaced by the next', (_, text) => {
  const store = storeHere();
  store.save(host('b'));
  writeFileSync(path, text);
  expect(store.find('a')).toBeUndefined();
  expect(log).toHaveLength(1);
  expect(log[0]).toContain('is passed over');
  store.save(host('a'));
  expect(store.find('a')).toEqual(host('a'));
  expect(JSON.parse(readFileSync(path, 'utf8'))).toMatchObject({ version: 1 });
});

test('where nothing can be written, that is said in the log alone', () => {
  writeFileSync(join(base, 'everterm'), 'a file');
  storeHere().save(host('a'));
  expect(log.at(-1)).toContain('what worked is not remembered');
});
