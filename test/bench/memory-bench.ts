import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace, PROMPT } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';
import { processFigures } from './process-figures.ts';
import { median } from './quantile.ts';
import { sessionServers } from './session-servers.ts';
import { atMost } from './targets.ts';
import type { Typist } from './typist.ts';

const MIB = 1024 * 1024;
const SESSIONS = 20;
/** Collectors of garbage have run by then. */
const SETTLE_MS = 5000;

/** What 20 terminals cost: their servers' share of memory, and what is a client's own. */
export async function memoryBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  try {
    const clients: Typist[] = [];
    for (let session = 0; session < SESSIONS; session += 1) {
      const client = place.typist(place.commandLine('et', []));
      await client.see(PROMPT);
      clients.push(client);
    }
    const ssh = place.typist(place.commandLine('ssh', ['-tt']));
    await ssh.see(PROMPT);
    await sleep(SETTLE_MS);
    const clientUss = median(clients.map(({ pid }) => processFigures(pid).ussBytes)) / MIB;
    const sshUss = processFigures(ssh.pid).ussBytes / MIB;
    const servers = sessionServers(place.host);
    if (servers.length !== SESSIONS) throw new Error(`${servers.length} session servers`);
    // On a real host the clients' node, which would share its pages with the servers', is not there.
    for (const { pid } of clients) process.kill(pid, 'SIGKILL');
    await Promise.all(clients.map(({ ended }) => ended));
    await ssh.close();
    const pss = servers.map((pid) => processFigures(pid).pssBytes);
    const uss = servers.map((pid) => processFigures(pid).ussBytes);
    return [
      benchRow({
        name: `memory: PSS of a session server of ${SESSIONS}`,
        unit: 'MiB',
        et: median(pss) / MIB,
        target: atMost(20),
      }),
      benchRow({
        name: `memory: USS of a session server of ${SESSIONS}`,
        unit: 'MiB',
        et: median(uss) / MIB,
      }),
      benchRow({
        name: 'memory: USS of the client',
        unit: 'MiB',
        et: clientUss,
        ssh: sshUss,
        target: atMost(25),
      }),
    ];
  } finally {
    await place.stop();
  }
}
