import { Command, CommanderError, Option } from 'commander';
import { type Flag, nameOf, spellingsOf } from '../../base/flag.ts';
import { nearestWord } from '../../base/nearest-word.ts';
import { usageError } from '../../base/usage-error.ts';
import { foreignFlag } from './foreign-flags.ts';

/** One flag as it was typed. */
export interface Occurrence<Key extends string> {
  readonly key: Key;
  /** Empty for a flag that takes none. */
  readonly value: string;
}

export interface ReadArguments<Key extends string> {
  /** In the order in which they were typed. */
  readonly occurrences: readonly Occurrence<Key>[];
  /** What follows the flags, untouched. */
  readonly operands: readonly string[];
  /** The flags ended at `--`, so that no operand is one, whatever it begins with. */
  readonly isTerminated: boolean;
  /** The first flag that is in no table. */
  readonly unknown: string | undefined;
}

/**
 * Divides a command line by a table of flags. Flags end at the first operand, or at `--`.
 *
 * @throws {EtError} ET_ERR_USAGE for a flag whose value is missing
 */
export function readArguments<Key extends string>(
  flags: readonly Flag<Key>[],
  argv: readonly string[],
): ReadArguments<Key> {
  const occurrences: Occurrence<Key>[] = [];
  const parser = new Command()
    .helpOption(false)
    .passThroughOptions()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  for (const flag of flags) {
    for (const spelling of commanderSpellings(flag)) {
      const option = new Option(spelling);
      parser.addOption(option);
      parser.on(`option:${option.name()}`, (value: string | null) => {
        occurrences.push({ key: flag.key, value: value ?? '' });
      });
    }
  }
  try {
    const { operands, unknown } = parser.parseOptions([...argv]);
    const isTerminated = argv.at(-1 - operands.length) === '--';
    return { occurrences, operands, isTerminated, unknown: unknown[0] };
  } catch (error) {
    if (error instanceof CommanderError) throw missingValue(flags, argv, error);
    throw error;
  }
}

/**
 * The same where nothing is run, so that flags may stand behind operands too.
 *
 * @throws {EtError} ET_ERR_USAGE, also for a flag that is in no table
 */
export function readAnywhere<Key extends string>(
  flags: readonly Flag<Key>[],
  words: readonly string[],
): Pick<ReadArguments<Key>, 'occurrences' | 'operands'> {
  const { occurrences, operands, unknown } = readArguments(flags, words);
  if (unknown !== undefined) throw usageError(unknownFlag(flags, unknown));
  const [first, ...rest] = operands;
  if (first === undefined || rest.length === 0) return { occurrences, operands };
  const after = readAnywhere(flags, rest);
  return {
    occurrences: [...occurrences, ...after.occurrences],
    operands: [first, ...after.operands],
  };
}

/** Why `typed` is not a flag of ours, in one line. */
export function unknownFlag(flags: readonly Flag[], typed: string): string {
  const name = typed.replace(/=.*$/su, '');
  const known = flags.find((flag) => spellingsOf(flag).includes(name));
  if (known !== undefined) return `${name} takes no value: write ${name} alone`;
  const foreign = foreignFlag(typed);
  if (foreign !== undefined) return foreign;
  const nearest = typed.startsWith('--')
    ? nearestWord(name, flags.flatMap(spellingsOf))
    : undefined;
  const advice = nearest === undefined ? 'et --help lists all' : `did you mean ${nearest}?`;
  return `${name} is not a flag of et; ${advice}`;
}

/** In commander's notation, aliases as options of their own. */
function commanderSpellings(flag: Flag): string[] {
  const value = flag.argument === undefined ? '' : ' <value>';
  const main = [flag.short, flag.long].filter((each) => each !== undefined).join(', ');
  return [main, ...(flag.aliases ?? [])].map((spelling) => spelling + value);
}

/** A value can only be missing at the end. */
function missingValue(flags: readonly Flag[], argv: readonly string[], cause: unknown): Error {
  const last = argv.at(-1) ?? '';
  const typed = last.startsWith('--') ? last : `-${last.slice(-1)}`;
  const flag = flags.find((each) => spellingsOf(each).includes(typed));
  if (flag === undefined) return usageError(`${last} needs a value`, cause);
  return usageError(
    `${nameOf(flag)} needs a value: ${typed} ${flag.argument}, ${flag.help}`,
    cause,
  );
}
