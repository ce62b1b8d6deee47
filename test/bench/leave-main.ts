import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Bench } from './bench.ts';
import { leaveAttachBench, leaveFarAttachBench } from './leave-attach-bench.ts';
import { leaveBesideBench } from './leave-beside-bench.ts';
import { leaveEchoBench } from './leave-echo-bench.ts';
import { leaveListBench } from './leave-list-bench.ts';
import { leaveMemoryBench } from './leave-memory-bench.ts';
import { leaveSpoolBench } from './leave-spool-bench.ts';
import { parseBenchArguments } from './parse-bench-arguments.ts';
import { runBenches } from './run-benches.ts';

/** `root`: another version, built; `undefined`: there is none to compare with. */
function benchesBeside(root: string | undefined): readonly Bench[] {
  return [
    { name: 'attach', needs: ['linux'], run: leaveAttachBench },
    { name: 'far-attach', needs: ['netlab'], run: leaveFarAttachBench },
    { name: 'spool', needs: ['linux'], run: leaveSpoolBench },
    { name: 'memory', needs: ['linux'], run: leaveMemoryBench },
    { name: 'list', needs: ['linux'], run: leaveListBench },
    { name: 'echo', needs: ['linux'], run: (settings) => leaveEchoBench(settings, root) },
    ...(root === undefined
      ? []
      : [
          {
            name: 'beside',
            needs: ['linux'],
            run: (settings) => leaveBesideBench(settings, root),
          } satisfies Bench,
        ]),
  ];
}

const USAGE = `usage: npm run bench -- leave [--only NAMES] [--quick] [--runs COUNT] [--cpu-prof DIRECTORY] [--beside DIRECTORY]
  --only NAMES          run these, separated by commas: attach,far-attach,spool,memory,list,echo,beside
  --quick               small sizes and few repetitions, to see that it works
  --runs COUNT          repetitions, in place of each bench's own
  --cpu-prof DIRECTORY  leave a CPU profile of each et and etserver there; the times are then longer
  --beside DIRECTORY    where another version was built: echo, throughput and start are measured in turns with it
`;

/** `npm run bench -- leave`: sessions that are left, and come back to. Resolves to the exit status. */
export async function leaveMain(args: readonly string[]): Promise<number> {
  const { only, quick, runs, ...asked } = parseBenchArguments(args);
  const root = asked.beside === undefined ? undefined : resolve(asked.beside);
  if (root !== undefined && !existsSync(join(root, 'dist', 'bin', 'et.cjs')))
    throw new Error(`--beside ${asked.beside}: nothing is built there (npm ci && npm run build)`);
  const benches = benchesBeside(root);
  const unknown = only.find((name) => !benches.some((bench) => bench.name === name));
  if (unknown === 'beside') throw new Error('"beside" needs --beside DIRECTORY');
  if (unknown !== undefined) throw new Error(`there is no bench "${unknown}"`);
  if (asked.help) {
    process.stderr.write(USAGE);
    return 0;
  }
  const profileDirectory =
    asked.profileDirectory === undefined ? undefined : resolve(asked.profileDirectory);
  if (profileDirectory !== undefined) mkdirSync(profileDirectory, { recursive: true });
  const say = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  return await runBenches(
    benches.filter(({ name }) => only.length === 0 || only.includes(name)),
    { quick, runs, profileDirectory, say },
    { name: 'leave', other: 'beside' },
  );
}
