import { expect, test } from 'vitest';
import { StatusHistory } from '../../src/etclient/status-history.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

test('has the latest ten minutes, a sample each ten seconds, the latest last', () => {
  const clock = new VirtualClock();
  const history = new StatusHistory(clock, () => ({
    rttMs: null,
    bytesIn: clock.now(),
    bytesOut: 0,
  }));
  clock.advance(25_000);
  expect(history.samples.map(({ bytesIn }) => bytesIn)).toEqual([10_000, 20_000]);
  clock.advance(3_600_000);
  expect(history.samples).toHaveLength(60);
  expect(history.samples.at(0)?.bytesIn).toBe(3_030_000);
  expect(history.samples.at(-1)?.bytesIn).toBe(3_620_000);
  expect(clock.pending).toBe(1);
  history.stop();
  expect(clock.pending).toBe(0);
});
