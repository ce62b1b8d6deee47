import { setTimeout as sleep } from 'node:timers/promises';
import type { Target } from './bench-row.ts';
import { type KeyTimes, latenciesMs, summarize, unechoedCount } from './key-times.ts';
import type { LossyBench, LossyFindings, LossySettings } from './lossy-bench.ts';
import { LossyLabs } from './lossy-labs.ts';
import { LOSSY_NETWORKS, type LossyNetwork } from './lossy-networks.ts';
import { figureOf, type LossyCurve, type LossyRow, lossyRow } from './lossy-row.ts';
import { atMost } from './targets.ts';
import type { ToolLab } from './tool-lab.ts';

/** 5 keys/s. */
export const KEY_GAP_MS = 200;
/** By then a session uses the road that it prefers, and knows the round trip. */
export const SETTLE_MS = 3000;
/** Typed before the network turns bad, and not counted. */
export const WARM_KEYS = 10;
/** Typed after those, for what a key costs where nothing is lost. */
const CALM_KEYS = 25;
const DRAIN_MS = 15_000;
/** Repetition may cost so much. */
const MOST_REPEATED = 4;
const SUMMARY = { medianMs: 'median', meanMs: 'mean', p95Ms: 'p95', p99Ms: 'p99' } as const;

interface Typed {
  readonly times: KeyTimes;
  readonly cost: KeyCost;
  /** The same before the network turned bad. */
  readonly calmCost: KeyCost;
}

/** Bytes of IP packets for each key, from the first key to the last. */
interface KeyCost {
  readonly out: number;
  readonly back: number;
}

/** From a key to its echo, and what a key costs, in one network after the other. */
export const LOSSY_KEY_BENCHES: readonly LossyBench[] = LOSSY_NETWORKS.map((network) => ({
  name: network.id,
  run: (settings: LossySettings) => keysIn(network, settings),
}));

async function keysIn(network: LossyNetwork, settings: LossySettings): Promise<LossyFindings> {
  const labs = await LossyLabs.up(settings, network.calm);
  try {
    const gap = KEY_GAP_MS / settings.tools.length;
    // One tool's key falls between the others', so that they do not wait for a CPU together.
    const found = await labs.together((lab, at) => typeIn(lab, network, settings.keys, at * gap));
    return { rows: rowsOf(network, found), curves: curvesOf(network, found) };
  } finally {
    await labs.stop();
  }
}

async function typeIn(
  lab: ToolLab,
  { calm, faults }: LossyNetwork,
  keys: number,
  offsetMs: number,
): Promise<Typed> {
  const { typist, close } = await lab.openEcho();
  const typed = async (count: number): Promise<{ times: KeyTimes; cost: KeyCost }> => {
    const before = await lab.sentBytes();
    const times = await typist.typeSteadily({ keys: count, gapMs: KEY_GAP_MS, drainMs: DRAIN_MS });
    const after = await lab.sentBytes();
    const cost = {
      out: (after.out - before.out) / count,
      back: (after.back - before.back) / count,
    };
    return { times, cost };
  };
  await sleep(SETTLE_MS);
  await typed(WARM_KEYS);
  const { cost: calmCost } = await typed(CALM_KEYS);
  await lab.weather([...calm, ...faults]);
  await sleep(KEY_GAP_MS - ((performance.now() - offsetMs) % KEY_GAP_MS));
  const { times, cost } = await typed(keys);
  await lab.weather(calm);
  await close();
  return { times, cost, calmCost };
}

function rowsOf(network: LossyNetwork, found: ReadonlyMap<string, Typed>): LossyRow[] {
  const rowOf = (
    measure: string,
    unit: string,
    value: (of: Typed) => number,
    target?: Target,
  ): LossyRow => {
    const values = figureOf(found, value);
    return lossyRow({ network: network.name, measure, unit, values, target });
  };
  const latencies = (Object.keys(SUMMARY) as (keyof typeof SUMMARY)[]).map((key) =>
    rowOf(
      `echo of a key, ${SUMMARY[key]}`,
      'ms',
      ({ times }) => summarize(latenciesMs(times))[key],
      network.targets[key],
    ),
  );
  return [
    ...latencies,
    rowOf('keys never echoed', 'keys', ({ times }) => unechoedCount(times)),
    rowOf('sent for a key, to the host', 'B', ({ cost }) => cost.out),
    rowOf('sent for a key, from the host', 'B', ({ cost }) => cost.back),
    rowOf(
      'both, beside the same session before',
      'x',
      ({ cost, calmCost }) => (cost.out + cost.back) / (calmCost.out + calmCost.back),
      atMost(MOST_REPEATED),
    ),
  ];
}

function curvesOf({ id }: LossyNetwork, found: ReadonlyMap<string, Typed>): LossyCurve[] {
  return [...found].map(([tool, { times }]) => ({
    network: id,
    tool,
    latenciesMs: latenciesMs(times).map((each) => Number(each.toFixed(2))),
  }));
}
