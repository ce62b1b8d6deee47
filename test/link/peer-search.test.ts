import { expect, test } from 'vitest';
import { PeerSearch } from '../../src/link/peer-search.ts';
import { RESOLUTION_DELAY_MS } from '../../src/link/tcp-race.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('addresses that are told late are taken as well, and their end is told then', async () => {
  const clock = new VirtualClock();
  const told: Record<number, (addresses: readonly string[]) => void> = {};
  const log: string[] = [];
  const resolver = {
    resolve: (_: string, family: 4 | 6) =>
      new Promise<readonly string[]>((resolve) => {
        told[family] = resolve;
      }),
    remembered: () => [],
  };
  const search = new PeerSearch({ clock, resolver }, 'db', [6, 4], {
    addPeers: (addresses) => log.push(addresses.join()),
    endPeers: () => log.push('end'),
  });
  told[4]?.(['10.0.0.1']);
  await Promise.resolve();
  expect(log).toEqual([]);
  clock.advance(RESOLUTION_DELAY_MS);
  expect(await search.outcome).toEqual({ kind: 'found' });
  expect(log).toEqual(['10.0.0.1']);
  told[6]?.(['fd00::1']);
  await Promise.resolve();
  expect(log).toEqual(['10.0.0.1', 'fd00::1', 'end']);
  expect(clock.pending).toBe(0);
});
