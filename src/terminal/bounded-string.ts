import type { StringHandler } from './screen-library.ts';

/**
 * Collects an operating system command for `handle`. The library's own collector takes ten million
 * characters of one, before it lets go of it.
 */
export class BoundedString implements StringHandler {
  readonly #maxLength: number;
  readonly #handle: (payload: string, isCut: boolean) => void;
  #payload = '';
  #isCut = false;

  /** `maxLength`: in UTF-16 units; what is beyond it is cut off. */
  constructor(maxLength: number, handle: (payload: string, isCut: boolean) => void) {
    this.#maxLength = maxLength;
    this.#handle = handle;
  }

  start(): void {
    this.#payload = '';
    this.#isCut = false;
  }

  put(codePoints: Uint32Array, start: number, end: number): void {
    for (let at = start; at < end && !this.#isCut; at += 1) {
      const character = String.fromCodePoint(codePoints[at] as number);
      if (this.#payload.length + character.length > this.#maxLength) this.#isCut = true;
      else this.#payload += character;
    }
  }

  end(isComplete: boolean): boolean {
    const payload = this.#payload;
    this.#payload = '';
    if (isComplete) this.#handle(payload, this.#isCut);
    return true;
  }
}
