import { simulate } from './simulate.ts';

const USAGE = `usage: npm run sim -- [--seeds COUNT] [--from SEED] [--first] [--standby] | --seed SEED [--standby] [--trace]
  --seeds COUNT   play this many seeds (default 1000)
  --from SEED     begin with this one (default 1)
  --first         stop at the first that fails
  --seed SEED     play one alone
  --standby       every client has --standby, and two roads
  --trace         print every event of it
`;

/** A number after `name`; `undefined` when it is not there. */
function numberOption(args: readonly string[], name: string): number | undefined {
  const at = args.indexOf(name);
  return at < 0 ? undefined : Number(args[at + 1]);
}

function play(seed: number, hasStandby: boolean, isTraced: boolean): boolean {
  const trace = isTraced ? (line: string) => process.stdout.write(`${line}\n`) : undefined;
  const { failure } = simulate(seed, { trace, hasStandby });
  if (failure === undefined) return true;
  process.stdout.write(`seed ${seed}: ${failure}\n`);
  process.stdout.write(
    `  replay: npm run sim -- --seed ${seed}${hasStandby ? ' --standby' : ''} --trace\n`,
  );
  return false;
}

function main(args: readonly string[]): number {
  if (args.includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  const known = ['--seeds', '--from', '--first', '--seed', '--standby', '--trace'];
  const unknown = args.find((arg) => !known.includes(arg) && !/^\d+$/u.test(arg));
  if (unknown !== undefined) {
    process.stderr.write(`sim: unknown argument ${unknown}\n${USAGE}`);
    return 2;
  }
  const seed = numberOption(args, '--seed');
  const from = numberOption(args, '--from') ?? 1;
  const count = numberOption(args, '--seeds') ?? 1000;
  if ([seed ?? 0, from, count].some((number) => !Number.isSafeInteger(number) || number < 0)) {
    process.stderr.write(USAGE);
    return 2;
  }
  const hasStandby = args.includes('--standby');
  if (seed !== undefined) return play(seed, hasStandby, args.includes('--trace')) ? 0 : 1;
  let failed = 0;
  let played = 0;
  while (played < count && !(failed > 0 && args.includes('--first'))) {
    if (!play(from + played, hasStandby, false)) failed += 1;
    played += 1;
  }
  process.stdout.write(`${played} seeds from ${from}: ${failed} failed\n`);
  return failed === 0 ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
