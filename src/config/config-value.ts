import { EtError } from '../base/errors.ts';
import { describeText } from './describe-text.ts';

/**
 * How the value of a key is written.
 *
 *   text       a string
 *   amount     a number, or a string where it has a unit or is a range
 *   path       a whole path on this machine, or `~/` and the rest
 *   switch     true or false
 *   level      0 to 3
 *   list       strings or numbers; the list that is found first is all of it
 *   additions  strings or numbers; every list that is found adds to the others
 */
export type ValueKind = 'text' | 'amount' | 'path' | 'switch' | 'level' | 'list' | 'additions';

/** A key of a file of configuration. */
export interface ConfigKey {
  readonly name: string;
  readonly kind: ValueKind;
}

const WORDS: Readonly<Record<string, string>> = {
  '0': 'false',
  '1': 'true',
  false: 'false',
  no: 'false',
  true: 'true',
  yes: 'true',
};

export function isListKind(kind: ValueKind): boolean {
  return kind === 'list' || kind === 'additions';
}

/**
 * The text of a value, or of one element of a list, from what TOML says.
 *
 * @returns `undefined` where it has another type, which `wantedFor` names
 */
export function textOfValue(kind: ValueKind, value: unknown): string | undefined {
  switch (kind) {
    case 'switch':
      return typeof value === 'boolean' ? String(value) : undefined;
    case 'level':
      return typeof value === 'number' && /^[0-3]$/u.test(String(value))
        ? String(value)
        : undefined;
    case 'text':
    case 'path':
      return typeof value === 'string' ? value : undefined;
    case 'amount':
    case 'list':
    case 'additions':
      return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  }
}

/** The text of a value from one word, as in a variable of the environment; `undefined` as above. */
export function textOfWord(kind: ValueKind, word: string): string | undefined {
  if (kind === 'switch') return Object.hasOwn(WORDS, word) ? WORDS[word] : undefined;
  if (kind === 'level') return /^[0-3]$/u.test(word) ? word : undefined;
  return word;
}

/** What a value must be, for a message. */
export function wantedFor(kind: ValueKind): string {
  switch (kind) {
    case 'switch':
      return 'true or false';
    case 'level':
      return '0, 1, 2 or 3';
    case 'text':
    case 'path':
      return 'a string';
    case 'amount':
      return 'a number or a string';
    case 'list':
    case 'additions':
      return 'a list of strings';
  }
}

/** A path as it is used; any other text as it is. @throws {EtError} ET_ERR_CONFIG, which says what a path must be */
export function expandPath(kind: ValueKind, text: string, home: string): string {
  if (kind !== 'path' || text.startsWith('/')) return text;
  if (text.startsWith('~/') && home !== '') return `${home}${text.slice(1)}`;
  throw new EtError(
    'ET_ERR_CONFIG',
    `must be a whole path, or ~/ and the rest, not ${describeText(text)}`,
  );
}
