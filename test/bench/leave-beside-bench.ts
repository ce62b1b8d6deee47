import { BenchPlace, PROMPT } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { buildLog } from './build-log.ts';
import { interleave } from './interleave.ts';
import { median } from './quantile.ts';
import { noSessions } from './session-servers.ts';
import { atLeastTimesSsh, atMostTimesSsh } from './targets.ts';

const MB = 1e6;

/** Two ways to a shell on this machine. */
const WAYS: Readonly<Record<string, (place: BenchPlace) => readonly string[]>> = {
  'over loopback': ({ host }) => [...host.to, '-tt', 'testhost'],
  '--local': () => ['--local', '-tt'],
};

/** What everybody would notice: output on a terminal, and the time to the first prompt; in turns with another version. */
export async function leaveBesideBench(settings: BenchSettings, root: string): Promise<BenchRow[]> {
  const places = [
    await BenchPlace.onLoopback(settings),
    await BenchPlace.onLoopback(settings, root),
  ] as const;
  const mb = settings.quick ? 20 : 100;
  const runs = runsOf(settings, 5, 2);
  const inTurns = (measure: (place: BenchPlace) => Promise<number>) =>
    interleave(
      runs,
      () => measure(places[0]),
      () => measure(places[1]),
    );
  try {
    for (const place of places) buildLog(place, 'shown', mb * MB, 'the end');
    const rows: BenchRow[] = [];
    for (const [way, words] of Object.entries(WAYS)) {
      settings.say(`  output ${way}`);
      const { et, ssh } = await inTurns((place) => show(place, words(place)));
      rows.push(
        benchRow({
          name: `terminal output, ${mb} MB, ${way}`,
          unit: 'MB/s',
          et: mb / (median(et) / 1000),
          ssh: mb / (median(ssh) / 1000),
          target: atLeastTimesSsh(0.95, 'beside'),
        }),
      );
    }
    for (const [way, words] of Object.entries(WAYS)) {
      settings.say(`  start ${way}`);
      const { et, ssh } = await inTurns((place) => toPrompt(place, words(place)));
      rows.push(
        benchRow({
          name: `start to prompt, ${way}`,
          unit: 'ms',
          et: median(et),
          ssh: median(ssh),
          target: atMostTimesSsh(1.05, 'beside'),
        }),
      );
    }
    return rows;
  } finally {
    for (const place of places) await place.stop();
  }
}

/** Milliseconds from the first to the last byte of a file on a terminal at both ends. */
async function show(place: BenchPlace, words: readonly string[]): Promise<number> {
  const command = `echo be""gins; exec cat ${place.host.home}/shown`;
  const typist = place.typist(place.et(...words, command));
  const beganMs = await typist.see('begins');
  const endedMs = await typist.see('the end');
  await typist.ended;
  await noSessions(place.host);
  return endedMs - beganMs;
}

async function toPrompt(place: BenchPlace, words: readonly string[]): Promise<number> {
  const startedMs = performance.now();
  const typist = place.typist(place.et(...words));
  const atMs = await typist.see(PROMPT);
  typist.type('exit\r');
  await typist.ended;
  await noSessions(place.host);
  return atMs - startedMs;
}
