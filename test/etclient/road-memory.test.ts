import { expect, test } from 'vitest';
import { RoadMemory, SAVE_APART_MS } from '../../src/etclient/road-memory.ts';
import type { HostRecord } from '../../src/etclient/road-records.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

function world(found?: HostRecord, port = 60_000) {
  const clock = new VirtualClock();
  const saved: HostRecord[] = [];
  const here = { network: 'home' };
  const memory = new RoadMemory(
    {
      clock,
      wallClock: { now: () => 1000.5 + clock.now() },
      store: { find: () => found, save: (record) => saved.push(record) },
      network: () => here.network,
    },
    'me@h',
    port,
  );
  return { clock, saved, here, memory };
}

test('what was learned is known at once, in that network', () => {
  const { memory, here } = world();
  expect(memory.recall()).toBeUndefined();
  memory.learn('ssh', ['tcp']);
  expect(memory.recall()).toMatchObject({ worked: 'ssh', failed: ['tcp'] });
  here.network = 'train';
  expect(memory.recall()).toBeUndefined();
  memory.learn('tcp', []);
  here.network = 'home';
  expect(memory.recall()).toMatchObject({ worked: 'ssh' });
});

test('it is written a second later, then once a minute at most, and at the end', () => {
  const { memory, clock, saved } = world();
  memory.learn('ssh', ['tcp']);
  clock.advance(999);
  expect(saved).toHaveLength(0);
  clock.advance(1);
  expect(saved).toEqual([
    {
      destination: 'me@h',
      port: 60_000,
      networks: [{ network: 'home', worked: 'ssh', failed: ['tcp'], usedMs: 1000 }],
    },
  ]);
  memory.learn('tcp', []);
  memory.learn('ssh', ['tcp']);
  clock.advance(SAVE_APART_MS - 1);
  expect(saved).toHaveLength(1);
  clock.advance(1);
  expect(saved).toHaveLength(2);
  memory.learn('tcp', []);
  memory.save();
  expect(saved.at(-1)?.networks[0]).toMatchObject({ worked: 'tcp', failed: [] });
  expect(saved).toHaveLength(3);
  expect(clock.pending).toBe(0);
});

test('what is known already is not written again', () => {
  const record = {
    destination: 'me@h',
    port: 60_000,
    networks: [{ network: 'home', worked: 'tcp', failed: [], usedMs: 5 }],
  };
  const { memory, clock, saved } = world(record);
  memory.learn('tcp', []);
  memory.save();
  expect([saved.length, clock.pending]).toEqual([0, 0]);
  const other = world(record, 60_001);
  other.memory.save();
  expect(other.saved).toMatchObject([{ port: 60_001, networks: [{ worked: 'tcp' }] }]);
});
