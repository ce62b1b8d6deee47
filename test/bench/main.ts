import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { join, resolve } from 'node:path';
import { requirement } from '../support/requirements.ts';
import type { Bench } from './bench.ts';
import { stopPlaces } from './bench-place.ts';
import type { BenchRow } from './bench-row.ts';
import type { BenchSettings } from './bench-settings.ts';
import { echoBench } from './echo-bench.ts';
import { farStartBench } from './far-start-bench.ts';
import { floodBench } from './flood-bench.ts';
import { formatTable } from './format-table.ts';
import { gigabitBench, narrowBench } from './gigabit-bench.ts';
import { growthBench } from './growth-bench.ts';
import { idleBench } from './idle-bench.ts';
import { lossyMain } from './lossy-main.ts';
import { memoryBench } from './memory-bench.ts';
import { parseBenchArguments } from './parse-bench-arguments.ts';
import { recoveryBench } from './recovery-bench.ts';
import { routerEchoBench } from './router-echo-bench.ts';
import { routerIdleBench } from './router-idle-bench.ts';
import { routerRestartBench } from './router-restart-bench.ts';
import { routerThroughputBench } from './router-throughput-bench.ts';
import { sshThroughputBench } from './ssh-throughput-bench.ts';
import { startBench } from './start-bench.ts';
import { throughputBench } from './throughput-bench.ts';
import { tunnelChurnBench } from './tunnel-churn-bench.ts';
import { tunnelEchoBench } from './tunnel-echo-bench.ts';
import { tunnelIdleBench } from './tunnel-idle-bench.ts';
import { tunnelLinkBench } from './tunnel-link-bench.ts';
import { tunnelMemoryBench } from './tunnel-memory-bench.ts';
import { tunnelSetupBench } from './tunnel-setup-bench.ts';
import { tunnelThroughputBench } from './tunnel-throughput-bench.ts';
import { websocketThroughputBench } from './websocket-throughput-bench.ts';

const BENCHES: readonly Bench[] = [
  { name: 'start', needs: [], run: startBench },
  { name: 'far-start', needs: ['netlab'], run: farStartBench },
  { name: 'echo', needs: [], run: echoBench },
  { name: 'throughput', needs: [], run: throughputBench },
  { name: 'recovery', needs: ['netlab'], run: recoveryBench },
  { name: 'flood', needs: ['netlab'], run: floodBench },
  { name: 'memory', needs: ['linux'], run: memoryBench },
  { name: 'growth', needs: ['linux'], run: growthBench },
  { name: 'idle', needs: ['linux'], run: idleBench },
  { name: 'tunnel-throughput', needs: ['linux'], run: tunnelThroughputBench },
  { name: 'tunnel-memory', needs: ['linux'], run: tunnelMemoryBench },
  { name: 'tunnel-echo', needs: ['linux'], run: tunnelEchoBench },
  { name: 'tunnel-setup', needs: ['netlab'], run: tunnelSetupBench },
  { name: 'tunnel-link', needs: ['netlab'], run: tunnelLinkBench },
  { name: 'tunnel-churn', needs: ['linux'], run: tunnelChurnBench },
  { name: 'tunnel-idle', needs: ['linux'], run: tunnelIdleBench },
  { name: 'router-throughput', needs: ['linux'], run: routerThroughputBench },
  { name: 'router-echo', needs: ['linux'], run: routerEchoBench },
  { name: 'router-idle', needs: ['linux'], run: routerIdleBench },
  { name: 'router-restart', needs: ['linux'], run: routerRestartBench },
  { name: 'ssh-throughput', needs: ['linux'], run: sshThroughputBench },
  { name: 'websocket-throughput', needs: ['linux'], run: websocketThroughputBench },
  { name: 'gigabit', needs: ['netlab'], run: gigabitBench },
  { name: 'narrow', needs: ['netlab'], run: narrowBench },
];
const NAMES = BENCHES.map(({ name }) => name).join(',');
const USAGE = `usage: npm run bench -- [--only ${NAMES}] [--quick] [--runs COUNT] [--cpu-prof DIRECTORY]
       npm run bench -- lossy [--help]
  --only NAMES          run these, separated by commas
  --quick               small sizes and few repetitions, to see that it works
  --runs COUNT          repetitions, in place of each bench's own
  --cpu-prof DIRECTORY  leave a CPU profile of each et and etserver there; the times are then longer
`;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Why a bench cannot run here; `undefined` when it can. */
function missingFor(bench: Bench): string | undefined {
  return (
    requirement('sshd').missing ?? bench.needs.flatMap((need) => requirement(need).missing ?? [])[0]
  );
}

async function runAll(
  benches: readonly Bench[],
  settings: BenchSettings,
): Promise<{ rows: BenchRow[]; failed: number }> {
  const rows: BenchRow[] = [];
  let failed = 0;
  for (const bench of benches) {
    const missing = missingFor(bench);
    if (missing !== undefined) {
      say(`${bench.name} is left out, because ${missing}`);
      continue;
    }
    say(`${bench.name} ...`);
    try {
      rows.push(...(await bench.run(settings)));
    } catch (error) {
      failed += 1;
      say(`${bench.name} failed: ${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  return { rows, failed };
}

/** Where, when and under what load it was measured. */
function circumstances(loadBefore: number): Record<string, unknown> {
  return {
    date: new Date().toISOString(),
    node: process.version,
    cpus: cpus().map(({ model }) => model),
    loadBefore,
    loadAfter: loadavg()[0],
  };
}

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === 'lossy') return await lossyMain(args.slice(1));
  const asked = parseBenchArguments(args);
  const unknown = asked.only.find((name) => !BENCHES.some((bench) => bench.name === name));
  if (asked.help || unknown !== undefined) {
    if (unknown !== undefined) say(`there is no bench "${unknown}"`);
    process.stderr.write(USAGE);
    return asked.help ? 0 : 2;
  }
  const { quick, runs, only } = asked;
  const profileDirectory =
    asked.profileDirectory === undefined ? undefined : resolve(asked.profileDirectory);
  if (profileDirectory !== undefined) mkdirSync(profileDirectory, { recursive: true });
  const loadBefore = loadavg()[0] ?? 0;
  const chosen = BENCHES.filter(({ name }) => only.length === 0 || only.includes(name));
  const { rows, failed } = await runAll(chosen, { quick, runs, profileDirectory, say });
  const about = circumstances(loadBefore);
  process.stdout.write(formatTable(rows));
  process.stdout.write(`load ${loadBefore.toFixed(1)} before, ${loadavg()[0]?.toFixed(1)} after\n`);
  mkdirSync('.bench', { recursive: true });
  const report = { ...about, quick, rows };
  writeFileSync(join('.bench', 'latest.json'), `${JSON.stringify(report, null, 2)}\n`);
  return failed === 0 ? 0 : 1;
}

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => {
    void stopPlaces().finally(() => process.exit(130));
  });
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  say(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
