import { fromHex } from '../base/bytes.ts';
import { type ErrorCode, EtError } from '../base/errors.ts';
import type { JsonObject } from './messages.ts';

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Takes the members of a JSON object that somebody else wrote, checking each.
 * Every method throws an EtError of the code handed in, which names the member; values are never quoted, since one may be a key.
 */
export class JsonMembers {
  readonly #object: JsonObject;
  readonly #code: ErrorCode;
  readonly #what: string;

  constructor(object: JsonObject, code: ErrorCode, what: string) {
    this.#object = object;
    this.#code = code;
    this.#what = what;
  }

  get names(): readonly string[] {
    return Object.keys(this.#object);
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  get(name: string): unknown {
    return this.has(name) ? this.#object[name] : undefined;
  }

  integer(name: string, low: number, high: number): number {
    const value = this.get(name);
    if (typeof value === 'number' && Number.isInteger(value) && value >= low && value <= high) {
      return value;
    }
    throw this.error(`${name} is not a whole number in ${low}..${high}`);
  }

  /** Text without control characters: it goes to terminals and command lines. */
  text(name: string, maxLength: number): string {
    const value = this.get(name);
    if (isPlainText(value, maxLength)) return value;
    throw this.error(`${name} is not text of at most ${maxLength} characters`);
  }

  /** Text for people: each control character becomes a space. */
  line(name: string, maxLength: number): string {
    const value = this.get(name);
    if (isText(value, maxLength)) return value.replaceAll(/\p{Cc}/gu, ' ');
    throw this.error(`${name} is not text of at most ${maxLength} characters`);
  }

  /** A list of `text`s. */
  texts(name: string, maxCount: number, maxLength: number): readonly string[] {
    const list = this.#list(name, maxCount);
    const texts = list.filter((each) => isPlainText(each, maxLength));
    if (texts.length === list.length) return texts;
    throw this.error(`${name} has a member that is not text of at most ${maxLength} characters`);
  }

  /** A list of `line`s; what is not text is left out. */
  lines(name: string, maxCount: number, maxLength: number): readonly string[] {
    const texts = this.#list(name, maxCount).filter((each) => isText(each, maxLength));
    return texts.map((each) => each.replaceAll(/\p{Cc}/gu, ' '));
  }

  #list(name: string, maxCount: number): readonly unknown[] {
    const value: unknown = this.get(name);
    if (Array.isArray(value) && value.length <= maxCount) return value;
    throw this.error(`${name} is not a list of at most ${maxCount} members`);
  }

  hex(name: string, bytes: number): Uint8Array {
    const value = this.get(name);
    const decoded = typeof value === 'string' ? fromHex(value) : undefined;
    if (decoded?.length === bytes) return decoded;
    throw this.error(`${name} is not ${2 * bytes} hexadecimal digits`);
  }

  /** The members of the object that is member `name`. */
  member(name: string): JsonMembers {
    const value = this.get(name);
    if (isJsonObject(value)) return new JsonMembers(value, this.#code, `${this.#what}: ${name}`);
    throw this.error(`${name} is not an object`);
  }

  error(problem: string): EtError {
    return new EtError(this.#code, `${this.#what}: ${problem}`);
  }
}

function isPlainText(value: unknown, maxLength: number): value is string {
  return isText(value, maxLength) && !/\p{Cc}/u.test(value);
}

function isText(value: unknown, maxLength: number): value is string {
  return typeof value === 'string' && value.length <= maxLength;
}
