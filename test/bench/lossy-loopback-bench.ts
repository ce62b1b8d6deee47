import { BenchPlace } from './bench-place.ts';
import type { Target } from './bench-row.ts';
import { runsOf } from './bench-settings.ts';
import type { LossyFindings, LossySettings } from './lossy-bench.ts';
import { lossyRow } from './lossy-row.ts';
import { canForward, PADDED_ET } from './lossy-tools.ts';
import { type Road, RoadSessions } from './road-rates.ts';
import { atLeast } from './targets.ts';
import { TunnelBed } from './tunnel-bed.ts';

const NETWORK = 'loopback, no loss';

/** How fast one connection is where the network is no limit: over each road, and in datagrams of one length. */
export async function lossyLoopbackBench(settings: LossySettings): Promise<LossyFindings> {
  const bed = await TunnelBed.start(await BenchPlace.onLoopback(settings));
  const options = { mb: settings.quick ? 30 : 300, runs: runsOf(settings, 3, 1) };
  try {
    const sessions = new RoadSessions(bed);
    const roads: Road[] = [];
    for (const tool of [...settings.tools.filter(canForward), PADDED_ET]) {
      if (tool.program === 'et' && !(await isKnown(bed.place, tool))) {
        settings.say(`  ${tool.name} is left out: et does not know ${tool.flags.join(' ')}`);
        continue;
      }
      roads.push(tool);
      await sessions.open(tool);
    }
    const rate = await sessions.rates({ ...options, direction: 'from the host' });
    await sessions.close();
    const rowOf = (measure: string, of: readonly Road[], target: Target) => {
      const values = new Map(of.map((road) => [road === PADDED_ET ? 'et' : road.name, rate(road)]));
      return lossyRow({ network: NETWORK, measure, unit: 'MB/s', values, target });
    };
    const plain = roads.filter((road) => road !== PADDED_ET);
    const padded = roads.filter((road) => road === PADDED_ET);
    const rows = [
      rowOf('bulk from the host', plain, atLeast(40)),
      ...(padded.length > 0 ? [rowOf('the same, pad=512', padded, atLeast(8))] : []),
    ];
    return { rows, curves: [] };
  } finally {
    await bed.stop();
  }
}

/** Whether this `et` has such a road. */
async function isKnown({ host }: BenchPlace, { flags }: Road): Promise<boolean> {
  const { status } = await host.et([...(flags ?? []), '--explain', 'testhost']);
  return status === 0;
}
