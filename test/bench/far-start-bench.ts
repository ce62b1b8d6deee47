import { BenchPlace, PROMPT, type Program } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { interleave } from './interleave.ts';
import { median } from './quantile.ts';
import { noSessions } from './session-servers.ts';
import { atMostTimesSsh } from './targets.ts';

/** From nothing to the first prompt of a shell that is 100 ms away. */
export async function farStartBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.inLab(settings, 'delay=50');
  const toPrompt = async (program: Program): Promise<number> => {
    const startedMs = performance.now();
    const typist = place.typist(place.commandLine(program, program === 'ssh' ? ['-tt'] : []));
    const atMs = await typist.see(PROMPT);
    typist.type('exit\r');
    await typist.ended;
    await noSessions(place.host);
    return atMs - startedMs;
  };
  try {
    const both = await interleave(
      runsOf(settings, 7, 2),
      () => toPrompt('et'),
      () => toPrompt('ssh'),
    );
    return [
      benchRow({
        name: 'start to prompt, RTT 100 ms',
        unit: 'ms',
        et: median(both.et),
        ssh: median(both.ssh),
        target: atMostTimesSsh(1.25),
      }),
    ];
  } finally {
    await place.stop();
  }
}
