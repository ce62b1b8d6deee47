import { describe, expect, test, vi } from 'vitest';
import type { LinkFaults } from '../support/memory-faults.ts';
import { type Typed, TypingBed } from './typing-bed.ts';

vi.setConfig({ testTimeout: 180_000 });

/** A mean burst of five, nine in a hundred in all. */
const BURSTS: LinkFaults = { burstEnter: 0.0198, burstLeave: 0.2 };
const MINUTE_MS = 60_000;
/** Of IPv4 and UDP. */
const HEADER_BYTES = 28;

function typed(rttMs: number, faults: LinkFaults, seed: number): Typed {
  const bed = new TypingBed({ delayMs: rttMs / 2 }, seed);
  bed.type(5);
  bed.scenario.path.set(faults);
  return bed.measure(1000);
}

function wireBytes({ bytesPerKey, datagramsPerKey }: Typed): number {
  return bytesPerKey + HEADER_BYTES * datagramsPerKey;
}

describe('on a datagram link', () => {
  test('a key takes a round trip and three datagrams: itself, its echo, and the acknowledgement of that', () => {
    const clean = typed(100, {}, 1);
    expect(clean.median).toBeCloseTo(100, 1);
    expect(clean.p99).toBeCloseTo(100, 1);
    expect(clean.datagramsPerKey).toBe(3);
    expect(wireBytes(clean)).toBeLessThan(2 * 120);
  });

  test.each<readonly [string, number, LinkFaults, Typed]>([
    ['29 %', 100, { loss: 0.29 }, limits(110, 140, 200, 350)],
    ['60 %', 100, { loss: 0.6 }, limits(150, 220, 450, 700)],
    ['5 %', 50, { loss: 0.05 }, limits(52, 58, 80, 120)],
    ['9 % in bursts', 50, BURSTS, limits(52, 65, 110, 300)],
    ['30 %', 50, { loss: 0.3 }, limits(55, 65, 110, 200)],
  ])(
    'with %s lost each way at a round trip of %i ms keys are echoed as if hardly any were',
    (_, rttMs, faults, most) => {
      for (const seed of [1, 2, 3]) {
        const figures = typed(rttMs, faults, seed);
        for (const key of ['median', 'mean', 'p95', 'p99'] as const)
          expect(figures[key], `${key} of seed ${seed}`).toBeLessThanOrEqual(most[key]);
      }
    },
  );

  test.each<readonly [string, number, LinkFaults, number]>([
    ['5 %', 50, { loss: 0.05 }, 2.5],
    ['9 % in bursts', 50, BURSTS, 4],
    ['29 %', 100, { loss: 0.29 }, 4.3],
    ['60 %', 100, { loss: 0.6 }, 5.2],
  ])(
    'with %s lost that takes a few times the bytes of keys, and no more',
    (_, rttMs, faults, most) => {
      const clean = wireBytes(typed(rttMs, {}, 1));
      expect(wireBytes(typed(rttMs, faults, 1)) / clean).toBeLessThan(most);
    },
  );
});

function limits(median: number, mean: number, p95: number, p99: number): Typed {
  return { median, mean, p95, p99, bytesPerKey: 0, datagramsPerKey: 0 };
}

describe.each<readonly [string, LinkFaults, LinkFaults]>([
  ['each way', { loss: 0.99 }, { loss: 0.99 }],
  ['to the server', { loss: 0.99 }, { loss: 0 }],
  ['to the client', { loss: 0 }, { loss: 0.99 }],
])('a minute with 99 %% lost %s', (_direction, toServer, toClient) => {
  test('ends no session, costs 20 datagrams a second each way, and is over within 200 ms', () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const bed = new TypingBed({ delayMs: 25 }, seed);
      const { scenario } = bed;
      bed.type(20);
      scenario.path.setEach(toServer, toClient);
      const before = scenario.world.network.total.writes;
      bed.type(300);
      const writes = scenario.world.network.total.writes - before;
      expect(writes / 60, `datagrams a second, both ways, seed ${seed}`).toBeLessThan(45);
      scenario.path.set({ loss: 0 });
      const from = bed.typedCount;
      bed.type(20);
      bed.awaitEchoes();
      expect(Math.max(...bed.echoesFrom(from)), `first echo, seed ${seed}`).toBeLessThan(200);
    }
  });

  test('of which nobody types the most, costs 5 a second at the most', () => {
    const bed = new TypingBed({ delayMs: 25 }, 1);
    bed.type(20);
    bed.scenario.path.setEach(toServer, toClient);
    bed.type(5);
    bed.scenario.run(15_000);
    const before = bed.scenario.world.network.total.writes;
    bed.scenario.run(MINUTE_MS);
    expect((bed.scenario.world.network.total.writes - before) / 60).toBeLessThan(2 * 5);
  });
});

test('a kilobyte each way gets through 99 % of loss within an hour', () => {
  for (const seed of [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]) {
    const bed = new TypingBed({ delayMs: 25 }, seed);
    const { scenario, terminal } = bed;
    bed.type(5);
    scenario.path.set({ loss: 0.99 });
    terminal.client.write(1000);
    terminal.server.write(1000);
    const isThere = (): boolean =>
      terminal.server.incoming.received >= 1005 && terminal.client.incoming.received >= 1005;
    scenario.timeUntil(isThere, 60 * MINUTE_MS);
  }
});

test('at 30 % of loss 100 kB are there within 10 s', () => {
  for (const seed of [1, 2, 3]) {
    const bed = new TypingBed({ delayMs: 25, bytesPerSecond: 1_000_000 }, seed);
    const { scenario, terminal } = bed;
    bed.type(5);
    scenario.path.set({ loss: 0.3 });
    terminal.server.write(100_000);
    scenario.timeUntil(() => terminal.client.incoming.received >= 100_005, 10_000);
  }
});
