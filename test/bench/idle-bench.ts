import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace, PROMPT } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';
import { type ProcessFigures, processFigures } from './process-figures.ts';
import { sessionServers } from './session-servers.ts';
import { atMost } from './targets.ts';

/** A terminal that was just used goes on being careful for a while. */
const SETTLE_MS = 10_000;

/** What a session costs at each end while somebody is there and does nothing. */
export async function idleBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  const forMs = settings.quick ? 10_000 : 60_000;
  try {
    const et = place.typist(place.commandLine('et', []));
    const ssh = place.typist(place.commandLine('ssh', ['-tt']));
    for (const typist of [et, ssh]) {
      await typist.see(PROMPT);
      await typist.answerTo('x');
    }
    const [serverPid] = sessionServers(place.host);
    if (serverPid === undefined) throw new Error('no session server');
    await sleep(SETTLE_MS);
    const pids = [et.pid, ssh.pid, serverPid];
    const before = pids.map(processFigures);
    await sleep(forMs);
    const [client, sshClient, server] = pids.map((pid, at) => rates(before[at], pid, forMs));
    await et.close();
    await ssh.close();
    if (client === undefined || server === undefined) throw new Error('no figures');
    return [...rowsOf('client', client, sshClient), ...rowsOf('session server', server, undefined)];
  } finally {
    await place.stop();
  }
}

interface IdleRates {
  readonly cpuPercent: number;
  readonly wakeUpsPerSecond: number;
}

function rates(before: ProcessFigures | undefined, pid: number, forMs: number): IdleRates {
  const after = processFigures(pid);
  return {
    cpuPercent: ((after.cpuMs - (before?.cpuMs ?? 0)) / forMs) * 100,
    wakeUpsPerSecond: (after.wakeUps - (before?.wakeUps ?? 0)) / (forMs / 1000),
  };
}

function rowsOf(end: string, et: IdleRates, ssh: IdleRates | undefined): BenchRow[] {
  return [
    benchRow({
      name: `idle: CPU of the ${end}`,
      unit: '%',
      et: et.cpuPercent,
      ssh: ssh?.cpuPercent ?? null,
      target: atMost(0.1),
    }),
    benchRow({
      name: `idle: wake-ups of the ${end}`,
      unit: '/s',
      et: et.wakeUpsPerSecond,
      ssh: ssh?.wakeUpsPerSecond ?? null,
      target: atMost(2),
    }),
  ];
}
