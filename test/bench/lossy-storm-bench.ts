import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './bench-row.ts';
import { type KeyTimes, latenciesMs, unechoedCount } from './key-times.ts';
import type { LossyFindings, LossySettings } from './lossy-bench.ts';
import { KEY_GAP_MS, SETTLE_MS, WARM_KEYS } from './lossy-keys-bench.ts';
import { LossyLabs } from './lossy-labs.ts';
import { figureOf, lossyRow } from './lossy-row.ts';
import { median } from './quantile.ts';
import { atMost } from './targets.ts';

const CALM = ['delay=50'];
const CALM_AFTER_MS = 10_000;
const DRAIN_MS = 30_000;
const AT_MOST_MOSH: Target = {
  text: '<= mosh',
  isMet: (et, mosh) => (mosh === null ? null : et <= mosh),
};

/** Hardly anything arrives for a minute, and then everything: how soon the user sees it, and how the keys of that minute fared. */
export async function lossyStormBench(settings: LossySettings): Promise<LossyFindings> {
  const stormMs = settings.quick ? 15_000 : 60_000;
  const stormKeys = stormMs / KEY_GAP_MS;
  const labs = await LossyLabs.up(settings, CALM);
  try {
    const found = await labs.together(async (lab) => {
      const { typist, close } = await lab.openEcho();
      await sleep(SETTLE_MS);
      await typist.typeSteadily({ keys: WARM_KEYS, gapMs: KEY_GAP_MS, drainMs: DRAIN_MS });
      let calmMs = 0;
      const times = await typist.typeSteadily({
        keys: stormKeys + CALM_AFTER_MS / KEY_GAP_MS,
        gapMs: KEY_GAP_MS,
        drainMs: DRAIN_MS,
        before: async (key) => {
          if (key === 0) await lab.weather([...CALM, 'loss=99']);
          if (key !== stormKeys) return;
          await lab.weather(CALM);
          calmMs = performance.now();
        },
      });
      await close();
      return {
        first: firstEchoAfter(times, calmMs) - calmMs,
        median: median(latenciesMs(times).slice(0, stormKeys)),
        unechoed: unechoedCount(times),
      };
    });
    const network = `100 ms RTT, 99 % loss each way for ${stormMs / 1000} s, then none`;
    const rows = [
      lossyRow({
        network,
        measure: 'first echo after it',
        unit: 'ms',
        values: figureOf(found, (of) => of.first),
        target: atMost(200),
      }),
      lossyRow({
        network,
        measure: 'keys typed in it, median',
        unit: 'ms',
        values: figureOf(found, (of) => of.median),
        target: AT_MOST_MOSH,
        beside: 'mosh',
      }),
      lossyRow({
        network,
        measure: 'keys never echoed',
        unit: 'keys',
        values: figureOf(found, (of) => of.unechoed),
      }),
    ];
    return { rows, curves: [] };
  } finally {
    await labs.stop();
  }
}

/** The end of the run, if there was none. */
function firstEchoAfter({ echoedMs, endMs }: KeyTimes, afterMs: number): number {
  const later = echoedMs.filter((each) => each !== undefined && each >= afterMs);
  return Math.min(endMs, ...later.map((each) => each ?? endMs));
}
