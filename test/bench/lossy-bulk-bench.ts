import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace } from './bench-place.ts';
import type { LossyFindings, LossySettings } from './lossy-bench.ts';
import { type LossyRow, lossyRow } from './lossy-row.ts';
import { canForward, type ForwardingTool } from './lossy-tools.ts';
import { atLeast } from './targets.ts';
import { TunnelBed } from './tunnel-bed.ts';
import type { TunnelEnd } from './tunnel-end.ts';
import type { TunnelWay } from './tunnel-program.ts';
import { useCubic } from './use-cubic.ts';

const LOSSES = [1, 2, 5, 10, 20];
/** The name of the column for a connection without any session. */
export const TCP_ALONE = 'tcp alone';
const CALM = 'delay=50 rate=20000 queue_bytes=250000';
const RAMP_MS = 3000;
const TARGETS: Readonly<Record<number, number>> = { 2: 16 };

/** What one connection through a session gets of a link that loses packets, beside the same connection without a session. */
export async function lossyBulkBench(settings: LossySettings): Promise<LossyFindings> {
  const place = await BenchPlace.inLab(settings, ...CALM.split(' '));
  const bed = await TunnelBed.start(place, { acrossLab: true });
  const forMs = settings.quick ? 4000 : 20_000;
  try {
    useCubic(place);
    const rows: LossyRow[] = [];
    for (const loss of settings.quick ? LOSSES.slice(1, 3) : LOSSES) {
      settings.say(`  ${loss} % loss`);
      const measured = (way: TunnelWay) => rateUnder(bed, way, loss, forMs);
      const values = new Map([[TCP_ALONE, await measured(bed.direct)]]);
      for (const tool of settings.tools.filter(canForward)) {
        const rate = await inSession(bed, tool, measured);
        if (rate !== undefined) values.set(tool.name, rate);
        else settings.say(`  ${tool.name} is left out`);
      }
      rows.push(
        lossyRow({
          network: `100 ms RTT, 20 Mbit/s, ${loss} % loss each way`,
          measure: 'bulk from the host',
          unit: 'Mbit/s',
          values,
          target: TARGETS[loss] === undefined ? undefined : atLeast(TARGETS[loss]),
        }),
      );
    }
    return { rows, curves: [] };
  } finally {
    await bed.stop();
  }
}

/** Opens a session of its own for what is measured, so that nothing of the last one is still on its way. */
async function inSession(
  bed: TunnelBed,
  tool: ForwardingTool,
  measured: (way: TunnelWay) => Promise<number>,
): Promise<number | undefined> {
  const tunnel = await bed.open(tool.program, tool.flags);
  await sleep(RAMP_MS);
  const rate = await measured(tunnel.straight);
  await tunnel.close();
  bed.endServers();
  return rate;
}

/** Mbit/s, once the first seconds are over. */
async function rateUnder(
  bed: TunnelBed,
  way: TunnelWay,
  loss: number,
  forMs: number,
): Promise<number> {
  const { near, place } = bed;
  await place.lab.control(`set loss=${loss} seed=7`);
  await near.run({ kind: 'flow', way, direction: 'from the host' });
  await sleep(RAMP_MS);
  const rate = await mbitPerSecond(near, forMs);
  await place.lab.control('set loss=0');
  await near.run({ kind: 'release' });
  return rate;
}

/** What an end receives in so long. */
export async function mbitPerSecond(end: TunnelEnd, forMs: number): Promise<number> {
  const startedMs = performance.now();
  const before = await end.number({ kind: 'received' });
  await sleep(forMs);
  const after = await end.number({ kind: 'received' });
  return ((after - before) * 8) / 1000 / (performance.now() - startedMs);
}
