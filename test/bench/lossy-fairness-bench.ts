import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace } from './bench-place.ts';
import type { Target } from './bench-row.ts';
import type { LossyFindings, LossySettings } from './lossy-bench.ts';
import { mbitPerSecond } from './lossy-bulk-bench.ts';
import { SETTLE_MS } from './lossy-keys-bench.ts';
import { type LossyRow, lossyRow } from './lossy-row.ts';
import { canForward, type ForwardingTool } from './lossy-tools.ts';
import { TunnelBed } from './tunnel-bed.ts';
import { TunnelEnd } from './tunnel-end.ts';
import { useCubic } from './use-cubic.ts';

const NETWORK = '40 ms RTT, 10 Mbit/s, queue of one such round trip, beside a cubic TCP';
/** 10 Mbit/s x 40 ms. */
const CALM = ['delay=20', 'rate=10000', 'queue_bytes=50000'];
const SEEDS = 10;
const RAMP_MS = 4000;
/** The second of the two begins so much later, at the most. */
const LATER_MS = 2000;
const FAIR: Target = { text: '0.3 .. 3', isMet: (et) => et >= 0.3 && et <= 3 };

/** Bulk through a session and a TCP connection beside it, on one link: who gets how much of it. */
export async function lossyFairnessBench(settings: LossySettings): Promise<LossyFindings> {
  const place = await BenchPlace.inLab(settings, ...CALM);
  const bed = await TunnelBed.start(place, { acrossLab: true });
  const other = new TunnelEnd({
    commandIn: (argv) => place.commandOn('client', argv),
    environment: place.host.environment,
  });
  const forMs = settings.quick ? 5000 : 15_000;
  try {
    useCubic(place);
    const rows: LossyRow[] = [];
    for (let seed = 1; seed <= (settings.quick ? 2 : SEEDS); seed += 1) {
      const values = new Map<string, number>();
      for (const tool of settings.tools.filter(canForward))
        values.set(tool.name, await shareOf(bed, other, tool, seed, forMs));
      settings.say(`  seed ${seed}: ${JSON.stringify(Object.fromEntries(values))}`);
      const measure = `bulk in the session / that of TCP, seed ${seed}`;
      rows.push(lossyRow({ network: NETWORK, measure, unit: 'x', values, target: FAIR }));
    }
    return { rows, curves: [] };
  } finally {
    await other.stop();
    await bed.stop();
  }
}

/** The seed says which of the two begins, and how long before the other. */
async function shareOf(
  bed: TunnelBed,
  other: TunnelEnd,
  tool: ForwardingTool,
  seed: number,
  forMs: number,
): Promise<number> {
  const { near, place, direct } = bed;
  const tunnel = await bed.open(tool.program, tool.flags);
  await sleep(SETTLE_MS);
  await place.lab.control(`set seed=${seed}`);
  const flows = [
    () => near.run({ kind: 'flow', way: tunnel.straight, direction: 'from the host' }),
    () => other.run({ kind: 'flow', way: direct, direction: 'from the host' }),
  ];
  if (seed % 2 === 0) flows.reverse();
  for (const flow of flows) {
    await flow();
    await sleep((LATER_MS * seed) / SEEDS);
  }
  await sleep(RAMP_MS);
  const [own, beside] = await Promise.all([
    mbitPerSecond(near, forMs),
    mbitPerSecond(other, forMs),
  ]);
  await Promise.all([near.run({ kind: 'release' }), other.run({ kind: 'release' })]);
  await tunnel.close();
  bed.endServers();
  return own / beside;
}
