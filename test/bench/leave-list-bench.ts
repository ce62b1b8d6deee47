import { join } from 'node:path';
import { BenchPlace, PROMPT } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { median } from './quantile.ts';
import { atMost } from './targets.ts';

/** Sessions that begin at the same time. */
const AT_ONCE = 5;

/** `et ls` and `etserver ls --json` on a host with many sessions. */
export async function leaveListBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  const count = settings.quick ? 10 : 100;
  try {
    settings.say(`  ${count} sessions begin`);
    for (let begun = 0; begun < count; begun += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, () => begin(place)));
    const listed = (await place.host.sessions()).length;
    if (listed !== count) throw new Error(`${listed} sessions of ${count}`);
    const server = join(place.host.home, 'bin', 'etserver');
    return [
      await timed(settings, place, `et ls, ${count} sessions`, place.et('ls')),
      await timed(settings, place, `etserver ls --json, ${count} sessions`, [
        server,
        'ls',
        '--json',
      ]),
    ];
  } finally {
    await place.stop();
  }
}

async function begin(place: BenchPlace): Promise<void> {
  const client = place.typist(place.et('--local'));
  await client.see(PROMPT);
  process.kill(client.pid, 'SIGKILL');
  await client.ended;
}

async function timed(
  settings: BenchSettings,
  place: BenchPlace,
  name: string,
  commandLine: readonly string[],
): Promise<BenchRow> {
  await place.time(commandLine);
  const times: number[] = [];
  for (let run = runsOf(settings, 10, 3); run > 0; run -= 1)
    times.push(await place.time(commandLine));
  return benchRow({ name, unit: 'ms', et: median(times), target: atMost(300) });
}
