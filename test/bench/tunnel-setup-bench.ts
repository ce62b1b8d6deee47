import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { interleave } from './interleave.ts';
import { median } from './quantile.ts';
import { atMost } from './targets.ts';
import { type Tunnel, TunnelBed } from './tunnel-bed.ts';
import type { TunnelWay } from './tunnel-program.ts';

const RTT_MS = 100;

/** From connect to the first byte of an answer, over 100 ms; the program asks with its connect, the server answers at once. */
export async function tunnelSetupBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.inLab(settings, `delay=${RTT_MS / 2}`);
  const bed = await TunnelBed.start(place);
  const runs = runsOf(settings, 30, 5);
  try {
    const et = await bed.open('et');
    const ssh = await bed.open('ssh');
    const row = async (
      name: string,
      wayOf: (tunnel: Tunnel) => TunnelWay,
      limitMs?: number,
    ): Promise<BenchRow> => {
      const once = (tunnel: Tunnel): Promise<number> =>
        bed.near.number({ kind: 'greet', way: wayOf(tunnel), count: 1, atOnce: 1 });
      const both = await interleave(
        runs,
        () => once(et),
        () => once(ssh),
      );
      return benchRow({
        name: `tunnel: ${name}, RTT ${RTT_MS} ms`,
        unit: 'ms',
        et: median(both.et),
        ssh: median(both.ssh),
        ...(limitMs !== undefined && { target: atMost(limitMs) }),
      });
    };
    const rows = [
      await row('from connect to the first answer, -L', ({ straight }) => straight, RTT_MS + 5),
      await row('from connect to the first answer, -D', ({ socks }) => socks),
    ];
    await et.close();
    await ssh.close();
    return rows;
  } finally {
    await bed.stop();
  }
}
