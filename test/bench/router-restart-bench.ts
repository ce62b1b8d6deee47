import { setTimeout as sleep } from 'node:timers/promises';
import { RouterProcess } from '../support/router-process.ts';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { Crowd } from './crowd.ts';
import { readyToEcho, typeKeys } from './echo-bench.ts';
import { median, quantile } from './quantile.ts';
import { DIRECT } from './road-rates.ts';
import { atMost } from './targets.ts';
import type { Typist } from './typist.ts';

const CLIENTS = 500;
const SETTLE_MS = 4000;
/** As systemd's RestartSec= has it. */
const START_AGAIN_MS = 100;
const QUIET_KEYS = 300;

/** A router of many that is killed and comes again, while somebody types in a session that has nothing to do with it. */
export async function routerRestartBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  const count = settings.quick ? 50 : CLIENTS;
  try {
    const router = await RouterProcess.start(place.host);
    const typist = await readyToEcho(place, 'et', ['-tt', ...(DIRECT.flags ?? [])]);
    const crowd = await Crowd.start(router, count);
    const slowestMs: number[] = [];
    const halfMs: number[] = [];
    const keysMs: number[] = [];
    const quietMs: number[] = [];
    for (let run = 0; run < runsOf(settings, 5, 2); run += 1) {
      await sleep(SETTLE_MS);
      quietMs.push(...(await typeKeys(typist, QUIET_KEYS)));
      const took = await restart(router, crowd, typist);
      slowestMs.push(Math.max(...took.backMs));
      halfMs.push(median(took.backMs));
      keysMs.push(...took.keysMs);
    }
    await crowd.stop();
    await typist.close();
    await router.stop();
    const name = `router killed and started again, ${count} clients`;
    return [
      benchRow({
        name: `${name}: all are back, slowest of the runs`,
        unit: 'ms',
        et: Math.max(...slowestMs),
        target: atMost(5000),
      }),
      benchRow({ name: `${name}: half of them are back`, unit: 'ms', et: median(halfMs) }),
      benchRow({
        name: 'echo of a key beside it, without the router, 99 of 100',
        unit: 'ms',
        et: quantile(keysMs, 0.99),
        target: atMost(100),
      }),
      benchRow({
        name: 'for comparison: the same while the crowd is quiet',
        unit: 'ms',
        et: quantile(quietMs, 0.99),
      }),
    ];
  } finally {
    await place.stop();
  }
}

interface Restart {
  /** From the kill, each client. */
  readonly backMs: readonly number[];
  /** Each key that was typed until all were back. */
  readonly keysMs: readonly number[];
}

async function restart(router: RouterProcess, crowd: Crowd, typist: Typist): Promise<Restart> {
  const back = crowd.allLinked();
  let isBack = false;
  const killedAtMs = Date.now();
  await router.kill();
  const again = router.startAgain(START_AGAIN_MS);
  const done = back.finally(() => {
    isBack = true;
  });
  const keysMs: number[] = [];
  while (!isBack) keysMs.push(...(await typeKeys(typist, 1)));
  await again;
  return { backMs: (await done).map((atMs) => atMs - killedAtMs), keysMs };
}
