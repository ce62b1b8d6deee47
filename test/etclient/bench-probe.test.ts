import { expect, test } from 'vitest';
import { BenchProbe } from '../../src/etclient/bench-probe.ts';
import { BenchChannels } from '../../src/etserver/bench-channels.ts';
import { MuxPair } from '../mux/mux-pair.ts';
import { runTimed } from '../mux/timed-run.ts';

/** A probe over a link of 4 ms there and back. */
class World {
  readonly pair = new MuxPair();
  readonly results: (readonly number[])[] = [];
  readonly probe: BenchProbe;

  constructor() {
    const benches = new BenchChannels();
    this.pair.onServerOpen = (incoming) => benches.open(incoming);
    this.probe = new BenchProbe(this.pair.clock, this.pair.client, {
      onReady: () => undefined,
      onFailed: (error) => {
        throw error;
      },
    });
    this.run(20);
  }

  start(gapMs: number, maxCount: number): void {
    const onDone = (samples: readonly number[]): void => void this.results.push(samples);
    this.probe.start({ gapMs, maxCount, onDone });
  }

  run(ms: number): void {
    runTimed(this.pair, { oneWayMs: 2, bytesPerMs: 1000, recordBytes: 1000 }, ms);
  }
}

test('each byte follows the answer to the one before', () => {
  const world = new World();
  world.start(0, 5);
  world.run(40);
  expect(world.results).toHaveLength(1);
  expect(world.results[0]).toHaveLength(5);
  for (const ms of world.results[0] ?? []) expect([4, 5, 6]).toContain(ms);
});

test('with a gap each waits for its time, and a slow answer makes no crowd', () => {
  const world = new World();
  world.start(10, Number.POSITIVE_INFINITY);
  world.run(101);
  // Nothing gets through meanwhile.
  world.pair.clock.advance(500);
  world.run(50);
  world.probe.stop();
  world.run(10);
  const [samples = []] = world.results;
  expect(samples.length).toBeGreaterThanOrEqual(14);
  expect(samples.length).toBeLessThanOrEqual(17);
  expect(samples.filter((ms) => ms > 400)).toHaveLength(1);
});

test('between two bytes it stops at once, and leaves no timer', () => {
  const world = new World();
  world.start(1000, Number.POSITIVE_INFINITY);
  world.run(20);
  world.probe.stop();
  expect(world.results).toHaveLength(1);
  world.run(2000);
  expect(world.results).toHaveLength(1);
  expect(world.pair.clock.pending).toBe(0);
});

test('a byte on its way is waited for, and counts', () => {
  const world = new World();
  world.start(0, Number.POSITIVE_INFINITY);
  world.run(1);
  world.probe.stop();
  expect(world.results).toEqual([]);
  world.run(10);
  expect(world.results[0]).toHaveLength(1);
});
