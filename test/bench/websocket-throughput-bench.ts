import { RouterProcess } from '../support/router-process.ts';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { ROUTED, type Road, RoadSessions } from './road-rates.ts';
import { TunnelBed } from './tunnel-bed.ts';
import type { TunnelDirection } from './tunnel-program.ts';

const DIRECTIONS: readonly TunnelDirection[] = ['from the host', 'to the host'];

/** Bulk as messages of a WebSocket beside the same router's bare TCP: for information. */
export async function websocketThroughputBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  const bed = await TunnelBed.start(place);
  const mb = settings.quick ? 100 : 500;
  const runs = runsOf(settings, 3, 1);
  try {
    const router = await RouterProcess.start(place.host);
    const url = `ws://127.0.0.1:${router.port}/et`;
    const webSocket: Road = { name: 'websocket', program: 'et', flags: ['--via', url] };
    const sessions = new RoadSessions(bed);
    await sessions.open(webSocket);
    await sessions.open(ROUTED);
    const rows: BenchRow[] = [];
    for (const direction of DIRECTIONS) {
      settings.say(`  ${direction}`);
      const rate = await sessions.rates({ direction, mb, runs });
      rows.push(
        benchRow({
          name: `websocket: ${mb} MB ${direction}, beside tcp through the router`,
          unit: 'MB/s',
          et: rate(webSocket),
          ssh: rate(ROUTED),
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
