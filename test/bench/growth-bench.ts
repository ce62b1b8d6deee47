import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';
import { processFigures } from './process-figures.ts';
import { sessionServers } from './session-servers.ts';
import { atMost } from './targets.ts';

const MIB = 1024 * 1024;
const CHUNK = Buffer.alloc(MIB, 'everterm');
const SETTLE_MS = 5000;

/** How much more both ends hold after 1 GB has gone each way through one session than before. */
export async function growthBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  const mib = settings.quick ? 100 : 1000;
  try {
    const client = place.pipe(place.commandLine('et', [], 'cat'));
    await passThrough(client, 1);
    await sleep(SETTLE_MS);
    const [serverPid] = sessionServers(place.host);
    if (client.pid === undefined || serverPid === undefined) throw new Error('no session');
    const pids = [client.pid, serverPid] as const;
    const before = pids.map(ussOf);
    await passThrough(client, mib);
    await sleep(SETTLE_MS);
    const after = pids.map(ussOf);
    const [clientGrowth, serverGrowth] = after.map((bytes, at) => bytes - (before[at] ?? 0));
    const over = once(client, 'exit');
    client.stdin?.end();
    await over;
    return [
      benchRow({
        name: `memory: the client after ${mib} MiB each way, more than before`,
        unit: 'MiB',
        et: (clientGrowth ?? 0) / MIB,
        target: atMost(8),
      }),
      benchRow({
        name: `memory: the session server after ${mib} MiB each way, more than before`,
        unit: 'MiB',
        et: (serverGrowth ?? 0) / MIB,
        target: atMost(8),
      }),
    ];
  } finally {
    await place.stop();
  }
}

function ussOf(pid: number): number {
  return processFigures(pid).ussBytes;
}

/** Writes so much to the client and reads as much back, both at once. */
async function passThrough({ stdin, stdout }: ChildProcess, mib: number): Promise<void> {
  if (stdin === null || stdout === null) throw new Error('no pipes');
  let left = mib * MIB;
  const back = new Promise<void>((resolve) => {
    const onData = (bytes: Buffer): void => {
      left -= bytes.length;
      if (left > 0) return;
      stdout.off('data', onData);
      resolve();
    };
    stdout.on('data', onData);
  });
  for (let sent = 0; sent < mib; sent += 1) if (!stdin.write(CHUNK)) await once(stdin, 'drain');
  await back;
}
