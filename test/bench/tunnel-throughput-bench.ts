import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow, type Target } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { median } from './quantile.ts';
import { atLeastTimes, atLeastTimesSsh } from './targets.ts';
import { type Tunnel, TunnelBed } from './tunnel-bed.ts';
import type { TunnelDirection, TunnelWay } from './tunnel-program.ts';

const MB = 1e6;
const DIRECTIONS: readonly TunnelDirection[] = ['from the host', 'to the host'];
const CONNECTIONS = 100;

interface Shape {
  readonly name: string;
  readonly way: (tunnel: Tunnel) => TunnelWay;
  readonly connections: number;
}

const ONE: Shape = { name: '-L', way: ({ straight }) => straight, connections: 1 };
const SOCKS: Shape = { name: '-D', way: ({ socks }) => socks, connections: 1 };
const MANY: Shape = {
  ...ONE,
  name: `${CONNECTIONS} connections together`,
  connections: CONNECTIONS,
};

/** Bytes of connections through a session that stays, beside `ssh -L` and `ssh -D`. */
export async function tunnelThroughputBench(settings: BenchSettings): Promise<BenchRow[]> {
  const bed = await TunnelBed.start(await BenchPlace.onLoopback(settings));
  const mb = settings.quick ? 100 : 500;
  const runs = runsOf(settings, 5, 2);
  try {
    const et = await bed.open('et');
    const ssh = await bed.open('ssh');
    const rows: BenchRow[] = [];
    for (const direction of DIRECTIONS) {
      settings.say(`  ${direction}`);
      const rates = await ratesOf(bed, [et, ssh], { direction, mb, runs });
      const one = rates.get(ONE)?.et ?? 0;
      const row = (shape: Shape, target: Target): BenchRow =>
        benchRow({
          name: `tunnel: ${mb} MB ${direction}, ${shape.name}`,
          unit: 'MB/s',
          ...(rates.get(shape) ?? { et: null }),
          target,
        });
      rows.push(
        row(ONE, atLeastTimesSsh(1)),
        row(SOCKS, atLeastTimesSsh(1)),
        row(MANY, atLeastTimes(0.8, one, 'one connection')),
      );
    }
    for (const direction of DIRECTIONS)
      rows.push(await withoutTunnel(bed, { direction, mb, runs }));
    await et.close();
    await ssh.close();
    return rows;
  } finally {
    await bed.stop();
  }
}

interface Measurement {
  readonly direction: TunnelDirection;
  readonly mb: number;
  readonly runs: number;
}

/** All shapes in turn, since they are compared with one another too. The first round fills the caches, and is not counted. */
async function ratesOf(
  { near }: TunnelBed,
  [et, ssh]: readonly [Tunnel, Tunnel],
  { direction, mb, runs }: Measurement,
): Promise<Map<Shape, { et: number; ssh: number }>> {
  const times = [ONE, SOCKS, MANY].map((shape) => ({
    shape,
    et: [] as number[],
    ssh: [] as number[],
  }));
  const take = (tunnel: Tunnel, { way, connections }: Shape): Promise<number> => {
    const bytes = (mb * MB) / connections;
    return near.number({ kind: 'transfer', way: way(tunnel), direction, bytes, connections });
  };
  for (let run = 0; run <= runs; run += 1) {
    for (const each of times) {
      const etMs = await take(et, each.shape);
      const sshMs = await take(ssh, each.shape);
      if (run === 0) continue;
      each.et.push(etMs);
      each.ssh.push(sshMs);
    }
  }
  const rate = (ms: readonly number[]): number => mb / (median(ms) / 1000);
  return new Map(times.map((each) => [each.shape, { et: rate(each.et), ssh: rate(each.ssh) }]));
}

/** What the source and the sink can do; where that is not far above what the tunnels do, the rows above it say too little. */
async function withoutTunnel(
  { near, direct: way }: TunnelBed,
  { direction, mb, runs }: Measurement,
): Promise<BenchRow> {
  const bytes = mb * MB;
  const times: number[] = [];
  for (let run = 0; run <= runs; run += 1)
    times.push(await near.number({ kind: 'transfer', way, direction, bytes, connections: 1 }));
  return benchRow({
    name: `for comparison: ${direction}, without a tunnel`,
    unit: 'MB/s',
    // The first fills the caches.
    et: mb / (median(times.slice(1)) / 1000),
  });
}
