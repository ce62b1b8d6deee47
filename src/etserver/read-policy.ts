import { readFileSync } from 'node:fs';
import {
  parse,
  TomlError,
  type TomlTableWithoutBigInt,
  type TomlValueWithoutBigInt,
} from 'smol-toml';
import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';
import { nearestWord } from '../base/nearest-word.ts';
import { Policy, type PolicyEntry, type PolicyRules } from '../forward/policy.ts';
import {
  type PolicyPattern,
  parseListenPattern,
  parseOpenPattern,
} from '../forward/policy-pattern.ts';
import { TomlLines, type TomlPath } from './toml-lines.ts';

/** A file's text; `undefined` where there is none. Throws where there is one that cannot be read. */
export type ReadText = (path: string) => string | undefined;

const TABLE = 'forward';
const LISTS = {
  'permit-open': parseOpenPattern,
  'deny-open': parseOpenPattern,
  'permit-listen': (text: string) => parseListenPattern(text, 'permit'),
  'deny-listen': (text: string) => parseListenPattern(text, 'deny'),
} as const satisfies Record<string, (text: string) => PolicyPattern>;
const SWITCHES = ['tunnels', 'agent'] as const;
const KEYS: readonly string[] = [...Object.keys(LISTS), ...SWITCHES];

const MAX_SHOWN_CHARACTERS = 80;

/**
 * What a session server may connect to and listen on, from the files at `paths`, the most binding first. Each may be missing.
 *
 * ```toml
 * [forward]
 * # Absent: everything but what is denied. Empty: nothing.
 * permit-open = ["db:5432", "10.0.0.0/8:80,443,8000-8100", "*.example.org:443", "[2001:db8::/32]:*", "/run/app/*.sock"]
 * deny-open = ["10.0.0.13:*"]          # beats what is permitted
 * permit-listen = ["8000-8100", "localhost:*", "*:9000", "/tmp/*.sock"]
 * deny-listen = ["*:22"]
 * tunnels = true                       # false: no forwards at all
 * agent = true                         # false: no agent forwarding
 * ```
 *
 * docs/policy.md says what the entries mean. Whatever is not understood is an error, since a rule that is misspelt would protect
 * nothing.
 * @throws {EtError} ET_ERR_CONFIG: `FILE:LINE: unknown key "permit-opne"; did you mean "permit-open"?`
 */
export function readPolicy(paths: readonly string[], readText: ReadText = readTextIfThere): Policy {
  const layers = paths.flatMap((path) => {
    const text = readOrObject(path, readText);
    return text === undefined ? [] : [new PolicyFile(path, text).rules()];
  });
  return layers.length === 0 ? Policy.open : new Policy(layers);
}

function readOrObject(path: string, readText: ReadText): string | undefined {
  try {
    return readText(path);
  } catch (error) {
    throw configError(path, `${path} cannot be read: ${messageOf(error)}`, error);
  }
}

const readTextIfThere: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) return undefined;
    throw error;
  }
};

/** One file while it is read: its values, and where they stand. */
class PolicyFile {
  readonly #path: string;
  readonly #document: TomlTableWithoutBigInt;
  readonly #lines: TomlLines;

  constructor(path: string, text: string) {
    this.#path = path;
    this.#document = parseToml(path, text);
    this.#lines = new TomlLines(text);
  }

  rules(): PolicyRules {
    for (const key of Object.keys(this.#document)) {
      if (key !== TABLE) throw this.#unknown('table', [key], [TABLE]);
    }
    const found = this.#document[TABLE];
    if (found !== undefined && !isTable(found)) {
      throw this.#wrong([TABLE], `must be a table, not ${kindOf(found)}`);
    }
    const table = found ?? {};
    for (const key of Object.keys(table)) {
      if (!KEYS.includes(key)) throw this.#unknown('key', [TABLE, key], KEYS);
    }
    return {
      file: this.#path,
      permitOpen: this.#list(table, 'permit-open'),
      denyOpen: this.#list(table, 'deny-open') ?? [],
      permitListen: this.#list(table, 'permit-listen'),
      denyListen: this.#list(table, 'deny-listen') ?? [],
      tunnelsOffAt: this.#offAt(table, 'tunnels'),
      agentOffAt: this.#offAt(table, 'agent'),
    };
  }

  #list(
    table: TomlTableWithoutBigInt,
    key: keyof typeof LISTS,
  ): readonly PolicyEntry[] | undefined {
    const value = table[key];
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) {
      throw this.#wrong([TABLE, key], `must be a list of strings, not ${kindOf(value)}`);
    }
    return value.map((element, index) => this.#entry(key, index, element));
  }

  #entry(key: keyof typeof LISTS, index: number, element: TomlValueWithoutBigInt): PolicyEntry {
    const path = [TABLE, key, index];
    if (typeof element !== 'string') {
      throw this.#wrong(path, `must be a list of strings, and has ${kindOf(element)}`);
    }
    try {
      return { pattern: LISTS[key](element), source: this.#placeOf(path) };
    } catch (error) {
      throw this.#wrong(path, `has ${kindOf(element)}: ${messageOf(error)}`, error);
    }
  }

  #offAt(table: TomlTableWithoutBigInt, key: (typeof SWITCHES)[number]): string | undefined {
    const value = table[key] ?? true;
    if (typeof value !== 'boolean') {
      throw this.#wrong([TABLE, key], `must be true or false, not ${kindOf(value)}`);
    }
    return value ? undefined : this.#placeOf([TABLE, key]);
  }

  /** `FILE:LINE` */
  #placeOf(path: TomlPath): string {
    return `${this.#path}:${this.#lines.lineOf(path)}`;
  }

  #unknown(what: 'table' | 'key', path: TomlPath, known: readonly string[]): EtError {
    const key = String(path.at(-1));
    const kind = what === 'table' && !isTable(this.#document[key]) ? 'key' : what;
    return configError(
      this.#path,
      `${this.#placeOf(path)}: unknown ${kind} ${shorten(JSON.stringify(key))}${hintFor(key, path, known)}`,
    );
  }

  #wrong(path: TomlPath, objection: string, cause?: unknown): EtError {
    const key = path.findLast((part) => typeof part === 'string');
    return configError(this.#path, `${this.#placeOf(path)}: ${key} ${objection}`, cause);
  }
}

function parseToml(path: string, text: string): TomlTableWithoutBigInt {
  try {
    return parse(text, { integersAsBigInt: false });
  } catch (error) {
    const place = error instanceof TomlError ? `${path}:${error.line}:${error.column}` : path;
    // Behind the first line the parser draws the place.
    const [objection = ''] = messageOf(error).replace('Invalid TOML document: ', '').split('\n');
    throw configError(path, `${place}: ${objection}`, error);
  }
}

function hintFor(key: string, path: TomlPath, known: readonly string[]): string {
  if (path.length === 1 && KEYS.includes(key)) return `; it belongs below [${TABLE}]`;
  const nearest = nearestWord(key.slice(0, MAX_SHOWN_CHARACTERS), known);
  return nearest === undefined ? `; known: ${known.join(', ')}` : `; did you mean "${nearest}"?`;
}

function isTable(value: TomlValueWithoutBigInt | undefined): value is TomlTableWithoutBigInt {
  return (
    typeof value === 'object' && !Array.isArray(value) && Object.getPrototypeOf(value) === null
  );
}

function kindOf(value: TomlValueWithoutBigInt): string {
  if (typeof value === 'string') return shorten(JSON.stringify(value));
  if (typeof value !== 'object') return String(value);
  if (Array.isArray(value)) return 'a list';
  return isTable(value) ? 'a table' : 'a date';
}

function shorten(text: string): string {
  return text.length > MAX_SHOWN_CHARACTERS ? `${text.slice(0, MAX_SHOWN_CHARACTERS)}...` : text;
}

function configError(path: string, message: string, cause?: unknown): EtError {
  return new EtError('ET_ERR_CONFIG', message, { cause, advice: `correct ${path} on the server` });
}
