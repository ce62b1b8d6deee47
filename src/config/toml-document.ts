import {
  parse,
  TomlError,
  type TomlTableWithoutBigInt,
  type TomlValueWithoutBigInt,
} from 'smol-toml';
import { EtError, messageOf } from '../base/errors.ts';
import { nearestWord } from '../base/nearest-word.ts';
import { describeText } from './describe-text.ts';
import { TomlLines, type TomlPath } from './toml-lines.ts';

export type TomlValue = TomlValueWithoutBigInt;
export type TomlTable = TomlTableWithoutBigInt;

/** No key is longer, and a longer word is like none. */
const MAX_KEY_CHARACTERS = 80;

/**
 * A file of configuration: its values, where they stand, and the errors that cite them. Whatever is not understood is an error, since
 * a setting that is misspelt would do nothing, and a rule protect nothing.
 */
export class TomlDocument {
  readonly path: string;
  readonly top: TomlTable;
  readonly #lines: TomlLines;
  readonly #advice: string | undefined;

  /**
   * @param advice what to do about any mistake, for the errors; absent where the message says all
   * @throws {EtError} ET_ERR_CONFIG, `FILE:LINE:COLUMN: ...` for what is not TOML
   */
  constructor(path: string, text: string, advice?: string) {
    this.path = path;
    this.#advice = advice;
    this.top = this.#parse(text);
    this.#lines = new TomlLines(text);
  }

  /** `FILE:LINE` */
  placeOf(path: TomlPath): string {
    return `${this.path}:${this.#lines.lineOf(path)}`;
  }

  /** A key or table that there is none of; `hint` goes before the nearest of those that are known. */
  unknown(kind: 'table' | 'key', path: TomlPath, known: readonly string[], hint?: string): EtError {
    const key = String(path.at(-1));
    const nearest = nearestWord(key.slice(0, MAX_KEY_CHARACTERS), known);
    const advice =
      nearest === undefined ? `known: ${known.join(', ')}` : `did you mean "${nearest}"?`;
    return this.#error(
      `${this.placeOf(path)}: unknown ${kind} ${describeText(key)}; ${hint ?? advice}`,
    );
  }

  /** What is wrong with the value at `path`, as in `FILE:LINE: key must be ...`. */
  wrong(path: TomlPath, objection: string, cause?: unknown): EtError {
    const key = path.findLast((part) => typeof part === 'string');
    return this.#error(`${this.placeOf(path)}: ${key} ${objection}`, cause);
  }

  #parse(text: string): TomlTable {
    try {
      return parse(text, { integersAsBigInt: false });
    } catch (error) {
      const place =
        error instanceof TomlError ? `${this.path}:${error.line}:${error.column}` : this.path;
      // Behind the first line the parser draws the place.
      const [objection = ''] = messageOf(error).replace('Invalid TOML document: ', '').split('\n');
      throw this.#error(`${place}: ${objection}`, error);
    }
  }

  #error(message: string, cause?: unknown): EtError {
    const advice = this.#advice;
    return new EtError('ET_ERR_CONFIG', message, {
      cause,
      ...(advice === undefined ? {} : { advice }),
    });
  }
}

export function isTable(value: TomlValue | undefined): value is TomlTable {
  return (
    typeof value === 'object' && !Array.isArray(value) && Object.getPrototypeOf(value) === null
  );
}

/** A value, or what it is, for a message. */
export function describeValue(value: TomlValue): string {
  if (typeof value === 'string') return describeText(value);
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return 'a list';
  return isTable(value) ? 'a table' : 'a date';
}
