import { setTimeout as sleep } from 'node:timers/promises';
import { PROMPT } from './bench-place.ts';
import { runsOf } from './bench-settings.ts';
import type { LossyFindings, LossySettings } from './lossy-bench.ts';
import { LossyLabs } from './lossy-labs.ts';
import { lossyRow } from './lossy-row.ts';
import { median } from './quantile.ts';
import { atMost } from './targets.ts';

const INTERRUPT = '\x03';
/** Long enough for every queue on the way to be full. */
const FLOOD_MS = 8000;
const WITHIN_MS = 60_000;

/** `yes` on a narrow link: from ^C to a screen on whose last line the prompt stands. */
export async function lossyInterruptBench(settings: LossySettings): Promise<LossyFindings> {
  const labs = await LossyLabs.up(settings, ['delay=25', 'rate=1000']);
  const runs = runsOf(settings, 5, 1);
  try {
    const values = await labs.inTurn(async (lab) => {
      settings.say(`  ${lab.tool.name}`);
      const { typist, close } = await lab.openShell(PROMPT);
      const times: number[] = [];
      for (let run = 0; run < runs; run += 1) {
        typist.type('yes\r');
        await sleep(settings.quick ? FLOOD_MS / 2 : FLOOD_MS);
        times.push(await typist.answerOnRow(INTERRUPT, PROMPT.trimEnd(), WITHIN_MS));
        await sleep(1000);
      }
      await close();
      return median(times);
    });
    const row = lossyRow({
      network: '50 ms RTT, 1 Mbit/s',
      measure: 'from ^C to the prompt under yes',
      unit: 'ms',
      values,
      target: atMost(600),
    });
    return { rows: [row], curves: [] };
  } finally {
    await labs.stop();
  }
}
