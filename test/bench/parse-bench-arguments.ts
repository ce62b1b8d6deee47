import { parseArgs } from 'node:util';

export interface BenchArguments {
  /** Names of benches; empty: all. */
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly runs: number | undefined;
  readonly profileDirectory: string | undefined;
  /** Where another version was built, to compare with. */
  readonly beside: string | undefined;
  readonly help: boolean;
}

/** Throws with a line for people. */
export function parseBenchArguments(args: readonly string[]): BenchArguments {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      runs: { type: 'string' },
      'cpu-prof': { type: 'string' },
      beside: { type: 'string' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const runs = values.runs === undefined ? undefined : Number(values.runs);
  if (runs !== undefined && !(Number.isSafeInteger(runs) && runs > 0))
    throw new Error(`--runs takes a count, not ${values.runs}`);
  return {
    only: values.only?.split(',').filter((name) => name !== '') ?? [],
    quick: values.quick,
    runs,
    profileDirectory: values['cpu-prof'],
    beside: values.beside,
    help: values.help,
  };
}
