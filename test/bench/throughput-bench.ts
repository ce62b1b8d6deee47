import { BenchPlace, type Program } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { type Both, interleave } from './interleave.ts';
import { median } from './quantile.ts';
import { atLeastTimesSsh } from './targets.ts';
import { textFile } from './text-file.ts';

const MB = 1e6;

/** Bytes of a whole command, its start and end included, as somebody who waits for it sees them. */
export async function throughputBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  const mb = settings.quick ? 100 : 500;
  const screenMb = settings.quick ? 40 : 200;
  try {
    const bulk = textFile(place, 'bulk', mb * MB);
    const screen = textFile(place, 'screen', screenMb * MB);
    const runs = runsOf(settings, 5, 2);
    const measure = (what: string, run: (program: Program) => Promise<number>): Promise<Both> => {
      settings.say(`  ${what}`);
      return interleave(
        runs,
        () => run('et'),
        () => run('ssh'),
      );
    };
    const out = await measure('from the host', (program) =>
      place.time(place.commandLine(program, [], `cat ${bulk}`)),
    );
    const into = await measure('to the host', (program) =>
      place.time(place.commandLine(program, [], 'cat > /dev/null'), { stdinPath: bulk }),
    );
    const shown = await measure('on a terminal', (program) =>
      show(place, program, screen, screenMb * MB),
    );
    const thrown = await measure('on a terminal there', (program) =>
      place.time(place.commandLine(program, ['-tt'], `cat ${screen}`)),
    );
    return [
      rate(`cat ${mb} MB on the host`, mb, out, 1),
      rate(`cat > /dev/null on the host, ${mb} MB`, mb, into),
      rate(`terminal output, ${screenMb} MB`, screenMb, shown, 0.95),
      rate(`terminal output to /dev/null, ${screenMb} MB`, screenMb, thrown),
    ];
  } finally {
    await place.stop();
  }
}

function rate(name: string, mb: number, both: Both, times?: number): BenchRow {
  return benchRow({
    name,
    unit: 'MB/s',
    et: mb / (median(both.et) / 1000),
    ssh: mb / (median(both.ssh) / 1000),
    ...(times !== undefined && { target: atLeastTimesSsh(times) }),
  });
}

/** `cat` on a terminal at both ends. */
async function show(
  place: BenchPlace,
  program: Program,
  path: string,
  bytes: number,
): Promise<number> {
  const startedMs = performance.now();
  const typist = place.typist(place.commandLine(program, ['-tt'], `cat ${path}`));
  await typist.ended;
  const tookMs = performance.now() - startedMs;
  if (typist.received < bytes) throw new Error(`${program}: ${typist.received} bytes of ${bytes}`);
  return tookMs;
}
