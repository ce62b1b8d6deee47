import { setTimeout as sleep } from 'node:timers/promises';
import { runsOf } from './bench-settings.ts';
import { latenciesMs, unechoedCount } from './key-times.ts';
import type { LossyFindings, LossySettings } from './lossy-bench.ts';
import { KEY_GAP_MS, SETTLE_MS, WARM_KEYS } from './lossy-keys-bench.ts';
import { LossyLabs } from './lossy-labs.ts';
import { figureOf, lossyRow } from './lossy-row.ts';
import { median } from './quantile.ts';
import { atMost } from './targets.ts';

const NETWORK = '50 ms RTT, another address while typing';
/** Long enough for both ends to be at rest again. */
const KEYS_BETWEEN_ROAMS = 25;
/** Of those, how many are typed before the address changes. */
const KEYS_BEFORE_ROAM = 10;
const DRAIN_MS = 30_000;

/** The client changes its address again and again: the first key typed at the new one, and the slowest of those around. */
export async function lossyRoamBench(settings: LossySettings): Promise<LossyFindings> {
  const roams = runsOf(settings, 8, 2);
  const labs = await LossyLabs.up(settings, ['delay=25']);
  try {
    const found = await labs.together(async (lab) => {
      const { typist, close } = await lab.openEcho();
      await sleep(SETTLE_MS);
      await typist.typeSteadily({ keys: WARM_KEYS, gapMs: KEY_GAP_MS, drainMs: DRAIN_MS });
      const changes = Array.from(
        { length: roams },
        (_, roam) => roam * KEYS_BETWEEN_ROAMS + KEYS_BEFORE_ROAM,
      );
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
    const network = NETWORK;
    const rows = [
      lossyRow({
        network,
        measure: 'echo of the first key after it, median',
        unit: 'ms',
        values: figureOf(found, ({ gap }) => gap),
        target: atMost(100),
      }),
      lossyRow({
        network,
        measure: 'slowest key around it, median',
        unit: 'ms',
        values: figureOf(found, ({ slowest }) => slowest),
      }),
      lossyRow({
        network,
        measure: 'keys never echoed',
        unit: 'keys',
        values: figureOf(found, ({ unechoed }) => unechoed),
      }),
    ];
    return { rows, curves: [] };
  } finally {
    await labs.stop();
  }
}
