import { readFileSync } from 'node:fs';
import { EtError, messageOf } from '../base/errors.ts';
import { isMissing } from '../config/may-be-there.ts';
import {
  describeValue,
  isTable,
  TomlDocument,
  type TomlTable,
  type TomlValue,
} from '../config/toml-document.ts';
import { Policy, type PolicyEntry, type PolicyRules } from '../forward/policy.ts';
import {
  type PolicyPattern,
  parseListenPattern,
  parseOpenPattern,
} from '../forward/policy-pattern.ts';

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
    throw new EtError('ET_ERR_CONFIG', `${path} cannot be read: ${messageOf(error)}`, {
      cause: error,
      advice: adviceFor(path),
    });
  }
}

const readTextIfThere: ReadText = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

function adviceFor(path: string): string {
  return `correct ${path} on the server`;
}

/** One file while it is read. */
class PolicyFile {
  readonly #document: TomlDocument;

  constructor(path: string, text: string) {
    this.#document = new TomlDocument(path, text, adviceFor(path));
  }

  rules(): PolicyRules {
    const { top, path } = this.#document;
    for (const [key, value] of Object.entries(top)) {
      if (key !== TABLE) throw this.#unknownAtTop(key, value);
    }
    const found = top[TABLE];
    if (found !== undefined && !isTable(found)) {
      throw this.#document.wrong([TABLE], `must be a table, not ${describeValue(found)}`);
    }
    const table = found ?? {};
    for (const key of Object.keys(table)) {
      if (!KEYS.includes(key)) throw this.#document.unknown('key', [TABLE, key], KEYS);
    }
    return {
      file: path,
      permitOpen: this.#list(table, 'permit-open'),
      denyOpen: this.#list(table, 'deny-open') ?? [],
      permitListen: this.#list(table, 'permit-listen'),
      denyListen: this.#list(table, 'deny-listen') ?? [],
      tunnelsOffAt: this.#offAt(table, 'tunnels'),
      agentOffAt: this.#offAt(table, 'agent'),
    };
  }

  #list(table: TomlTable, key: keyof typeof LISTS): readonly PolicyEntry[] | undefined {
    const value = table[key];
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) {
      throw this.#document.wrong(
        [TABLE, key],
        `must be a list of strings, not ${describeValue(value)}`,
      );
    }
    return value.map((element, index) => this.#entry(key, index, element));
  }

  #entry(key: keyof typeof LISTS, index: number, element: TomlValue): PolicyEntry {
    const path = [TABLE, key, index];
    const described = describeValue(element);
    if (typeof element !== 'string') {
      throw this.#document.wrong(path, `must be a list of strings, and has ${described}`);
    }
    try {
      return { pattern: LISTS[key](element), source: this.#document.placeOf(path) };
    } catch (error) {
      throw this.#document.wrong(path, `has ${described}: ${messageOf(error)}`, error);
    }
  }

  #offAt(table: TomlTable, key: (typeof SWITCHES)[number]): string | undefined {
    const value = table[key] ?? true;
    if (typeof value !== 'boolean') {
      throw this.#document.wrong(
        [TABLE, key],
        `must be true or false, not ${describeValue(value)}`,
      );
    }
    return value ? undefined : this.#document.placeOf([TABLE, key]);
  }

  #unknownAtTop(key: string, value: TomlValue): EtError {
    const hint = KEYS.includes(key) ? `it belongs below [${TABLE}]` : undefined;
    return this.#document.unknown(isTable(value) ? 'table' : 'key', [key], [TABLE], hint);
  }
}
