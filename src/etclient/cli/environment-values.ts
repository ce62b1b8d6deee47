import { EtError, messageOf } from '../../base/errors.ts';
import { usageError } from '../../base/usage-error.ts';
import { splitWords } from '../../bootstrap/split-words.ts';
import { expandPath, isListKind, textOfWord, wantedFor } from '../../config/config-value.ts';
import { describeText } from '../../config/describe-text.ts';
import type { FoundValue } from '../../config/found-value.ts';
import { CLIENT_KEYS, type ClientKey, variableOf } from './config-keys.ts';
import { objectionToValue } from './objection-to-value.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What the variables `EVERTERM_...` say. An empty one says nothing; a list is words, as a shell would split them.
 *
 * @throws {EtError} ET_ERR_USAGE, one line that begins with the variable
 */
export function environmentValues(environment: Environment, home: string): readonly FoundValue[] {
  return CLIENT_KEYS.flatMap((key) => {
    const place = variableOf(key.name);
    const value = environment[place] ?? '';
    if (value === '') return [];
    const texts = citing(place, () => wordsOf(key, value).map((word) => textFrom(key, word, home)));
    return [{ name: key.name, entries: texts.map((text) => ({ text, place })) }];
  });
}

function wordsOf({ kind }: ClientKey, value: string): readonly string[] {
  return isListKind(kind) ? splitWords(value) : [value];
}

function textFrom({ name, kind }: ClientKey, word: string, home: string): string {
  const found = textOfWord(kind, word);
  if (found === undefined)
    throw usageError(`must be ${wantedFor(kind)}, not ${describeText(word)}`);
  const text = expandPath(kind, found, home);
  const objection = objectionToValue(name, text);
  if (objection !== undefined) throw usageError(objection);
  return text;
}

function citing<T>(place: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof EtError)) throw error;
    throw usageError(`${place} ${messageOf(error)}`, error);
  }
}
