import { describe, expect, test, vi } from 'vitest';
import type { Carrier } from '../../src/link/carrier.ts';
import type { LinkFaults } from '../support/memory-faults.ts';
import { type EchoTimes, LoadedLink } from './loaded-link.ts';
import { Scenario } from './scenario.ts';

vi.setConfig({ testTimeout: 180_000 });

const RTT_MS = 100;
/** Bulk may delay a key's echo by this beyond the unloaded link. */
const ALLOWED_MS = RTT_MS + 50;
const SEEDS = [1, 2, 3];

function line(bytesPerSecond: number, more: LinkFaults = {}): LinkFaults {
  // A modem's or an operator's buffer holds seconds; whoever fills it waits behind it.
  return {
    delayMs: RTT_MS / 2,
    bytesPerSecond,
    kernelBytes: 4 * bytesPerSecond,
    lineStepMs: 1,
    ...more,
  };
}

interface Measured {
  /** From the moment that bulk begins. */
  readonly first: EchoTimes;
  readonly later: EchoTimes;
  /** Bulk that arrived, as a part of what the lines could carry. */
  readonly use: number;
  readonly mostInFlightBytes: number;
}

function measure(
  kind: Carrier['kind'],
  faults: LinkFaults,
  bulk: readonly ('toServer' | 'toClient')[],
  seed: number,
): Measured {
  const link = new LoadedLink({ kind, faults, bulk, seed });
  link.startBulk();
  const first = link.type(3000);
  const before = { bytes: link.bulkBytes, ms: link.scenario.nowMs };
  const later = link.type(10_000);
  const perMs = (link.bulkBytes - before.bytes) / (link.scenario.nowMs - before.ms);
  const use = (1000 * perMs) / ((faults.bytesPerSecond ?? 0) * bulk.length);
  return { first, later, use, mostInFlightBytes: link.mostInFlightBytes };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('a key’s echo under bulk', () => {
  const BOTH = ['toServer', 'toClient'] as const;

  test.each([
    ['8 Mbit/s', 1_000_000],
    ['2 Mbit/s', 250_000],
    ['1 Mbit/s', 125_000],
  ])(
    'both ways over bytes at %s: 19 of 20 within 50 ms more, from the first moment on; bulk keeps the lines full',
    (_, bytesPerSecond) => {
      const all = SEEDS.map((seed) => measure('bytes', line(bytesPerSecond), BOTH, seed));
      for (const { first, later } of all) {
        expect(later.p95).toBeLessThan(ALLOWED_MS);
        expect(first.p95).toBeLessThan(ALLOWED_MS + 10);
      }
      expect(Math.min(...all.map(({ use }) => use))).toBeGreaterThan(0.8);
      expect(mean(all.map(({ use }) => use))).toBeGreaterThan(0.88);
    },
  );

  test('one way over bytes at 8 Mbit/s: bulk has 97 % of the line', () => {
    for (const seed of SEEDS) {
      const { later, use } = measure('bytes', line(1_000_000), ['toClient'], seed);
      expect(later.p95).toBeLessThan(ALLOWED_MS);
      expect(use).toBeGreaterThan(0.97);
    }
  });

  test('over datagrams at 20 Mbit/s, 2 % of them lost: 9 of 10 keys and echoes, each way', () => {
    const faults = line(2_500_000, { loss: 0.02 });
    for (const seed of SEEDS) {
      const link = new LoadedLink({ kind: 'datagrams', faults, bulk: ['toClient'], seed });
      link.startBulk();
      link.type(15_000);
      for (const { delaysMs } of [link.terminal.server, link.terminal.client]) {
        const sorted = [...delaysMs].sort((a, b) => a - b);
        expect(sorted[Math.floor(0.5 * sorted.length)]).toBeLessThan(RTT_MS / 2 + 10);
        // One in fifty is lost, and those behind it wait for the round trip that brings it again.
        expect(sorted[Math.floor(0.9 * sorted.length)]).toBeLessThan(RTT_MS / 2 + 50);
      }
    }
    const uses = SEEDS.map((seed) => measure('datagrams', faults, ['toClient'], seed).use);
    expect(mean(uses)).toBeGreaterThan(0.9);
  });

  test('does not wait behind what is retained after a move from 100 to 2 Mbit/s', () => {
    for (const seed of SEEDS) {
      const { retainedBytes, echoes } = move(12_500_000, 250_000, seed);
      // Seconds of the thin line, all to be sent again.
      expect(retainedBytes).toBeGreaterThan(1_000_000);
      for (const { p95 } of echoes) expect(p95).toBeLessThan(ALLOWED_MS);
    }
  });

  test('nor from 100 to 1 Mbit/s, but for the time that one more record takes there', () => {
    for (const seed of SEEDS) {
      const { echoes } = move(12_500_000, 125_000, seed);
      for (const { p50 } of echoes) expect(p50).toBeLessThan(ALLOWED_MS + 16);
      expect(echoes[2]?.p95).toBeLessThan(ALLOWED_MS + 25);
    }
  });

  /** Under bulk both ways from a fat to a thin line: keys in the first second, and after. */
  function move(
    fromBytesPerSecond: number,
    toBytesPerSecond: number,
    seed: number,
  ): { readonly retainedBytes: number; readonly echoes: readonly EchoTimes[] } {
    const faults = line(fromBytesPerSecond);
    const link = new LoadedLink({ kind: 'bytes', faults, bulk: BOTH, seed });
    link.startBulk();
    link.type(4000);
    const { client, server, path } = link.scenario;
    const retainedBytes = server.session.unacknowledgedBytes;
    path.abandon();
    path.set({ bytesPerSecond: toBytesPerSecond });
    const joined = client.joinCount + 1;
    client.own.onAddressesChange(() => false);
    link.scenario.timeUntil(() => client.joinCount === joined, 10_000);
    return { retainedBytes, echoes: [link.type(1000), link.type(4000), link.type(5000)] };
  }
});

describe('late sequencing', () => {
  test.each([20, 50, 100, 300])(
    'at 1 Mbit/s and %i ms at most 2 products of rate and delay and 64 KiB are out',
    (rttMs) => {
      const faults = line(125_000, { delayMs: rttMs / 2 });
      const { mostInFlightBytes } = measure('bytes', faults, ['toClient'], 1);
      expect(mostInFlightBytes).toBeLessThan(2 * 125 * rttMs + 65_536);
    },
  );

  test('after 10 s without a link and 100 MB queued the first key’s echo takes 2 round trips', () => {
    const link = new LoadedLink({
      kind: 'bytes',
      faults: line(1_000_000),
      bulk: ['toServer', 'toClient'],
    });
    const { scenario, bulk } = link;
    bulk.client.write(50_000_000);
    bulk.server.write(50_000_000);
    scenario.run(3000);
    scenario.path.answer = 'silent';
    scenario.path.abandon();
    scenario.run(10_000);
    scenario.path.answer = 'accepts';
    scenario.client.own.onKey();
    const joined = scenario.client.joinCount + 1;
    scenario.timeUntil(() => scenario.client.joinCount === joined, 10_000);
    link.key();
    expect(link.awaitEcho(10_000)).toBeLessThan(2 * RTT_MS);
  });
});

test('bulk fills a line of 80 Mbit/s and 100 ms within 14 round trips', () => {
  const scenario = new Scenario('bytes', line(10_000_000));
  scenario.begin();
  const bulk = scenario.openBulk();
  scenario.run(1000);
  bulk.server.write(30_000_000);
  scenario.run(14 * RTT_MS);
  const before = bulk.client.incoming.received;
  scenario.run(1000);
  expect(bulk.client.incoming.received - before).toBeGreaterThan(9_000_000);
});
