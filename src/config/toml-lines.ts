import { parse } from 'smol-toml';

/** Keys, and places in lists, from the top of a document. */
export type TomlPath = readonly (string | number)[];

interface KeyPart {
  readonly name: string;
  readonly offset: number;
}

/**
 * Where the keys, tables and elements of lists of a TOML document stand, which its parser does not say.
 *
 * The text must have been accepted by the parser: no syntax is checked here, but every text is read to its end.
 */
export class TomlLines {
  readonly #text: string;
  /** The offset of each path, by its JSON. The first wins: `[a]` before `[a.b]`. */
  readonly #offsets = new Map<string, number>();
  /** How many tables each list of them has so far, by the JSON of its path. */
  readonly #elements = new Map<string, number>();
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    let table: TomlPath = [];
    for (this.#skipBlank(); this.#at < text.length; this.#skipBlank()) {
      const before = this.#at;
      if (this.#char === '[') table = this.#header();
      else this.#keyAndValue(table, '\n');
      if (this.#at === before) this.#at += 1;
    }
  }

  /** From 1; the line of what holds `path` where it is not known itself. */
  lineOf(path: TomlPath): number {
    const offset = this.#offsets.get(JSON.stringify(path));
    if (offset !== undefined) return this.#text.slice(0, offset).split('\n').length;
    return path.length > 0 ? this.lineOf(path.slice(0, -1)) : 1;
  }

  get #char(): string {
    return this.#text.charAt(this.#at);
  }

  /** `[a.b]` or `[[a.b]]`, of which each makes another element; a name on the way to it means the last one. */
  #header(): TomlPath {
    const isElement = this.#text.startsWith('[[', this.#at);
    this.#skipWhile(/\[/u);
    const parts = this.#parts(']');
    this.#skipWhile(/\]/u);
    let path: TomlPath = [];
    for (const [index, { name, offset }] of parts.entries()) {
      path = [...path, name];
      this.#note(path, offset);
      const key = JSON.stringify(path);
      const isOther = isElement && index === parts.length - 1;
      const count = (this.#elements.get(key) ?? 0) + (isOther ? 1 : 0);
      if (count === 0) continue;
      this.#elements.set(key, count);
      path = [...path, count - 1];
      this.#note(path, offset);
    }
    return path;
  }

  /** `a.b = value`; `end` stops a bare value, as does the end of the line. */
  #keyAndValue(table: TomlPath, end: string): void {
    const path = this.#key(table, '=');
    this.#at += 1;
    this.#skipBlank();
    this.#value(path, end);
  }

  /** A key below `table`, up to `end`. */
  #key(table: TomlPath, end: string): TomlPath {
    let path = table;
    for (const { name, offset } of this.#parts(end)) {
      path = [...path, name];
      this.#note(path, offset);
    }
    return path;
  }

  /** The parts of a key, up to `end`. */
  #parts(end: string): readonly KeyPart[] {
    const parts: KeyPart[] = [];
    while (this.#at < this.#text.length && this.#char !== end) {
      const start = this.#at;
      if (/["']/u.test(this.#char)) this.#skipString();
      else this.#skipWhile(/[\w-]/u);
      if (this.#at === start) {
        this.#at += 1;
        continue;
      }
      parts.push({ name: keyOf(this.#text.slice(start, this.#at)), offset: start });
    }
    return parts;
  }

  #value(path: TomlPath, end: string): void {
    const char = this.#char;
    if (char === '"' || char === "'") this.#skipString();
    else if (char === '[') this.#list(']', (index) => this.#element([...path, index]));
    else if (char === '{') this.#list('}', () => this.#keyAndValue(path, '}'));
    else while (this.#at < this.#text.length && !`${end},#\n`.includes(this.#char)) this.#at += 1;
  }

  #element(path: TomlPath): void {
    this.#note(path, this.#at);
    this.#value(path, ']');
  }

  /** From one bracket to the other, with `each` at what is between the commas. */
  #list(end: string, each: (index: number) => void): void {
    this.#at += 1;
    let index = 0;
    for (this.#skipBlank(); this.#at < this.#text.length; this.#skipBlank()) {
      if (this.#char === end) break;
      const before = this.#at;
      if (this.#char !== ',') each(index++);
      if (this.#at === before) this.#at += 1;
    }
    this.#at += 1;
  }

  #note(path: TomlPath, offset: number): void {
    const key = JSON.stringify(path);
    if (!this.#offsets.has(key)) this.#offsets.set(key, offset);
  }

  /** White space, ends of lines and comments. */
  #skipBlank(): void {
    this.#skipWhile(/\s/u);
    while (this.#char === '#') {
      this.#skipWhile(/[^\n]/u);
      this.#skipWhile(/\s/u);
    }
  }

  #skipString(): void {
    const quote = this.#char;
    const isMultiline = this.#text.startsWith(quote.repeat(3), this.#at);
    const end = isMultiline ? quote.repeat(3) : quote;
    this.#at += end.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(end, this.#at)) {
      this.#at += quote === '"' && this.#char === '\\' ? 2 : 1;
    }
    this.#at += end.length;
    // Up to two quotes before the end belong to the text.
    while (isMultiline && this.#char === quote) this.#at += 1;
  }

  #skipWhile(wanted: RegExp): void {
    while (this.#at < this.#text.length && wanted.test(this.#char)) this.#at += 1;
  }
}

/** A part of a key as it is written, to what it means. */
function keyOf(written: string): string {
  return /^["']/u.test(written) ? (Object.keys(parse(`${written} = 0`))[0] ?? '') : written;
}
