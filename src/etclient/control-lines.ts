import { concatBytes, copyOf, strictTextOf } from '../base/bytes.ts';

const LF = 0x0a;

/**
 * Cuts what comes over a control socket into lines.
 *
 * Between any two calls: what is kept has no newline, and is no longer than a line may be.
 */
export class ControlLines {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #length = 0;

  /** `maxBytes`: of one line, without its newline. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The lines that are whole now; '' for one that is not UTF-8. `undefined`: one is too long, and nothing more can be read. */
  push(bytes: Uint8Array): string[] | undefined {
    const lines: string[] = [];
    let from = 0;
    for (let end = bytes.indexOf(LF); end >= 0; end = bytes.indexOf(LF, from)) {
      if (!this.#keep(bytes.subarray(from, end))) return undefined;
      lines.push(strictTextOf(concatBytes(this.#parts)) ?? '');
      this.#parts = [];
      this.#length = 0;
      from = end + 1;
    }
    return this.#keep(bytes.subarray(from)) ? lines : undefined;
  }

  #keep(part: Uint8Array): boolean {
    this.#length += part.length;
    if (this.#length > this.#maxBytes) return false;
    if (part.length > 0) this.#parts.push(copyOf(part));
    return true;
  }
}
