import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace, PROMPT, type Program } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { interleave } from './interleave.ts';
import { median } from './quantile.ts';
import { atMost } from './targets.ts';

const INTERRUPT = '\x03';
/** Long enough for every queue on the way to be full. */
const FLOOD_MS = 8000;

/** `yes` over 1 Mbit/s with an RTT of 50 ms: from ^C to the prompt. */
export async function floodBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.inLab(settings, 'delay=25', 'rate=1000');
  const toPrompt = async (program: Program): Promise<number> => {
    const typist = place.typist(place.commandLine(program, program === 'ssh' ? ['-tt'] : []));
    await typist.see(PROMPT);
    typist.type('yes\r');
    await sleep(settings.quick ? FLOOD_MS / 2 : FLOOD_MS);
    const tookMs = await typist.answerTo(INTERRUPT, PROMPT);
    typist.type('exit\r');
    await typist.ended;
    return tookMs;
  };
  try {
    const both = await interleave(
      runsOf(settings, 3, 1),
      () => toPrompt('et'),
      () => toPrompt('ssh'),
    );
    return [
      benchRow({
        name: 'from ^C to the prompt under yes, 1 Mbit/s, RTT 50 ms',
        unit: 'ms',
        et: median(both.et),
        ssh: median(both.ssh),
        target: atMost(600),
      }),
    ];
  } finally {
    await place.stop();
  }
}
