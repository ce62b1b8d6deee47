import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace } from './bench-place.ts';
import { latenciesMs, summarize } from './key-times.ts';
import type { LossyFindings, LossySettings } from './lossy-bench.ts';
import { mbitPerSecond } from './lossy-bulk-bench.ts';
import { KEY_GAP_MS, SETTLE_MS, WARM_KEYS } from './lossy-keys-bench.ts';
import { figureOf, lossyRow } from './lossy-row.ts';
import { canForward, type ForwardingTool } from './lossy-tools.ts';
import { ScreenTypist } from './screen-typist.ts';
import { atLeast, atMost } from './targets.ts';
import { TunnelBed } from './tunnel-bed.ts';
import { useCubic } from './use-cubic.ts';

const NETWORK = '100 ms RTT, 1 MB/s, 100 kB of queue, bulk both ways in the session';
const RATE_MBIT = 8;
const CALM = ['delay=50', `rate=${RATE_MBIT * 1000}`, 'queue_bytes=100000'];
/** By then queues are full, and rates found. */
const RAMP_MS = 8000;
const DRAIN_MS = 15_000;

interface Busy {
  readonly medianMs: number;
  readonly p95Ms: number;
  /** Of the link's rate, in per cent. */
  readonly fromHost: number;
  readonly toHost: number;
}

/** Keys in a session whose forward keeps the link full, both ways, and how full. */
export async function lossyBusyBench(settings: LossySettings): Promise<LossyFindings> {
  const place = await BenchPlace.inLab(settings, ...CALM);
  const bed = await TunnelBed.start(place);
  try {
    useCubic(place);
    const found = new Map<string, Busy>();
    for (const tool of settings.tools.filter(canForward)) {
      settings.say(`  ${tool.name}`);
      found.set(tool.name, await busyWith(bed, tool, settings.keys));
    }
    const share = { network: NETWORK, unit: '%', target: atLeast(90) };
    const echo = { network: NETWORK, unit: 'ms' };
    const rows = [
      lossyRow({
        ...echo,
        measure: 'echo of a key, median',
        values: figureOf(found, (of) => of.medianMs),
      }),
      lossyRow({
        ...echo,
        measure: 'echo of a key, p95',
        values: figureOf(found, (of) => of.p95Ms),
        target: atMost(150),
      }),
      lossyRow({
        ...share,
        measure: 'bulk from the host, of the rate',
        values: figureOf(found, (of) => of.fromHost),
      }),
      lossyRow({
        ...share,
        measure: 'bulk to the host, of the rate',
        values: figureOf(found, (of) => of.toHost),
      }),
    ];
    return { rows, curves: [] };
  } finally {
    await bed.stop();
  }
}

async function busyWith(bed: TunnelBed, tool: ForwardingTool, keys: number): Promise<Busy> {
  const { near, far } = bed;
  const tunnel = await bed.openTyped(tool.program, tool.flags);
  await sleep(SETTLE_MS);
  const typist = new ScreenTypist(tunnel.typist);
  const pace = { gapMs: KEY_GAP_MS, drainMs: DRAIN_MS };
  await typist.typeSteadily({ ...pace, keys: WARM_KEYS });
  const way = tunnel.straight;
  await near.run({ kind: 'flow', way, direction: 'from the host' });
  await near.run({ kind: 'flow', way, direction: 'to the host' });
  await sleep(RAMP_MS);
  const forMs = keys * KEY_GAP_MS;
  const [times, fromHost, toHost] = await Promise.all([
    typist.typeSteadily({ ...pace, keys }),
    mbitPerSecond(near, forMs),
    mbitPerSecond(far, forMs),
  ]);
  await near.run({ kind: 'release' });
  await tunnel.close();
  bed.endServers();
  const { medianMs, p95Ms } = summarize(latenciesMs(times));
  return {
    medianMs,
    p95Ms,
    fromHost: (fromHost / RATE_MBIT) * 100,
    toHost: (toHost / RATE_MBIT) * 100,
  };
}
