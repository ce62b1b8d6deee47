import { RouterProcess } from '../support/router-process.ts';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { echoInTurns, readyToEcho } from './echo-bench.ts';
import { median, quantile } from './quantile.ts';
import { DIRECT, ROUTED } from './road-rates.ts';
import { atMostSshAnd } from './targets.ts';

/** From a key to its echo through a router, beside a session server that is reached directly. */
export async function routerEchoBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  try {
    const router = await RouterProcess.start(place.host);
    const routed = await readyToEcho(place, 'et', ['-tt', ...(ROUTED.flags ?? [])]);
    const direct = await readyToEcho(place, 'et', ['-tt', ...(DIRECT.flags ?? [])]);
    const { links } = await router.status();
    if (links !== 1) throw new Error(`${links} links in the router, where 1 should be`);
    const keys = runsOf(settings, 2000, 200);
    const [ours, theirs] = await echoInTurns([routed, direct], keys);
    await routed.close();
    await direct.close();
    await router.stop();
    return [
      benchRow({
        name: 'router: echo of a key beside direct, median',
        unit: 'ms',
        et: median(ours),
        ssh: median(theirs),
        target: atMostSshAnd(0.3, 'direct'),
      }),
      benchRow({
        name: 'router: echo of a key beside direct, 99 of 100',
        unit: 'ms',
        et: quantile(ours, 0.99),
        ssh: quantile(theirs, 0.99),
      }),
    ];
  } finally {
    await place.stop();
  }
}
