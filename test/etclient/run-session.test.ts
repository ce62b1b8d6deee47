import { expect, test } from 'vitest';
import { systemWallClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import type { WorkEnd } from '../../src/etclient/exit.ts';
import { type RunningSession, runSession } from '../../src/etclient/run-session.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const clock = new VirtualClock();
const nothing = (): void => undefined;
const never = { start: () => ({ cancel: nothing }) };

/** A client whose first link never comes, though it may be near. */
function run(isNear: boolean): { running: RunningSession; ends: WorkEnd[] } {
  const running = runSession(
    {
      clock,
      wallClock: systemWallClock,
      random: new SeededRandom(1),
      logger: silentLogger,
      interfaces: () => ({}),
    },
    {
      plan: { dial: never.start, roads: [], roadOf: () => 'way', betterThan: () => undefined },
      keepaliveMs: undefined,
      makeService: () => ({
        onFirstLink: nothing,
        onOutage: nothing,
        onRecovered: nothing,
        restore: nothing,
      }),
      firstLink: { isNear, begin: nothing },
      onLink: nothing,
      onDialFailed: nothing,
    },
  );
  const ends: WorkEnd[] = [];
  void running.ended.then((end) => ends.push(end));
  return { running, ends };
}

async function after(ms: number): Promise<void> {
  clock.advance(ms);
  await new Promise((resolve) => setImmediate(resolve));
}

test.each([
  [true, 3000],
  [false, 250],
])(
  'an end before the first link (near: %s) waits for it for %i ms, to tell the server',
  async (isNear, waitMs) => {
    const { running, ends } = run(isNear);
    running.stop({ status: 130 });
    await after(waitMs - 1);
    expect(ends).toEqual([]);
    await after(1);
    expect(ends).toEqual([{ status: 130 }]);
  },
);

test('who asks twice does not wait, and neither does a session that is gone', async () => {
  const twice = run(true);
  twice.running.stop({ status: 130 });
  twice.running.stop({ status: 143 });
  const gone = run(true);
  gone.running.stop({ status: 255 }, true);
  await after(0);
  expect([...twice.ends, ...gone.ends]).toEqual([{ status: 143 }, { status: 255 }]);
});
