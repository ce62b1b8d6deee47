import { describe, expect, test, vi } from 'vitest';
import { LoadedLink } from './loaded-link.ts';

vi.setConfig({ testTimeout: 180_000 });

const MEGABIT = 125_000;

/** Bytes of bulk that arrive in each second of ten, in `directions` together. */
function bulkRate(link: LoadedLink): number {
  link.startBulk();
  link.scenario.run(3000);
  const before = link.bulkBytes;
  link.scenario.run(10_000);
  return (link.bulkBytes - before) / 10;
}

describe('bulk on a datagram link', () => {
  test.each([
    [0.02, 0.8],
    [0.05, 0.75],
    [0.1, 0.65],
    [0.2, 0.35],
  ])(
    'at 20 Mbit/s and a round trip of 100 ms, with a part of %d lost, has more than %d of it',
    (loss, part) => {
      const faults = { delayMs: 50, bytesPerSecond: 20 * MEGABIT, kernelBytes: 250_000 };
      const link = new LoadedLink({ kind: 'datagrams', faults, bulk: ['toClient'] });
      link.scenario.path.set({ loss });
      expect(bulkRate(link) / (20 * MEGABIT)).toBeGreaterThan(part);
    },
  );

  test('both ways at 1 MB/s, 100 ms, behind a queue of 100 kB, has nine tenths of it, and a key is echoed within 150 ms', () => {
    const faults = { delayMs: 50, bytesPerSecond: 1_000_000, kernelBytes: 100_000 };
    const link = new LoadedLink({ kind: 'datagrams', faults, bulk: ['toClient', 'toServer'] });
    link.startBulk();
    link.scenario.run(5000);
    const before = link.bulkBytes;
    const startedMs = link.scenario.nowMs;
    const echo = link.type(10_000);
    const bytesPerMs = (link.bulkBytes - before) / (link.scenario.nowMs - startedMs);
    expect(echo.p95).toBeLessThan(150);
    expect(bytesPerMs / 2000).toBeGreaterThan(0.9);
  });
});
