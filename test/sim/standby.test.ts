import { describe, expect, test, vi } from 'vitest';
import type { LinkFaults } from '../support/memory-faults.ts';
import { LoadedLink } from './loaded-link.ts';
import { Scenario } from './scenario.ts';
import type { SimPath } from './sim-path.ts';

vi.setConfig({ testTimeout: 180_000 });

const HOUR_MS = 3_600_000;
const KEY_EVERY_MS = 30;
const NO_BULK = [] as const;
const DOWN = ['toClient'] as const;
const BOTH = ['toServer', 'toClient'] as const;

/** `jitter` is the width of what each crossing takes, as a part of its mean. */
function road(rttMs: number, jitter: number, bytesPerSecond = 2_500_000): LinkFaults {
  const crossingMs = rttMs / 2;
  return {
    delayMs: crossingMs * (1 - jitter / 2),
    jitterMs: crossingMs * jitter,
    bytesPerSecond,
    kernelBytes: 10 * bytesPerSecond,
    lineStepMs: 1,
  };
}

/** The path swallows everything from now on, without a sign. */
function cut(path: SimPath): void {
  path.answer = 'silent';
  path.abandon();
}

/** The longest time between two arrivals from `fromMs` on. */
function longestGapMs(arrivalsMs: readonly number[], fromMs: number): number {
  const later = arrivalsMs.filter((atMs) => atMs >= fromMs);
  return later.reduce((gapMs, atMs, i) => Math.max(gapMs, atMs - (later[i - 1] ?? atMs)), 0);
}

/** Types a key each 30 ms for 9 s, cuts the road that carries, and types on for 3 s. */
function gaps(
  faults: LinkFaults,
  bulk: readonly ('toServer' | 'toClient')[],
  seed: number,
): { readonly echoMs: number; readonly bulkMs: number } {
  const link = new LoadedLink({ kind: 'bytes', faults, second: faults, bulk, seed });
  const { scenario, terminal } = link;
  const echoes: number[] = [];
  const pieces: number[] = [];
  const takeEcho = terminal.client.onArrival;
  terminal.client.onArrival = () => {
    takeEcho();
    echoes.push(scenario.nowMs);
  };
  link.bulk.client.onArrival = () => pieces.push(scenario.nowMs);
  const typeFor = (ms: number): void => {
    const untilMs = scenario.nowMs + ms;
    while (scenario.nowMs < untilMs) {
      link.key();
      scenario.run(KEY_EVERY_MS);
    }
  };
  link.startBulk();
  typeFor(9000);
  const fromMs = scenario.nowMs - 500;
  cut(scenario.path);
  typeFor(3000);
  return { echoMs: longestGapMs(echoes, fromMs), bulkMs: longestGapMs(pieces, fromMs) };
}

describe('with two roads, of which one is cut', () => {
  test.each([
    [10, 0],
    [10, 0.2],
    [50, 0],
    [50, 0.2],
    [200, 0],
    [200, 0.2],
  ])(
    'at a round trip of %i ms with %d jitter no echo is waited for longer than that and 100 ms, whatever else is running',
    (rttMs, jitter) => {
      for (const bulk of [NO_BULK, DOWN, BOTH]) {
        for (const seed of [1, 2, 3])
          expect(gaps(road(rttMs, jitter), bulk, seed).echoMs).toBeLessThan(rttMs + 100);
      }
    },
  );

  test.each([
    [10, 0],
    [50, 0],
    [50, 0.2],
  ])(
    'at a round trip of %i ms with %d jitter a transfer does not stop for longer',
    (rttMs, jitter) => {
      for (const seed of [1, 2, 3])
        expect(gaps(road(rttMs, jitter), DOWN, seed).bulkMs).toBeLessThan(rttMs + 100);
    },
  );

  test('at 200 ms a transfer stops for less than two round trips, but where false doubts have used up what may be sent twice', () => {
    const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
    const stops = seeds.map((seed) => gaps(road(200, 0.2), DOWN, seed).bulkMs);
    expect(stops.filter((ms) => ms > 2 * 200).length).toBeLessThanOrEqual(2);
    // Then it waits until the road is suspect.
    expect(Math.max(...stops)).toBeLessThan(1000 + 2 * 200);
  });

  test('the first key after a quiet quarter of an hour finds out, and its echo takes three round trips', () => {
    const faults = road(50, 0);
    const link = new LoadedLink({ kind: 'bytes', faults, second: faults, bulk: [] });
    link.type(5000);
    link.scenario.run(HOUR_MS / 4);
    cut(link.scenario.path);
    link.key();
    expect(link.awaitEcho(5000)).toBeLessThan(3 * 50);
  });

  test.each(['aToB', 'bToA'] as const)(
    'in the direction %s alone no echo is waited for longer, either',
    (direction) => {
      const faults = road(50, 0);
      const link = new LoadedLink({ kind: 'bytes', faults, second: faults, bulk: [] });
      link.type(5000);
      link.scenario.path.answer = 'silent';
      for (const connection of link.scenario.path.connections) connection.blackHole(direction);
      expect(link.type(5000).max).toBeLessThan(2 * 50 + 100);
    },
  );

  test('an address that is gone moves everything at once', () => {
    const faults = road(50, 0);
    const link = new LoadedLink({ kind: 'bytes', faults, second: faults, bulk: [] });
    link.type(5000);
    const { client, path } = link.scenario;
    const carrying = client.session.links.best;
    cut(path);
    if (carrying !== undefined) client.session.suspect(carrying);
    link.key();
    expect(link.awaitEcho(5000)).toBeLessThan(50 + 10);
  });

  test('it is dialled again each 5 s at the most, then each minute, and carries once it is back', () => {
    const scenario = new Scenario('bytes', road(50, 0), 1, road(50, 0));
    const terminal = scenario.begin();
    const { client, path } = scenario;
    cut(path);
    path.answer = 'ECONNREFUSED';
    terminal.client.write(1);
    const before = path.dialCount;
    scenario.run(10_000);
    expect(path.dialCount - before).toBeLessThanOrEqual(3);
    scenario.run(HOUR_MS);
    expect(path.dialCount - before).toBeLessThan(70);
    expect(path.dialCount - before).toBeGreaterThan(50);
    expect(client.outageCount).toBe(0);
    path.answer = 'accepts';
    scenario.run(61_000);
    expect(client.session.links.best?.secure.label).toContain('way');
    expect(client.session.links.count).toBe(2);
    expect(scenario.end()).toEqual({ timers: 0, carriers: 0 });
  });
});

describe('of two good roads', () => {
  test('the better one carries, the other one is asked at least each 30 s', () => {
    const scenario = new Scenario('bytes', road(50, 0), 1, road(50, 0));
    scenario.begin();
    const { session } = scenario.client;
    expect(session.links.count).toBe(2);
    expect(session.links.best?.secure.label).toContain('way');
    const other = [...session.links].find((link) => link !== session.links.best);
    let longestMs = 0;
    for (let i = 0; i < 600; i += 1) {
      scenario.run(1000);
      longestMs = Math.max(longestMs, scenario.nowMs - (other?.lastReceivedMs ?? 0));
    }
    expect(longestMs).toBeGreaterThan(25_000);
    expect(longestMs).toBeLessThan(32_000);
    expect(scenario.end()).toEqual({ timers: 0, carriers: 0 });
  });

  test.each([
    ['20 % jitter', 50, 0.2],
    ['50 % jitter', 200, 0.5],
    ['a crossing of nothing to twice the mean', 10, 2],
  ])('an hour of typing with %s takes hardly more bytes than over one', (_, rttMs, jitter) => {
    const one = bytesPerUse(rttMs, jitter, NO_BULK, HOUR_MS, false);
    expect(bytesPerUse(rttMs, jitter, NO_BULK, HOUR_MS, true) / one).toBeLessThan(1.02);
  });

  test('five minutes of bulk, the path standing still for 150 ms each 5 s, take less than 5 % more bytes', () => {
    const one = bytesPerUse(50, 0.2, DOWN, 300_000, false, 150);
    expect(bytesPerUse(50, 0.2, DOWN, 300_000, true, 150) / one).toBeLessThan(1.05);
  });

  /** Bytes on all wires for each byte that arrived. */
  function bytesPerUse(
    rttMs: number,
    jitter: number,
    bulk: readonly ('toServer' | 'toClient')[],
    forMs: number,
    hasStandby: boolean,
    stillMs = 0,
  ): number {
    const faults = road(rttMs, jitter, 250_000);
    const link = new LoadedLink({
      kind: 'bytes',
      faults,
      bulk,
      ...(hasStandby && { second: faults }),
    });
    const { scenario } = link;
    scenario.run(10_000);
    link.startBulk();
    const before = scenario.world.network.total.bytes;
    const bulkBefore = link.bulkBytes;
    const untilMs = scenario.nowMs + forMs;
    let keys = 0;
    let stillAtMs = scenario.nowMs + 5000;
    while (scenario.nowMs < untilMs) {
      link.key();
      keys += 1;
      scenario.run(400 * scenario.world.random.uniform());
      if (stillMs === 0 || scenario.nowMs < stillAtMs) continue;
      stillAtMs += 5000;
      for (const connection of scenario.path.connections) connection.hold('both');
      scenario.run(stillMs);
      for (const connection of scenario.path.connections) connection.release('both');
    }
    const useful = link.bulkBytes - bulkBefore + 2 * keys;
    return (scenario.world.network.total.bytes - before) / useful;
  }
});
