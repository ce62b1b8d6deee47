import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace, type Program } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { median, quantile } from './quantile.ts';
import { atMostSshAnd } from './targets.ts';
import type { Typist } from './typist.ts';

/** Keys typed into one program before the other's turn. */
const TURN_KEYS = 50;
/** Long enough for both ends to have gone to sleep, as between a person's keys. */
const GAP_MS = 5;
/** A terminal that says exactly what it is told. */
export const ECHO_COMMAND = 'stty raw -echo; echo re""ady; exec cat';

/** From a key to its echo, over loopback: `et` over TCP beside `ssh -tt`. */
export async function echoBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  try {
    const et = await ready(place, 'et');
    const ssh = await ready(place, 'ssh');
    const keys = runsOf(settings, 1000, 200);
    const times = { et: [] as number[], ssh: [] as number[] };
    await typeKeys(et, TURN_KEYS);
    await typeKeys(ssh, TURN_KEYS);
    while (times.et.length < keys) {
      times.et.push(...(await typeKeys(et, TURN_KEYS)));
      times.ssh.push(...(await typeKeys(ssh, TURN_KEYS)));
    }
    await et.close();
    await ssh.close();
    return [
      benchRow({
        name: 'echo of a key, median',
        unit: 'ms',
        et: median(times.et),
        ssh: median(times.ssh),
        target: atMostSshAnd(0.3),
      }),
      benchRow({
        name: 'echo of a key, 99 of 100',
        unit: 'ms',
        et: quantile(times.et, 0.99),
        ssh: quantile(times.ssh, 0.99),
        target: atMostSshAnd(2),
      }),
    ];
  } finally {
    await place.stop();
  }
}

async function ready(place: BenchPlace, program: Program): Promise<Typist> {
  const flags = program === 'et' ? ['-tt', '--via', 'tcp'] : ['-tt'];
  const typist = place.typist(place.commandLine(program, flags, ECHO_COMMAND));
  await typist.see('ready');
  return typist;
}

async function typeKeys(typist: Typist, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let key = 0; key < count; key += 1) {
    await sleep(GAP_MS);
    times.push(await typist.answerTo('x'));
  }
  return times;
}
