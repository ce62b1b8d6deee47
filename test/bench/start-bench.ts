import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { interleave } from './interleave.ts';
import { median } from './quantile.ts';
import { startBreakdown } from './start-breakdown.ts';
import { atMostTimesSsh } from './targets.ts';

/** From nothing to the end of `true` on the other host. */
export async function startBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  try {
    const runs = runsOf(settings, 15, 3);
    const both = await interleave(
      runs,
      () => place.time(place.commandLine('et', [], 'true')),
      () => place.time(place.commandLine('ssh', [], 'true')),
    );
    const rows = [
      benchRow({
        name: 'start: true on the host',
        unit: 'ms',
        et: median(both.et),
        ssh: median(both.ssh),
        target: atMostTimesSsh(1.6),
      }),
    ];
    rows.push(...(await startBreakdown(place, runs)));
    rows.push(await overControlMaster(place, runs));
    return rows;
  } finally {
    await place.stop();
  }
}

async function overControlMaster(place: BenchPlace, runs: number): Promise<BenchRow> {
  const shared = ['-o', `ControlPath=${join(place.host.home, 'run', 'master')}`];
  const options = { env: place.host.environment, stdio: 'ignore' } as const;
  const [ssh = '', ...master] = place.commandLine('ssh', [...shared, '-M', '-N', '-f']);
  spawnSync(ssh, master, options);
  try {
    const both = await interleave(
      runs,
      () => place.time(place.commandLine('et', shared, 'true')),
      () => place.time(place.commandLine('ssh', shared, 'true')),
    );
    return benchRow({
      name: 'start: the same over a ControlMaster',
      unit: 'ms',
      et: median(both.et),
      ssh: median(both.ssh),
    });
  } finally {
    spawnSync(ssh, place.commandLine('ssh', [...shared, '-O', 'exit']).slice(1), options);
  }
}
