import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { buildLog } from './build-log.ts';
import { ECHO_COMMAND } from './echo-bench.ts';
import { quantile } from './quantile.ts';
import type { Typist } from './typist.ts';

const MIB = 1024 * 1024;
const TURN_KEYS = 50;
const GAP_MS = 5;
/** No build prints it. */
const KEY = '\x02';
/** The log holds 4 MiB in memory: then each block that comes makes another go to the disk. */
const FILLED_MS = 4000;

/** Keys of `et --local`: without other output, and with 2 MB/s of it, which the log spools. Beside another version, where there is one. */
export async function leaveEchoBench(
  settings: BenchSettings,
  root: string | undefined,
): Promise<BenchRow[]> {
  const places = [await BenchPlace.onLoopback(settings)];
  if (root !== undefined) places.push(await BenchPlace.onLoopback(settings, root));
  try {
    const rows: BenchRow[] = [];
    for (const isNoisy of [false, true]) {
      const typists = await Promise.all(places.map((place) => begin(place, isNoisy)));
      if (isNoisy) await sleep(FILLED_MS);
      const times = await inTurns(typists, runsOf(settings, 1000, 100));
      await Promise.all(typists.map((typist) => typist.close()));
      const what = isNoisy ? ', 2 MB/s of output spooled' : '';
      rows.push(...rowsOf(`echo of a key${what}, --local`, times));
    }
    return rows;
  } finally {
    for (const place of places) await place.stop();
  }
}

function rowsOf(name: string, [own = [], other]: readonly (readonly number[])[]): BenchRow[] {
  return Object.entries({ median: 0.5, '99 of 100': 0.99 }).map(([which, share]) =>
    benchRow({
      name: `${name}: ${which}`,
      unit: 'ms',
      et: quantile(own, share),
      ssh: other === undefined ? null : quantile(other, share),
    }),
  );
}

async function begin(place: BenchPlace, isNoisy: boolean): Promise<Typist> {
  let noise = '';
  if (isNoisy) {
    const path = buildLog(place, 'noise', MIB, '');
    noise = `while :; do head -c 65536 ${path}; sleep 0.032; done & `;
  }
  const typist = place.typist(place.et('--local', '-tt', `${noise}${ECHO_COMMAND}`));
  await typist.see('ready');
  return typist;
}

/** The milliseconds of so many keys of each; a first turn is not counted. */
async function inTurns(typists: readonly Typist[], keys: number): Promise<number[][]> {
  const times = typists.map((): number[] => []);
  for (let turn = 0; turn <= keys / TURN_KEYS; turn += 1) {
    for (const [at, typist] of typists.entries()) {
      for (let key = 0; key < TURN_KEYS; key += 1) {
        await sleep(GAP_MS);
        const tookMs = await typist.answerTo(KEY);
        if (turn > 0) times[at]?.push(tookMs);
      }
    }
  }
  return times;
}
