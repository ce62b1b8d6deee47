import { type EtError, messageOf } from '../base/errors.ts';
import { type ConfigKey, expandPath, isListKind, textOfValue, wantedFor } from './config-value.ts';
import type { FoundValue, PlacedText } from './found-value.ts';
import { checkHostPattern, HostPatterns } from './host-patterns.ts';
import {
  describeValue,
  isTable,
  TomlDocument,
  type TomlTable,
  type TomlValue,
} from './toml-document.ts';
import type { TomlPath } from './toml-lines.ts';

/** What a file may hold. */
export interface ConfigSchema {
  readonly keys: readonly ConfigKey[];
  /** What is wrong with a value, as the words behind its key: `"x": at least 1s`; nothing where it is right. */
  readonly objectionTo: (name: string, text: string) => string | undefined;
  /** What `~` is in a path. */
  readonly home: string;
}

interface Section {
  /** `undefined`: for every host, and where there is none. */
  readonly hosts: HostPatterns | undefined;
  readonly values: readonly FoundValue[];
}

const HOST = 'host';
const MATCH = 'match';

/**
 * A file with keys for all hosts, and tables `[[host]]` with keys for those that `match` describes. All of it is checked when it is
 * read, whatever host is asked for later.
 */
export class ConfigFile {
  readonly #document: TomlDocument;
  readonly #schema: ConfigSchema;
  readonly #names: readonly string[];
  /** In the order in which they are asked: the special ones first. */
  readonly #sections: readonly Section[];

  /** @throws {EtError} ET_ERR_CONFIG, one line that begins with FILE:LINE */
  constructor(path: string, text: string, schema: ConfigSchema) {
    this.#document = new TomlDocument(path, text);
    this.#schema = schema;
    this.#names = schema.keys.map(({ name }) => name);
    const { [HOST]: hosts, ...rest } = this.#document.top;
    const special = this.#hosts(hosts).map((table, index) => this.#section(table, [HOST, index]));
    this.#sections = [...special, { hosts: undefined, values: this.#values(rest, []) }];
  }

  /** What it says about a host, or without one; what counts stands first. */
  valuesFor(host: string | undefined): readonly FoundValue[] {
    const fitting = this.#sections.filter(
      ({ hosts }) => hosts === undefined || (host !== undefined && hosts.matches(host)),
    );
    return fitting.flatMap(({ values }) => values);
  }

  #hosts(value: TomlValue | undefined): readonly TomlTable[] {
    if (value === undefined) return [];
    if (Array.isArray(value) && value.every(isTable)) return value;
    const found = describeValue(value);
    throw this.#document.wrong([HOST], `is a list of tables, each begun by [[host]], not ${found}`);
  }

  #section(table: TomlTable, path: TomlPath): Section {
    const { [MATCH]: match, ...rest } = table;
    const values = this.#values(rest, path);
    return { hosts: this.#patterns(match, path), values };
  }

  #patterns(match: TomlValue | undefined, path: TomlPath): HostPatterns {
    if (match === undefined) {
      throw this.#document.wrong(path, 'needs match, as in match = ["*.example.org"]');
    }
    const at = [...path, MATCH];
    const texts = Array.isArray(match) ? match : [match];
    const patterns = texts.map((each, index) => {
      const place = Array.isArray(match) ? [...at, index] : at;
      if (typeof each !== 'string') {
        throw this.#document.wrong(
          place,
          `must be a list of patterns, and has ${describeValue(each)}`,
        );
      }
      this.#cite(place, () => checkHostPattern(each));
      return each;
    });
    const hosts = new HostPatterns(patterns);
    if (!hosts.isOnlyExclusions) return hosts;
    throw this.#document.wrong(at, 'matches nothing: it needs a pattern without !, as "*"');
  }

  #values(table: TomlTable, path: TomlPath): readonly FoundValue[] {
    return Object.entries(table).map(([name, value]) => {
      const key = this.#schema.keys.find((each) => each.name === name);
      if (key === undefined) throw this.#unknown(name, value, path);
      return { name, entries: this.#entries(key, value, [...path, name]) };
    });
  }

  #entries(key: ConfigKey, value: TomlValue, path: TomlPath): readonly PlacedText[] {
    if (!isListKind(key.kind)) return [this.#entry(key, value, path)];
    if (Array.isArray(value)) {
      return value.map((element, index) => this.#entry(key, element, [...path, index]));
    }
    throw this.#document.wrong(path, `must be a list of strings, not ${describeValue(value)}`);
  }

  #entry(key: ConfigKey, value: TomlValue, path: TomlPath): PlacedText {
    const found = textOfValue(key.kind, value);
    if (found === undefined) {
      const not = isListKind(key.kind) ? ', and has' : ', not';
      throw this.#document.wrong(
        path,
        `must be ${wantedFor(key.kind)}${not} ${describeValue(value)}`,
      );
    }
    const text = this.#cite(path, () => expandPath(key.kind, found, this.#schema.home));
    // Whether a switch is on or off, there is nothing else to be wrong with it.
    const objection = this.#schema.objectionTo(key.name, text);
    if (objection !== undefined) throw this.#document.wrong(path, objection);
    return { text, place: this.#document.placeOf(path) };
  }

  #unknown(name: string, value: TomlValue, path: TomlPath): EtError {
    const isTop = path.length === 0;
    const known = [isTop ? HOST : MATCH, ...this.#names];
    const hint = isTop && name === MATCH ? 'it belongs below [[host]]' : undefined;
    const kind = isTable(value) || (Array.isArray(value) && value.some(isTable)) ? 'table' : 'key';
    return this.#document.unknown(kind, [...path, name], known, hint);
  }

  #cite<T>(path: TomlPath, read: () => T): T {
    try {
      return read();
    } catch (error) {
      throw this.#document.wrong(path, messageOf(error), error);
    }
  }
}
