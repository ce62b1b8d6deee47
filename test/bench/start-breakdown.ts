import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ET, ETSERVER } from '../support/et-host.ts';
import { requireTool } from '../support/requirements.ts';
import type { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { median } from './quantile.ts';

/** The stations that a start passes, in this order; each writes the time of day into a file. */
const STATIONS = ['client begins', 'ssh begins', 'server begins', 'command runs', 'client ends'];
/** What lies between a station and the next. */
const PHASES = [
  'node and et load, up to ssh',
  'ssh connects, up to etserver',
  'etserver loads, replies, link joins, command runs',
  'the status comes back, et ends',
];

/**
 * Where the time of a start goes. ssh and etserver are found as scripts of one line that note the time and become the real
 * program: 2 or 3 ms each, which the whole has more than the row above it.
 */
export async function startBreakdown(place: BenchPlace, runs: number): Promise<BenchRow[]> {
  const { host } = place;
  const marks = join(host.home, 'marks.txt');
  const mark = (station: string): string => `echo "${station}=$EPOCHREALTIME" >> '${marks}'`;
  const directory = join(host.home, 'marking');
  mkdirSync(directory);
  const note = (name: string, body: string): void => {
    writeFileSync(join(directory, name), `#!/bin/bash\n${body}\n`, { mode: 0o755 });
  };
  // `ssh -G`, which runs beside the connection, is no station.
  const isConfigQuery = `[[ " $* " == *" -G "* ]] || `;
  note('ssh', `${isConfigQuery}${mark('ssh begins')}\nexec '${requireTool('ssh')}' "$@"`);
  note('etserver', `${mark('server begins')}\nexec '${process.execPath}' '${ETSERVER}' "$@"`);
  const environment = { PATH: `${directory}:${host.environment['PATH']}` };
  const flags = ['--server-path', join(directory, 'etserver')];
  const phases: number[][] = PHASES.map(() => []);
  const totals: number[] = [];
  for (let run = 0; run < runs; run += 1) {
    rmSync(marks, { force: true });
    const beginsMs = performance.timeOrigin + performance.now();
    const tookMs = await place.time(place.commandLine('et', flags, mark('command runs')), {
      environment,
    });
    const times = stationTimes(host.read('marks.txt'), beginsMs, beginsMs + tookMs);
    for (const [at, list] of phases.entries()) list.push((times[at + 1] ?? 0) - (times[at] ?? 0));
    totals.push(tookMs);
  }
  const rows = PHASES.map((phase, at) => row(phase, phases[at] ?? []));
  const node = [process.execPath];
  rows.push(row('for comparison: node -e 0', await repeat(place, [...node, '-e', '0'], runs)));
  rows.push(row('et --version', await repeat(place, [...node, ET, '--version'], runs)));
  rows.push(row('etserver --version', await repeat(place, [...node, ETSERVER, '--version'], runs)));
  return rows;
}

function row(phase: string, values: readonly number[]): BenchRow {
  return benchRow({ name: `start, of it: ${phase}`, unit: 'ms', et: median(values) });
}

/** The moments of the stations, in milliseconds since the epoch. */
function stationTimes(marks: string, beginsMs: number, endsMs: number): number[] {
  return STATIONS.map((station) => {
    if (station === 'client begins') return beginsMs;
    if (station === 'client ends') return endsMs;
    const seconds = new RegExp(`^${station}=([\\d.]+)$`, 'mu').exec(marks)?.[1];
    if (seconds === undefined) throw new Error(`no "${station}" in ${JSON.stringify(marks)}`);
    return Number(seconds) * 1000;
  });
}

async function repeat(
  place: BenchPlace,
  commandLine: readonly string[],
  runs: number,
): Promise<number[]> {
  const times: number[] = [];
  for (let run = 0; run < runs; run += 1) times.push(await place.time(commandLine));
  return times;
}
