import { RouterProcess } from '../support/router-process.ts';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { processFigures } from './process-figures.ts';
import { DIRECT, ROUTED, RoadSessions } from './road-rates.ts';
import { atLeastTimesSsh } from './targets.ts';
import { TunnelBed } from './tunnel-bed.ts';
import type { TunnelDirection } from './tunnel-program.ts';

const DIRECTIONS: readonly TunnelDirection[] = ['from the host', 'to the host'];

/** The same bulk to a session server directly and through a router, where the CPU is the limit. */
export async function routerThroughputBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  const bed = await TunnelBed.start(place);
  const mb = settings.quick ? 100 : 500;
  const runs = runsOf(settings, 5, 2);
  try {
    const router = await RouterProcess.start(place.host);
    const sessions = new RoadSessions(bed);
    await sessions.open(DIRECT);
    await sessions.open(ROUTED);
    const { links } = await router.status();
    if (links !== 1) throw new Error(`${links} links in the router, where 1 should be`);
    const rows: BenchRow[] = [];
    for (const direction of DIRECTIONS) {
      settings.say(`  ${direction}`);
      const cpuMs = processFigures(router.pid).cpuMs;
      const rate = await sessions.rates({ direction, mb, runs });
      const spentMs = processFigures(router.pid).cpuMs - cpuMs;
      rows.push(
        benchRow({
          name: `router: ${mb} MB ${direction}, beside direct`,
          unit: 'MB/s',
          et: rate(ROUTED),
          ssh: rate(DIRECT),
          target: atLeastTimesSsh(0.7, 'direct'),
        }),
        benchRow({
          name: `of it: CPU of the router, ${direction}`,
          unit: 'ms/MB',
          et: spentMs / (mb * (runs + 1)),
        }),
      );
    }
    await sessions.close();
    await router.stop();
    return rows;
  } finally {
    await bed.stop();
  }
}
