import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Bench } from './bench.ts';
import { stopPlaces } from './bench-place.ts';
import { echoBench } from './echo-bench.ts';
import { farStartBench } from './far-start-bench.ts';
import { floodBench } from './flood-bench.ts';
import { gigabitBench, narrowBench } from './gigabit-bench.ts';
import { growthBench } from './growth-bench.ts';
import { idleBench } from './idle-bench.ts';
import { leaveMain } from './leave-main.ts';
import { lossyMain } from './lossy-main.ts';
import { memoryBench } from './memory-bench.ts';
import { parseBenchArguments } from './parse-bench-arguments.ts';
import { recoveryBench } from './recovery-bench.ts';
import { routerEchoBench } from './router-echo-bench.ts';
import { routerIdleBench } from './router-idle-bench.ts';
import { routerRestartBench } from './router-restart-bench.ts';
import { routerThroughputBench } from './router-throughput-bench.ts';
import { runBenches } from './run-benches.ts';
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
       npm run bench -- leave [--help]
  --only NAMES          run these, separated by commas
  --quick               small sizes and few repetitions, to see that it works
  --runs COUNT          repetitions, in place of each bench's own
  --cpu-prof DIRECTORY  leave a CPU profile of each et and etserver there; the times are then longer
`;

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

async function main(args: readonly string[]): Promise<number> {
  if (args[0] === 'lossy') return await lossyMain(args.slice(1));
  if (args[0] === 'leave') return await leaveMain(args.slice(1));
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
  const chosen = BENCHES.filter(({ name }) => only.length === 0 || only.includes(name));
  return await runBenches(chosen, { quick, runs, profileDirectory, say });
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
