import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace, type Program } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';
import { ussOf } from './peak-memory.ts';
import { atMost } from './targets.ts';
import { TunnelBed } from './tunnel-bed.ts';

const MIB = 1024 * 1024;
const SETTLE_MS = 5000;
const AT_ONCE = 20;
/** After so many the code is compiled, and the heaps have the size that this work needs. */
const FIRST = 1000;

interface Growth {
  /** By the first connections, in bytes: client, server. */
  readonly first: readonly number[];
  /** By all that came after them. */
  readonly after: readonly number[];
}

/** What both ends hold more when many connections have come and gone. */
export async function tunnelChurnBench(settings: BenchSettings): Promise<BenchRow[]> {
  const bed = await TunnelBed.start(await BenchPlace.onLoopback(settings));
  const count = settings.quick ? 1000 : 10_000;
  try {
    const et = await growth(bed, 'et', count);
    const ssh = await growth(bed, 'ssh', count);
    return ['client', 'session server'].flatMap((end, at) => {
      const of = (kind: keyof Growth) => ({
        et: (et[kind][at] ?? 0) / MIB,
        ssh: (ssh[kind][at] ?? 0) / MIB,
      });
      return [
        benchRow({
          name: `tunnel: growth of the ${end} by its first ${FIRST} connections`,
          unit: 'MiB',
          ...of('first'),
        }),
        benchRow({
          name: `tunnel: growth of the ${end} by ${count} more, opened and closed`,
          unit: 'MiB',
          ...of('after'),
          target: atMost(2),
        }),
      ];
    });
  } finally {
    await bed.stop();
  }
}

async function growth(bed: TunnelBed, program: Program, count: number): Promise<Growth> {
  const tunnel = await bed.open(program);
  const groups = [[tunnel.clientPid], tunnel.serverPids];
  const settled = async (): Promise<number[]> => {
    await sleep(SETTLE_MS);
    return groups.map(ussOf);
  };
  const comeAndGo = (connections: number): Promise<unknown> =>
    bed.near.run({ kind: 'greet', way: tunnel.straight, count: connections, atOnce: AT_ONCE });
  const fresh = await settled();
  await comeAndGo(FIRST);
  const warm = await settled();
  await comeAndGo(count);
  const worn = await settled();
  await tunnel.close();
  return { first: difference(warm, fresh), after: difference(worn, warm) };
}

function difference(after: readonly number[], before: readonly number[]): number[] {
  return after.map((bytes, at) => bytes - (before[at] ?? 0));
}
