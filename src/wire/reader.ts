import { strictTextOf } from '../base/bytes.ts';
import { type ErrorCode, EtError } from '../base/errors.ts';
import { MAX_NUMBER } from './limits.ts';
import { readVarint, varintSizeOf } from './varint.ts';

/**
 * Reads numbers and bytes off the front of bytes that came from the peer.
 *
 * Between any two calls: `0 <= position <= bytes.length`. Whatever is missing or out of bounds
 * throws an EtError of the code handed in, and nothing else is ever thrown.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #code: ErrorCode;
  #at = 0;

  constructor(bytes: Uint8Array, code: ErrorCode) {
    this.#bytes = bytes;
    this.#code = code;
  }

  get position(): number {
    return this.#at;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw this.error('cut short');
    this.#at += 1;
    return byte;
  }

  varint(): number {
    const first = this.#bytes[this.#at];
    if (first === undefined) throw this.error('cut short');
    if (first < 0x40) {
      this.#at += 1;
      return first;
    }
    const end = this.#at + varintSizeOf(first);
    if (end > this.#bytes.length) throw this.error('cut short in a number');
    const n = readVarint(this.#bytes, this.#at);
    if (n > MAX_NUMBER) throw this.error('a number above 2^53-1');
    this.#at = end;
    return n;
  }

  /** A varint within [low, high]; `what` names it in the error. */
  varintWithin(low: number, high: number, what: string): number {
    const n = this.varint();
    if (n < low || n > high) throw this.error(`${what} ${n} outside ${low}..${high}`);
    return n;
  }

  /** The next `count` bytes, without a copy. */
  bytes(count: number): Uint8Array {
    const end = this.#at + count;
    if (end > this.#bytes.length) {
      throw this.error(`cut short: ${this.remaining} of ${count} bytes`);
    }
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  /** The next `count` bytes as text; what is not UTF-8 is an error. */
  text(count: number): string {
    const text = strictTextOf(this.bytes(count));
    if (text === undefined) throw this.error('text that is not UTF-8');
    return text;
  }

  /** An error of this reader's code, for what only the caller can judge. */
  error(problem: string): EtError {
    return new EtError(this.#code, `${problem} at byte ${this.#at} of ${this.#bytes.length}`);
  }
}
