import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { median } from './quantile.ts';
import { atMost, atMostSshAnd } from './targets.ts';
import { TunnelBed, type TypedTunnel } from './tunnel-bed.ts';
import type { TunnelDirection } from './tunnel-program.ts';

const MB = 1e6;
const GAP_MS = 5;

/** Keys typed into a session while its own tunnel moves bulk as fast as it can, over loopback. */
export async function tunnelEchoBench(settings: BenchSettings): Promise<BenchRow[]> {
  const bed = await TunnelBed.start(await BenchPlace.onLoopback(settings));
  const mb = settings.quick ? 100 : 300;
  const runs = runsOf(settings, 5, 2);
  try {
    const et = await bed.openTyped('et');
    const ssh = await bed.openTyped('ssh');
    const rows: BenchRow[] = [];
    for (const direction of ['from the host', 'to the host'] as const) {
      settings.say(`  ${direction}`);
      const times = { et: [] as number[], ssh: [] as number[] };
      // The first of each fills caches, and is not counted.
      for (let run = 0; run <= runs; run += 1) {
        const [etTimes, sshTimes] = [
          await keysDuring(bed, et, direction, mb),
          await keysDuring(bed, ssh, direction, mb),
        ];
        if (run === 0) continue;
        times.et.push(...etTimes);
        times.ssh.push(...sshTimes);
      }
      const name = `tunnel: echo of a key while ${mb} MB go ${direction}`;
      rows.push(
        benchRow({
          name: `${name}, median`,
          unit: 'ms',
          et: median(times.et),
          ssh: median(times.ssh),
          target: atMostSshAnd(3),
        }),
        benchRow({
          name: `${name}, slowest`,
          unit: 'ms',
          et: Math.max(...times.et),
          ssh: Math.max(...times.ssh),
          target: atMost(60),
        }),
      );
    }
    await et.close();
    await ssh.close();
    return rows;
  } finally {
    await bed.stop();
  }
}

async function keysDuring(
  bed: TunnelBed,
  { typist, straight: way }: TypedTunnel,
  direction: TunnelDirection,
  mb: number,
): Promise<number[]> {
  let isMoving = true;
  const bulk = bed.near
    .run({ kind: 'transfer', way, direction, bytes: mb * MB, connections: 1 })
    .finally(() => {
      isMoving = false;
    });
  const times: number[] = [];
  while (isMoving) {
    await sleep(GAP_MS);
    times.push(await typist.answerTo('x'));
  }
  await bulk;
  // The last may have been typed when all was over.
  return times.slice(0, -1);
}
