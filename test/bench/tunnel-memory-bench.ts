import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace, type Program } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';
import { type PeakMemory, peakMemory } from './peak-memory.ts';
import { atMost } from './targets.ts';
import { TunnelBed } from './tunnel-bed.ts';
import type { TunnelDirection } from './tunnel-program.ts';

const MB = 1e6;
const MIB = 1024 * 1024;
const SETTLE_MS = 5000;
const ENDS = ['client', 'session server'] as const;

/** How far both ends rise above what they hold when idle, while one connection moves a lot. */
export async function tunnelMemoryBench(settings: BenchSettings): Promise<BenchRow[]> {
  const bed = await TunnelBed.start(await BenchPlace.onLoopback(settings));
  const mb = settings.quick ? 150 : 1500;
  try {
    const rows: BenchRow[] = [];
    for (const direction of ['from the host', 'to the host'] as const) {
      settings.say(`  ${direction}`);
      const et = await peaks(bed, 'et', direction, mb);
      const ssh = await peaks(bed, 'ssh', direction, mb);
      for (const [at, end] of ENDS.entries()) {
        const name = `tunnel: peak of the ${end} above idle, ${mb} MB ${direction}`;
        const of = (kind: keyof PeakMemory) => ({
          et: (et[at]?.[kind] ?? 0) / MIB,
          ssh: (ssh[at]?.[kind] ?? 0) / MIB,
        });
        rows.push(
          benchRow({ name: `${name}, USS`, unit: 'MiB', ...of('ussBytes'), target: atMost(16) }),
          benchRow({ name: `${name}, RSS`, unit: 'MiB', ...of('rssBytes') }),
        );
      }
    }
    return rows;
  } finally {
    await bed.stop();
  }
}

/** In a session of its own, or the second direction would begin with what the first has left. Client first, then server. */
async function peaks(
  bed: TunnelBed,
  program: Program,
  direction: TunnelDirection,
  mb: number,
): Promise<PeakMemory[]> {
  const tunnel = await bed.open(program);
  await sleep(SETTLE_MS);
  const found = await peakMemory([[tunnel.clientPid], tunnel.serverPids], () =>
    bed.near.run({
      kind: 'transfer',
      way: tunnel.straight,
      direction,
      bytes: mb * MB,
      connections: 1,
    }),
  );
  await tunnel.close();
  return found;
}
