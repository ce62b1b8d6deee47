import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { ECHO_COMMAND } from './echo-bench.ts';
import { median } from './quantile.ts';
import { atMost } from './targets.ts';
import type { Typist } from './typist.ts';

const RTT_MS = 50;
/** By then a session uses the road that it prefers, and neither end has anything left to say. */
const SETTLE_MS = 3000;
/** ssh waits for TCP, whose repetitions come ever more rarely. */
const SSH_WITHIN_MS = 150_000;

/** None of them stands in what et puts into the terminal's title meanwhile. */
const KEYS = { reset: '\x11', roam: '\x12', silent: '\x13', back: '\x14' } as const;

/** From the network's return to the echo of a key that was typed at that moment. */
export async function recoveryBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.inLab(settings, `delay=${RTT_MS / 2}`);
  try {
    const et = await ready(place, place.commandLine('et', ['-tt'], ECHO_COMMAND));
    const rows = [
      await reset(place, et, runsOf(settings, 5, 2)),
      await roam(place, et, runsOf(settings, 6, 2)),
    ];
    const ssh = await ready(place, place.commandLine('ssh', ['-tt'], ECHO_COMMAND));
    for (const seconds of settings.quick ? [12] : [12, 30, 60]) {
      settings.say(`recovery: ${seconds} s of silence`);
      rows.push(await silence(place, et, ssh, seconds));
    }
    await et.close();
    await ssh.close();
    return rows;
  } finally {
    await place.stop();
  }
}

async function ready(place: BenchPlace, commandLine: readonly string[]): Promise<Typist> {
  const typist = place.typist(commandLine);
  await typist.see('ready');
  return typist;
}

/** ssh ends here. */
async function reset(place: BenchPlace, et: Typist, runs: number): Promise<BenchRow> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await sleep(SETTLE_MS);
    await place.lab.control('reset');
    times.push(await et.answerTo(KEYS.reset));
  }
  return benchRow({
    name: `recovery from a reset, RTT ${RTT_MS} ms`,
    unit: 'ms',
    et: median(times),
    target: atMost(3 * RTT_MS + 100),
  });
}

/** Counted from when the client has its other address. ssh waits here until it ends. */
async function roam(place: BenchPlace, et: Typist, runs: number): Promise<BenchRow> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    await sleep(SETTLE_MS);
    await place.lab.run('roam');
    times.push(await et.answerTo(KEYS.roam));
  }
  return benchRow({
    name: `recovery from another address, RTT ${RTT_MS} ms`,
    unit: 'ms',
    et: median(times),
    target: atMost(Math.max(3 * RTT_MS, 1000) + 3 * RTT_MS + 200),
  });
}

/**
 * Both programs in the same silence. A key early in it leaves TCP something to repeat, as it happens to whoever does not know
 * yet that the network is gone.
 */
async function silence(
  place: BenchPlace,
  et: Typist,
  ssh: Typist,
  seconds: number,
): Promise<BenchRow> {
  const typists = [et, ssh] as const;
  await sleep(SETTLE_MS);
  await place.lab.control('down');
  await sleep(1000);
  for (const typist of typists) typist.type(KEYS.silent);
  await sleep(seconds * 1000 - 1000);
  await place.lab.control('up');
  const startedMs = performance.now();
  for (const typist of typists) typist.type(KEYS.back);
  const [etMs, sshMs] = await Promise.all(
    typists.map(async (typist) => (await typist.see(KEYS.back, SSH_WITHIN_MS)) - startedMs),
  );
  return benchRow({
    name: `recovery from ${seconds} s of silence, RTT ${RTT_MS} ms`,
    unit: 'ms',
    et: etMs ?? null,
    ssh: sshMs ?? null,
    target: atMost(1000 + 3 * RTT_MS),
  });
}
