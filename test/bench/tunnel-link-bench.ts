import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace, type Program } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';
import { quantile } from './quantile.ts';
import { atLeast, atMost } from './targets.ts';
import { TunnelBed, type TypedTunnel } from './tunnel-bed.ts';

const RTT_MS = 100;
/** 1 MB/s each way. */
const RATE_KBIT = 8000;
const RATE_BYTES = (RATE_KBIT * 1000) / 8;
/** By then queues are full, and rates found. */
const RAMP_MS = 8000;
const GAP_MS = 20;
const SHARE = 0.95;

interface LinkFigures {
  readonly unloadedMs: number;
  readonly loadedMs: number;
  /** Of the link's rate, in per cent. */
  readonly fromHost: number;
  readonly toHost: number;
}

/** Keys in a session whose tunnel keeps a link of 1 MB/s busy both ways, and how busy it keeps it. */
export async function tunnelLinkBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.inLab(settings, `delay=${RTT_MS / 2}`, `rate=${RATE_KBIT}`);
  const bed = await TunnelBed.start(place);
  const forMs = settings.quick ? 10_000 : 40_000;
  const figuresOf = async (program: Program): Promise<LinkFigures> => {
    settings.say(`  ${program}`);
    const tunnel = await bed.openTyped(program);
    const unloadedMs = quantile(await keysFor(tunnel, forMs / 2), SHARE);
    const loaded = await underBulk(bed, tunnel, forMs);
    await bed.near.run({ kind: 'release' });
    await tunnel.close();
    return { ...loaded, unloadedMs };
  };
  try {
    const et = await figuresOf('et');
    const ssh = await figuresOf('ssh');
    const where = `1 MB/s, RTT ${RTT_MS} ms`;
    const rowOf = (name: string, unit: string, figure: (of: LinkFigures) => number) => ({
      name: `tunnel: ${name}, ${where}`,
      unit,
      et: figure(et),
      ssh: figure(ssh),
    });
    return [
      benchRow(rowOf('echo of a key, 95 of 100, no bulk', 'ms', (of) => of.unloadedMs)),
      benchRow(rowOf('echo of a key, 95 of 100, bulk both ways', 'ms', (of) => of.loadedMs)),
      benchRow({
        ...rowOf('of that owing to bulk', 'ms', (of) => of.loadedMs - of.unloadedMs),
        target: atMost(50),
      }),
      benchRow({
        ...rowOf('bulk from the host, of the rate', '%', ({ fromHost }) => fromHost),
        target: atLeast(90),
      }),
      benchRow({
        ...rowOf('bulk to the host, of the rate', '%', ({ toHost }) => toHost),
        target: atLeast(90),
      }),
    ];
  } finally {
    await bed.stop();
  }
}

/** Types for so long; resolves to the milliseconds of each key. */
async function keysFor({ typist }: TypedTunnel, forMs: number): Promise<number[]> {
  const endMs = performance.now() + forMs;
  const times: number[] = [];
  while (performance.now() < endMs) {
    await sleep(GAP_MS);
    times.push(await typist.answerTo('x'));
  }
  return times;
}

async function underBulk(
  { near, far }: TunnelBed,
  tunnel: TypedTunnel,
  forMs: number,
): Promise<Omit<LinkFigures, 'unloadedMs'>> {
  const way = tunnel.straight;
  await near.run({ kind: 'flow', way, direction: 'from the host' });
  await near.run({ kind: 'flow', way, direction: 'to the host' });
  await sleep(RAMP_MS);
  const arrived = async (): Promise<{ atMs: number; here: number; there: number }> => {
    const [here, there] = await Promise.all([
      near.number({ kind: 'received' }),
      far.number({ kind: 'received' }),
    ]);
    return { atMs: performance.now(), here, there };
  };
  const before = await arrived();
  const loadedMs = quantile(await keysFor(tunnel, forMs), SHARE);
  const after = await arrived();
  const possible = (RATE_BYTES * (after.atMs - before.atMs)) / 1000;
  return {
    loadedMs,
    fromHost: ((after.here - before.here) / possible) * 100,
    toHost: ((after.there - before.there) / possible) * 100,
  };
}
