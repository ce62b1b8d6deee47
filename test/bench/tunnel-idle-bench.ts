import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace, type Program } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';
import { ussOf } from './peak-memory.ts';
import { atMost } from './targets.ts';
import { TunnelBed } from './tunnel-bed.ts';

const MIB = 1024 * 1024;
const SETTLE_MS = 5000;

interface Held {
  readonly client: number;
  readonly server: number;
}

/** What open connections cost that have nothing to say. */
export async function tunnelIdleBench(settings: BenchSettings): Promise<BenchRow[]> {
  const bed = await TunnelBed.start(await BenchPlace.onLoopback(settings));
  const count = settings.quick ? 200 : 1000;
  try {
    const et = await held(bed, 'et', count);
    const ssh = await held(bed, 'ssh', count);
    const row = (end: string, of: (of: Held) => number) => ({
      name: `tunnel: ${count} idle connections, ${end}`,
      unit: 'MiB',
      et: of(et) / MIB,
      ssh: of(ssh) / MIB,
    });
    return [
      benchRow(row('client', ({ client }) => client)),
      benchRow(row('session server', ({ server }) => server)),
      benchRow({
        ...row('both together', ({ client, server }) => client + server),
        target: atMost(20),
      }),
    ];
  } finally {
    await bed.stop();
  }
}

/** More bytes than before the connections. */
async function held(bed: TunnelBed, program: Program, count: number): Promise<Held> {
  const tunnel = await bed.open(program);
  const figures = (): Held => ({
    client: ussOf([tunnel.clientPid]),
    server: ussOf(tunnel.serverPids),
  });
  await sleep(SETTLE_MS);
  const before = figures();
  await bed.near.run({ kind: 'hold', way: tunnel.straight, count });
  await sleep(SETTLE_MS);
  const after = figures();
  await bed.near.run({ kind: 'release' });
  await tunnel.close();
  return { client: after.client - before.client, server: after.server - before.server };
}
