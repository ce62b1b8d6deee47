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
    const et = await readyToEcho(place, 'et', ['-tt', '--via', 'tcp']);
    const ssh = await readyToEcho(place, 'ssh', ['-tt']);
    const keys = runsOf(settings, 1000, 200);
    const [etTimes, sshTimes] = await echoInTurns([et, ssh], keys);
    await et.close();
    await ssh.close();
    return [
      benchRow({
        name: 'echo of a key, median',
        unit: 'ms',
        et: median(etTimes),
        ssh: median(sshTimes),
        target: atMostSshAnd(0.3),
      }),
      benchRow({
        name: 'echo of a key, 99 of 100',
        unit: 'ms',
        et: quantile(etTimes, 0.99),
        ssh: quantile(sshTimes, 0.99),
        target: atMostSshAnd(2),
      }),
    ];
  } finally {
    await place.stop();
  }
}

/** A session whose terminal says each key. */
export async function readyToEcho(
  place: BenchPlace,
  program: Program,
  flags: readonly string[],
): Promise<Typist> {
  const typist = place.typist(place.commandLine(program, flags, ECHO_COMMAND));
  await typist.see('ready');
  return typist;
}

/** The milliseconds of so many keys of each of two, in turns; a first turn of each is not counted. */
export async function echoInTurns(
  [one, other]: readonly [Typist, Typist],
  keys: number,
): Promise<[number[], number[]]> {
  const times: [number[], number[]] = [[], []];
  await typeKeys(one, TURN_KEYS);
  await typeKeys(other, TURN_KEYS);
  while (times[0].length < keys) {
    times[0].push(...(await typeKeys(one, TURN_KEYS)));
    times[1].push(...(await typeKeys(other, TURN_KEYS)));
  }
  return times;
}

/** The milliseconds of so many keys. */
export async function typeKeys(typist: Typist, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let key = 0; key < count; key += 1) {
    await sleep(GAP_MS);
    times.push(await typist.answerTo('x'));
  }
  return times;
}
