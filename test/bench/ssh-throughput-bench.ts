import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { OVER_SSH, RoadSessions, SSH } from './road-rates.ts';
import { atLeastTimesSsh } from './targets.ts';
import { TunnelBed } from './tunnel-bed.ts';
import type { TunnelDirection } from './tunnel-program.ts';

const DIRECTIONS: readonly TunnelDirection[] = ['from the host', 'to the host'];

/** Bulk in a session that has no road but ssh, beside ssh itself, where the CPU is the limit. */
export async function sshThroughputBench(settings: BenchSettings): Promise<BenchRow[]> {
  const bed = await TunnelBed.start(await BenchPlace.onLoopback(settings));
  const mb = settings.quick ? 100 : 500;
  const runs = runsOf(settings, 3, 1);
  try {
    const sessions = new RoadSessions(bed);
    await sessions.open(OVER_SSH);
    await sessions.open(SSH);
    const rows: BenchRow[] = [];
    for (const direction of DIRECTIONS) {
      settings.say(`  ${direction}`);
      const rate = await sessions.rates({ direction, mb, runs });
      rows.push(
        benchRow({
          name: `--via ssh: ${mb} MB ${direction}`,
          unit: 'MB/s',
          et: rate(OVER_SSH),
          ssh: rate(SSH),
          target: atLeastTimesSsh(0.8),
        }),
      );
    }
    await sessions.close();
    return rows;
  } finally {
    await bed.stop();
  }
}
