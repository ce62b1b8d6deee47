import { execFile } from 'node:child_process';
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow, type Target } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { buildLog } from './build-log.ts';
import { median } from './quantile.ts';
import type { SpoolAnswer, SpoolReader } from './spool-program.ts';
import { atLeastOrTimes } from './targets.ts';

/** Compiled with the benches, and beside this file: scripts/run-ts.js. */
const PROGRAM = fileURLToPath(new URL('spool-program.js', import.meta.url));
const READERS: readonly SpoolReader[] = ['pty', 'script', 'log', 'model'];
const MB = 1e6;

/** A program's output while nobody is attached, beside readers of its terminal that keep nothing. */
export async function leaveSpoolBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  const mb = settings.quick ? 100 : 1000;
  const rates = new Map<SpoolReader, number[]>(READERS.map((reader) => [reader, []]));
  const cpu = new Map<SpoolReader, number[]>(READERS.map((reader) => [reader, []]));
  try {
    const path = buildLog(place, 'big', mb * MB, 'the end');
    const size = statSync(path).size;
    for (let run = runsOf(settings, 3, 1); run > 0; run -= 1) {
      for (const reader of READERS) {
        const answer = await readWith(reader, path);
        if (answer.bytes < size && reader !== 'script')
          throw new Error(`${reader}: ${answer.bytes} bytes of ${size}`);
        rates.get(reader)?.push(size / MB / (answer.tookMs / 1000));
        cpu.get(reader)?.push(answer.cpuMs / (size / MB));
      }
    }
  } finally {
    await place.stop();
  }
  const rateOf = (reader: SpoolReader): number => median(rates.get(reader) ?? []);
  const row = (name: string, reader: SpoolReader, target?: Target): BenchRow =>
    benchRow({
      name,
      unit: 'MB/s',
      et: rateOf(reader),
      ssh: rateOf('pty'),
      ...(target !== undefined && { target }),
    });
  const asFast = atLeastOrTimes(100, 0.9, 'the pty');
  return [
    row(`spool ${mb} MB: the pty alone, by script(1)`, 'script'),
    row('spool: the log, without a screen model', 'log', asFast),
    row('spool: the log and the screen model', 'model', asFast),
    ...READERS.filter((reader) => reader !== 'script').map((reader) =>
      benchRow({
        name: `spool: CPU time of the reader, ${reader}`,
        unit: 'ms/MB',
        et: median(cpu.get(reader) ?? []),
      }),
    ),
  ];
}

async function readWith(reader: SpoolReader, path: string): Promise<SpoolAnswer> {
  const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, reader, path]);
  return JSON.parse(stdout) as SpoolAnswer;
}
