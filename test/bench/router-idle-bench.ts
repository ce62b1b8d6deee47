import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemRandom } from '../../src/base/random.ts';
import { SECRET_BYTES } from '../../src/wire/limits.ts';
import {
  echo,
  helloTo,
  type LocalServer,
  localServer,
  roundTrip,
} from '../support/local-servers.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';
import { processFigures } from './process-figures.ts';
import { atMost } from './targets.ts';

const SESSIONS = 1000;
/** A session server has as many beside the one it was started with. */
const MORE_ROUTES = 4;
const SETTLE_MS = 5000;
const MEGABYTE = 1e6;

/** What a router costs while a thousand sessions are linked through it and say nothing. */
export async function routerIdleBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  const count = settings.quick ? 100 : SESSIONS;
  const forMs = settings.quick ? 5000 : 30_000;
  try {
    const router = await RouterProcess.start(place.host);
    const servers: LocalServer[] = [];
    const clients: Socket[] = [];
    for (let i = 0; i < count; i += 1) {
      const server = await register(router.socket);
      servers.push(server);
      const client = await helloTo(router.port, server.routeId);
      clients.push(client);
      await roundTrip(client);
    }
    const { links, routes } = await router.status();
    if (links !== count || routes !== count * (1 + MORE_ROUTES))
      throw new Error(`${links} links, ${routes} routes`);
    await sleep(SETTLE_MS);
    const before = processFigures(router.pid);
    await sleep(forMs);
    const after = processFigures(router.pid);
    const { residentKib } = router;
    for (const client of clients) client.destroy();
    for (const { registration } of servers) registration.close();
    await router.stop();
    const name = `router: ${count} idle sessions`;
    return [
      benchRow({
        name: `${name}, resident memory in all`,
        unit: 'MB',
        et: (residentKib * 1024) / MEGABYTE,
        target: atMost(200),
      }),
      benchRow({ name: `${name}, memory of its own`, unit: 'MB', et: after.ussBytes / MEGABYTE }),
      benchRow({
        name: `${name}, CPU over ${forMs / 1000} s`,
        unit: '%',
        et: ((after.cpuMs - before.cpuMs) / forMs) * 100,
        target: atMost(0.1),
      }),
      benchRow({
        name: `${name}, wake-ups`,
        unit: '/s',
        et: (after.wakeUps - before.wakeUps) / (forMs / 1000),
      }),
    ];
  } finally {
    await place.stop();
  }
}

/** With as many routes as a session server has whose client is up. */
async function register(socket: string): Promise<LocalServer> {
  const found = await until(
    'a registration',
    () => localServer(socket, echo),
    (server) => server !== undefined,
  );
  if (found === undefined) throw new Error('not registered');
  const more = Array.from({ length: MORE_ROUTES }, () => systemRandom.bytes(SECRET_BYTES));
  await found.registration.add(more);
  return found;
}
