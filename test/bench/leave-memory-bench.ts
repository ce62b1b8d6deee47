import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace } from './bench-place.ts';
import { type BenchRow, benchRow, type Target } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';
import { buildLog } from './build-log.ts';
import { LeftSession } from './left-session.ts';
import { processFigures } from './process-figures.ts';
import { median } from './quantile.ts';
import { sessionServers } from './session-servers.ts';
import { atMost } from './targets.ts';

const MIB = 1024 * 1024;
/** Collectors of garbage have run by then. */
const SETTLE_MS = 5000;
const LAST_LINE = 'the build has ended';

/** Shares of memory of the session servers of some terminals: at their prompts, when they have shown something, and when left alone. */
export async function leaveMemoryBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  const count = settings.quick ? 5 : 20;
  const awayMib = settings.quick ? 32 : 64;
  try {
    const seen = buildLog(place, 'seen', 10 * MIB, LAST_LINE);
    const away = buildLog(place, 'away', awayMib * MIB, LAST_LINE);
    const sessions: LeftSession[] = [];
    for (let at = 0; at < count; at += 1) sessions.push(await LeftSession.begin(place, `s${at}`));
    const rows: BenchRow[] = await figures(place, `at its prompt, of ${count}`);
    for (const session of sessions) await session.run(`cat ${seen}`, LAST_LINE);
    rows.push(...(await figures(place, 'after 10 MiB of output', atMost(30))));
    await Promise.all(sessions.map((each) => each.runAway(`cat ${away}`, awayMib * MIB)));
    rows.push(...(await figures(place, `left with ${awayMib} MiB of history`, atMost(30))));
    return rows;
  } finally {
    await place.stop();
  }
}

async function figures(place: BenchPlace, what: string, target?: Target): Promise<BenchRow[]> {
  await sleep(SETTLE_MS);
  const servers = sessionServers(place.host).map((pid) => processFigures(pid));
  return [
    benchRow({
      name: `memory: PSS of a session server ${what}`,
      unit: 'MiB',
      et: median(servers.map(({ pssBytes }) => pssBytes)) / MIB,
      ...(target !== undefined && { target }),
    }),
    benchRow({
      name: '... USS',
      unit: 'MiB',
      et: median(servers.map(({ ussBytes }) => ussBytes)) / MIB,
    }),
  ];
}
