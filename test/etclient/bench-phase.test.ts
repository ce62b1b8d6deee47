import { expect, test } from 'vitest';
import type { LoadDirection } from '../../src/etclient/bench-load.ts';
import { BenchPhase, type PhaseResult } from '../../src/etclient/bench-phase.ts';
import type { ProbeSeries } from '../../src/etclient/bench-probe.ts';
import { BenchChannels } from '../../src/etserver/bench-channels.ts';
import { MuxPair } from '../mux/mux-pair.ts';
import { runTimed } from '../mux/timed-run.ts';

/** A phase beside a probe whose answers the test says. */
class World {
  readonly pair = new MuxPair();
  readonly results: PhaseResult[] = [];
  series: ProbeSeries | undefined;
  isStopped = false;

  start(loads: readonly LoadDirection[]): void {
    const benches = new BenchChannels();
    this.pair.onServerOpen = (incoming) => benches.open(incoming);
    const probe = {
      start: (series: ProbeSeries) => {
        this.series = series;
      },
      stop: () => {
        this.isStopped = true;
      },
    };
    new BenchPhase(
      {
        clock: this.pair.clock,
        mux: this.pair.client,
        probe,
        phaseMs: 1000,
        onDone: (result) => this.results.push(result),
        onFailed: (error) => {
          throw error;
        },
      },
      loads,
    );
  }

  run(ms: number): void {
    runTimed(this.pair, { oneWayMs: 10, bytesPerMs: 100, recordBytes: 1000 }, ms);
  }
}

test('an idle path is asked at once and again, a hundred times; that ends it before its time', () => {
  const world = new World();
  world.start([]);
  expect(world.series).toMatchObject({ gapMs: 0, maxCount: 100 });
  world.series?.onDone([3, 1]);
  const latencyMs = { min: 1, median: 1, p95: 3, max: 3 };
  expect(world.results).toEqual([{ latencyMs, bytesPerSecond: {} }]);
  expect(world.pair.clock.pending).toBe(0);
});

test('beside loads it is asked each 10 ms, as soon as they flow and until time is up', () => {
  const world = new World();
  world.start(['down', 'up']);
  world.run(15);
  expect(world.series).toBeUndefined();
  world.run(100);
  expect(world.series).toMatchObject({ gapMs: 10, maxCount: Number.POSITIVE_INFINITY });
  world.run(880);
  expect(world.isStopped).toBe(false);
  world.run(50);
  expect(world.isStopped).toBe(true);
});

test('it is over when the loads and the last echo are', () => {
  const world = new World();
  world.start(['down', 'up']);
  world.run(5000);
  expect(world.results).toEqual([]);
  world.series?.onDone([]);
  expect(world.results).toHaveLength(1);
  expect(world.results[0]?.latencyMs).toBeUndefined();

  const late = new World();
  late.start(['up']);
  late.run(1030);
  expect(late.isStopped).toBe(true);
  late.series?.onDone([5]);
  // What waits in the client has still to arrive.
  expect(late.results).toEqual([]);
  late.run(5000);
  expect(late.results[0]?.bytesPerSecond.up).toBeGreaterThan(50_000);
});
