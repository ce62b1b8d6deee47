import { parseArgs } from 'node:util';

/** With those before them, they must fit on a screen. */
const MOST_KEYS = 1700;

export interface LossyArguments {
  readonly only: readonly string[];
  readonly quick: boolean;
  readonly keys: number;
  readonly runs: number | undefined;
  readonly isForDocs: boolean;
}

/** Throws with a line for people; `undefined` where help was asked for. */
export function parseLossyArguments(
  args: readonly string[],
  names: readonly string[],
): LossyArguments | undefined {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string' },
      quick: { type: 'boolean', default: false },
      keys: { type: 'string' },
      runs: { type: 'string' },
      'write-docs': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const isForDocs = values['write-docs'];
  const only = values.only?.split(',') ?? (isForDocs ? [] : names);
  const unknown = only.find((name) => !names.includes(name));
  if (unknown !== undefined)
    throw new Error(`there is no part "${unknown}", but ${names.join(', ')}`);
  const { quick } = values;
  const keys = countOf('--keys', values.keys, MOST_KEYS) ?? (quick ? 60 : 300);
  return { only, quick, keys, runs: countOf('--runs', values.runs, 1000), isForDocs };
}

function countOf(flag: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const count = Number(text);
  if (Number.isSafeInteger(count) && count > 0 && count <= most) return count;
  throw new Error(`${flag} takes a count up to ${most}, not ${text}`);
}
