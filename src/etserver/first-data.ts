import { concatBytes, copyOf, strictTextOf } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import { MAX_FIRST_DATA_BYTES } from '../wire/limits.ts';

/**
 * The JSON object with which a channel's data begins, since command lines and environments outgrow metadata.
 * Its length is told in the metadata of OPEN.
 */
export class FirstData {
  readonly #length: number;
  readonly #pieces: Uint8Array[] = [];
  #received = 0;

  /** @throws {EtError} ET_ERR_CHANNEL_METADATA when `length` is no number of bytes up to 1 MiB. */
  constructor(length: unknown) {
    if (
      typeof length !== 'number' ||
      !Number.isInteger(length) ||
      length < 0 ||
      length > MAX_FIRST_DATA_BYTES
    ) {
      throw new EtError(
        'ET_ERR_CHANNEL_METADATA',
        `request of ${String(length)} bytes outside 0..${MAX_FIRST_DATA_BYTES}`,
      );
    }
    this.#length = length;
  }

  get isComplete(): boolean {
    return this.#received === this.#length;
  }

  /** Takes what belongs to it of `bytes`; returns how many that were. */
  push(bytes: Uint8Array): number {
    const count = Math.min(bytes.length, this.#length - this.#received);
    if (count > 0) this.#pieces.push(copyOf(bytes.subarray(0, count)));
    this.#received += count;
    return count;
  }

  /** @throws {EtError} ET_ERR_CHANNEL_METADATA when it is no JSON object. */
  parse(): Record<string, unknown> {
    if (this.#length === 0) return {};
    let value: unknown;
    try {
      value = JSON.parse(strictTextOf(concatBytes(this.#pieces)) ?? '');
    } catch {
      value = undefined;
    }
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
    throw new EtError('ET_ERR_CHANNEL_METADATA', 'the request is not a JSON object');
  }
}

/** The members of `value` that are texts; anything else is left out. */
export function textsOf(value: unknown): Record<string, string> {
  const texts: Record<string, string> = {};
  if (typeof value !== 'object' || value === null) return texts;
  for (const [name, text] of Object.entries(value)) {
    // A NUL ends a C string early; a name with = is another name.
    if (typeof text === 'string' && !text.includes('\0') && /^[^=\0]+$/u.test(name))
      texts[name] = text;
  }
  return texts;
}
