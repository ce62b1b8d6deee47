import { RouterProcess } from '../support/router-process.ts';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { DIRECT, OVER_SSH, RAW, ROUTED, RoadSessions, SSH } from './road-rates.ts';
import { atLeastTimesSsh } from './targets.ts';
import { TunnelBed } from './tunnel-bed.ts';
import type { TunnelDirection } from './tunnel-program.ts';

const DIRECTIONS: readonly TunnelDirection[] = ['from the host', 'to the host'];
const GIGABIT_KBIT = 1_000_000;

/** Roads across a link of 1 Gbit/s, or of what the lab can do if that is less: the row without a session says what it did. */
export async function gigabitBench(settings: BenchSettings): Promise<BenchRow[]> {
  return await acrossLink(settings, GIGABIT_KBIT, '1 Gbit/s');
}

/** The same where the network is the limit, and not the machine. */
export async function narrowBench(settings: BenchSettings): Promise<BenchRow[]> {
  return await acrossLink(settings, GIGABIT_KBIT / 10, '100 Mbit/s');
}

async function acrossLink(
  settings: BenchSettings,
  rateKbit: number,
  name: string,
): Promise<BenchRow[]> {
  const place = await BenchPlace.inLab(settings, 'delay=1', `rate=${rateKbit}`);
  const bed = await TunnelBed.start(place, { acrossLab: true });
  const mb = (settings.quick ? 30 : 150) * (rateKbit < GIGABIT_KBIT ? 0.2 : 1);
  const runs = runsOf(settings, 3, 1);
  try {
    const prefix = place.lab.commandIn('server', []);
    const router = await RouterProcess.start(place.host, { port: 2022, prefix });
    const sessions = new RoadSessions(bed);
    for (const road of [RAW, DIRECT, ROUTED, OVER_SSH, SSH]) await sessions.open(road);
    const rows: BenchRow[] = [];
    for (const direction of DIRECTIONS) {
      settings.say(`  ${direction}`);
      const rate = await sessions.rates({ direction, mb, runs });
      const where = `${direction} at ${name}`;
      rows.push(
        benchRow({ name: `${where}: no session`, unit: 'MB/s', et: rate(RAW) }),
        benchRow({
          name: `${where}: through the router, beside direct`,
          unit: 'MB/s',
          et: rate(ROUTED),
          ssh: rate(DIRECT),
          target: atLeastTimesSsh(0.95, 'direct'),
        }),
        benchRow({
          name: `${where}: --via ssh, beside ssh`,
          unit: 'MB/s',
          et: rate(OVER_SSH),
          ssh: rate(SSH),
          target: atLeastTimesSsh(0.8),
        }),
      );
    }
    await sessions.close();
    await router.stop();
    return rows;
  } finally {
    await bed.stop();
  }
}
