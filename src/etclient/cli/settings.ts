import { EtError } from '../../base/errors.ts';
import { spellingsOf } from '../../base/flag.ts';
import { usageError } from '../../base/usage-error.ts';
import type { FoundValue } from '../../config/found-value.ts';
import { CLIENT_KEYS, type ClientKey } from './config-keys.ts';
import { type GivenFlags, spelled } from './given-flags.ts';
import { CLIENT_FLAGS, type ClientFlagKey } from './option-table.ts';
import type { Occurrence } from './read-arguments.ts';

/** What the environment and files say, apart from the command line. */
export interface Settings {
  /**
   * What counts for a host, as it was typed, or without one.
   *
   * @throws {EtError} ET_ERR_CONFIG or ET_ERR_USAGE, one line that begins with the place
   */
  readonly valuesFor: (host: string | undefined) => readonly FoundValue[];
}

export const NO_SETTINGS: Settings = { valuesFor: () => [] };

/** The flags of a command line and what was configured beside it. */
export interface AppliedSettings {
  readonly given: GivenFlags;
  /** Those values that are among the flags. */
  readonly applied: readonly FoundValue[];
}

/**
 * Puts the values that were found behind the flags that were typed. What is typed takes the place of what is found, but for lists
 * that add up; and what `isUnfit` names is not for this command.
 */
export function applySettings(
  typed: GivenFlags,
  found: readonly FoundValue[],
  isUnfit: (key: ClientFlagKey) => boolean,
): AppliedSettings {
  const pairs = CLIENT_KEYS.flatMap((key) => {
    const value = found.find(({ name }) => name === key.name);
    if (value === undefined || isUnfit(key.name) || isTyped(key, typed)) return [];
    return [{ key, value }];
  });
  return {
    given: typed.with(pairs.flatMap(({ key, value }) => occurrencesOf(key, value))),
    applied: pairs.map(({ value }) => value),
  };
}

/** The error of a parser, with the places of the settings that it names: each of them was right by itself. */
export function withPlaces(error: unknown, applied: readonly FoundValue[]): unknown {
  if (!(error instanceof EtError) || error.code !== 'ET_ERR_USAGE') return error;
  const named = applied.flatMap(({ name, entries }) => {
    const flag = CLIENT_FLAGS.find(({ key }) => key === name);
    const words = error.message.split(/[\s/:,]+/u);
    const spelling = flag && spellingsOf(flag).find((each) => words.includes(each));
    const places = [...new Set(entries.map(({ place }) => place))];
    return spelling === undefined ? [] : [`${spelling} comes from ${places.join(' and ')}`];
  });
  return named.length === 0 ? error : usageError(`${error.message} (${named.join('; ')})`, error);
}

/** The value that was typed for a key, by the flag itself or by one that says the contrary. */
export function typedValue(key: ClientKey, typed: GivenFlags): FoundValue | undefined {
  const { name, kind } = key;
  const place = (flag: ClientFlagKey): string => `flag ${spelled(flag)}`;
  const one = (text: string, flag: ClientFlagKey = name): FoundValue => ({
    name,
    entries: [{ text, place: place(flag) }],
  });
  const texts = typed.all(name);
  const last = texts.at(-1);
  const contrary = key.unless?.find((flag) => typed.has(flag));
  if (last === undefined) return contrary && one(key.default ?? '', contrary);
  if (kind === 'level') return one(String(Math.min(texts.length, 3)));
  if (kind === 'switch') return one('true');
  if (kind !== 'list' && kind !== 'additions') return one(last);
  return { name, entries: texts.map((text) => ({ text, place: place(name) })) };
}

function isTyped(key: ClientKey, typed: GivenFlags): boolean {
  return key.kind !== 'additions' && typedValue(key, typed) !== undefined;
}

/** A value as the flags that would say it. */
function occurrencesOf(
  { name: key, kind }: ClientKey,
  { entries }: FoundValue,
): Occurrence<ClientFlagKey>[] {
  return entries.flatMap(({ text }) => {
    if (kind === 'switch') return text === 'true' ? [{ key, value: '' }] : [];
    if (kind === 'level') return Array.from({ length: Number(text) }, () => ({ key, value: '' }));
    return [{ key, value: text }];
  });
}
