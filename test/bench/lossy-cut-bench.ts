import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './bench-row.ts';
import { type KeyTimes, latenciesMs, unechoedCount } from './key-times.ts';
import type { LossyFindings, LossySettings } from './lossy-bench.ts';
import { KEY_GAP_MS, SETTLE_MS, WARM_KEYS } from './lossy-keys-bench.ts';
import { LossyLabs } from './lossy-labs.ts';
import { lossyRow } from './lossy-row.ts';
import { median } from './quantile.ts';
import { atMost } from './targets.ts';

const ROAM = '50 ms RTT, another address while typing';
/** Long enough for both ends to be at rest again. */
const KEYS_BETWEEN_ROAMS = 25;
const STORM = '100 ms RTT, 99 % loss each way for 60 s, then none';
const CALM_AFTER_MS = 10_000;
const DRAIN_MS = 30_000;
const ATMOST_MOSH: Target = {
  text: '<= mosh',
  isMet: (et, mosh) => (mosh === null ? null : et <= mosh),
};

/** The client changes its address again and again: the first key typed at the new one, and the slowest of those around. */
export async function lossyRoamBench(settings: LossySettings): Promise<LossyFindings> {
  const roams = settings.runs ?? (settings.quick ? 2 : 8);
  const labs = await LossyLabs.up(settings, ['delay=25']);
  try {
    const found = await labs.together(async (lab) => {
      const { typist, close } = await lab.openEcho();
      await sleep(SETTLE_MS);
      await typist.typeSteadily({ keys: WARM_KEYS, gapMs: KEY_GAP_MS, drainMs: DRAIN_MS });
      const first = (roam: number): number => (roam + 0.4) * KEYS_BETWEEN_ROAMS;
      const changes = Array.from({ length: roams }, (_, roam) => Math.floor(first(roam)));
      const times = await typist.typeSteadily({
        keys: roams * KEYS_BETWEEN_ROAMS,
        gapMs: KEY_GAP_MS,
        drainMs: DRAIN_MS,
        before: async (key) => {
          if (changes.includes(key)) await lab.place.lab.run('roam');
        },
      });
      await close();
      const latencies = latenciesMs(times);
      return {
        gap: median(changes.map((key) => latencies[key] ?? 0)),
        slowest: median(
          changes.map((key) => Math.max(...latencies.slice(key - 5, key + KEYS_BETWEEN_ROAMS / 2))),
        ),
        unechoed: unechoedCount(times),
      };
    });
    const rowOf = (
      measure: string,
      unit: string,
      figure: 'gap' | 'slowest' | 'unechoed',
      target?: Target,
    ) => {
      const values = new Map([...found].map(([tool, of]) => [tool, of[figure]]));
      return lossyRow({ network: ROAM, measure, unit, values, target });
    };
    const rows = [
      rowOf('echo of the first key after it, median', 'ms', 'gap', atMost(100)),
      rowOf('slowest key around it, median', 'ms', 'slowest'),
      rowOf('keys never echoed', 'keys', 'unechoed'),
    ];
    return { rows, curves: [] };
  } finally {
    await labs.stop();
  }
}

/** Hardly anything arrives for a minute, and then everything: how soon the user sees it, and how the keys of that minute fared. */
export async function lossyStormBench(settings: LossySettings): Promise<LossyFindings> {
  const stormKeys = (settings.quick ? 15_000 : 60_000) / KEY_GAP_MS;
  const calm = ['delay=50'];
  const labs = await LossyLabs.up(settings, calm);
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
          if (key === 0) await lab.weather([...calm, 'loss=99']);
          if (key !== stormKeys) return;
          await lab.weather(calm);
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
    const valuesOf = (figure: 'first' | 'median' | 'unechoed') =>
      new Map([...found].map(([tool, of]) => [tool, of[figure]]));
    const network = settings.quick ? STORM.replace('60 s', '15 s') : STORM;
    const [first, ofStorm] = [valuesOf('first'), valuesOf('median')];
    const rows = [
      lossyRow({
        network,
        measure: 'first echo after it',
        unit: 'ms',
        values: first,
        target: atMost(200),
      }),
      lossyRow({
        network,
        measure: 'keys typed in it, median',
        unit: 'ms',
        values: ofStorm,
        target: ATMOST_MOSH,
        beside: 'mosh',
      }),
      lossyRow({
        network,
        measure: 'keys never echoed',
        unit: 'keys',
        values: valuesOf('unechoed'),
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
