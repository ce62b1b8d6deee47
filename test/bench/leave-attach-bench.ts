import { statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { BenchPlace, PROMPT } from './bench-place.ts';
import { type BenchRow, benchRow } from './bench-row.ts';
import { type BenchSettings, runsOf } from './bench-settings.ts';
import { buildLog } from './build-log.ts';
import { type AttachTimes, LeftSession, type Machine } from './left-session.ts';
import { median } from './quantile.ts';
import { atMost } from './targets.ts';

const MIB = 1024 * 1024;
const LAST_LINE = 'the build has ended';
const VIM_LINE = 'the last line that vim shows';
const TARGET_MS = 300;
const FAR_RTT_MS = 100;

interface Coming {
  readonly what: string;
  readonly machine: Machine;
  readonly seen: readonly string[];
  readonly rttMs: number;
}

/** How long a session is alone, and how much it has put out. */
function sizesOf({ quick }: BenchSettings): { readonly awayMs: number; readonly bytes: number } {
  return quick ? { awayMs: 2000, bytes: 32 * MIB } : { awayMs: 10_000, bytes: 256 * MIB };
}

/** From starting `et attach` to the screen, over loopback: the client was killed, and some time has passed. */
export async function leaveAttachBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.onLoopback(settings);
  const { bytes } = sizesOf(settings);
  const mib = bytes / MIB;
  try {
    const path = buildLog(place, 'build', bytes, LAST_LINE);
    const seen = [LAST_LINE, PROMPT];
    settings.say(`  ${mib} MiB that were seen`);
    const shown = await LeftSession.begin(place, 'shown');
    await shown.run(`cat ${path}`, ...seen);
    await shown.leave();
    const what = `attach after ${mib} MiB seen`;
    const rows = await comeBack(settings, shown, { what, machine: 'own', seen, rttMs: 0 });
    settings.say('  over ssh');
    const overSsh = { what: `${what}, over ssh`, machine: 'other', seen, rttMs: 0 } as const;
    rows.push(...(await comeBack(settings, shown, overSsh)));
    rows.push(...(await toVim(settings, place)));
    rows.push(...(await afterAway(settings, place, 0)));
    return rows;
  } finally {
    await place.stop();
  }
}

/** The same with a round trip of 100 ms. */
export async function leaveFarAttachBench(settings: BenchSettings): Promise<BenchRow[]> {
  const place = await BenchPlace.inLab(settings, `delay=${FAR_RTT_MS / 2}`);
  try {
    return await afterAway(settings, place, FAR_RTT_MS);
  } finally {
    await place.stop();
  }
}

/** The output came while nobody was there. */
async function afterAway(
  settings: BenchSettings,
  place: BenchPlace,
  rttMs: number,
): Promise<BenchRow[]> {
  const { bytes } = sizesOf(settings);
  settings.say(`  ${bytes / MIB} MiB while away`);
  const path = buildLog(place, 'away', bytes, LAST_LINE);
  const session = await LeftSession.begin(place, 'away');
  await session.runAway(`cat ${path}`, Math.min(statSync(path).size, bytes));
  const where = rttMs === 0 ? '' : `, RTT ${rttMs} ms`;
  const what = `attach after ${bytes / MIB} MiB while away${where}`;
  const seen = [LAST_LINE, PROMPT];
  return await comeBack(settings, session, { what, machine: 'own', seen, rttMs });
}

/** With a thousand lines above what vim shows. */
async function toVim(settings: BenchSettings, place: BenchPlace): Promise<BenchRow[]> {
  settings.say('  vim');
  const lines = Array.from({ length: 23 }, (_, at) => (at === 22 ? VIM_LINE : `line ${at}`));
  const path = place.host.file('vim.txt', `${lines.join('\n')}\n`);
  const session = await LeftSession.begin(place, 'vim');
  await session.run('seq -f "%08.0f of a thousand lines" 1000', PROMPT);
  await session.run(`vim -u NONE ${path}`, VIM_LINE);
  await session.leave();
  const what = 'attach to vim below 1000 lines';
  return await comeBack(settings, session, { what, machine: 'own', seen: [VIM_LINE], rttMs: 0 });
}

/** Comes back and is killed, again and again. */
async function comeBack(
  settings: BenchSettings,
  session: LeftSession,
  { what, machine, seen, rttMs }: Coming,
): Promise<BenchRow[]> {
  const times: AttachTimes[] = [];
  for (let run = runsOf(settings, 5, 2); run > 0; run -= 1) {
    await sleep(sizesOf(settings).awayMs);
    times.push(await session.attach(machine, ...seen));
    // For the next to find what this one has kept.
    await sleep(1500);
    await session.leave();
  }
  const [first] = times;
  return [
    benchRow({ name: `${what}: from the start`, unit: 'ms', et: median(times.map(startOf)) }),
    benchRow({
      name: '... from when the link has joined',
      unit: 'ms',
      et: median(times.map(({ joinedMs }) => joinedMs)),
      target: atMost(TARGET_MS + 2 * rttMs),
    }),
    benchRow({
      name: '... the first time',
      unit: 'ms',
      et: first?.joinedMs ?? null,
      target: atMost(TARGET_MS + 2 * rttMs),
    }),
  ];
}

function startOf({ startMs }: AttachTimes): number {
  return startMs;
}
