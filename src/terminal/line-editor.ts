import { EMPTY_BYTES } from '../base/bytes.ts';

/** What keys have done to the line. */
export interface LineEdit {
  /** To be written to the terminal, which is raw. */
  readonly echo: string;
  /** `enter`: the line is done. `leave`: the user wants nothing. `undefined`: it is still typed. */
  readonly end: 'enter' | 'leave' | undefined;
  /** Keys behind the end; they are not ours. */
  readonly rest: Uint8Array;
}

/** A longer command means nothing, in characters. */
const MAX_CHARACTERS = 1024;

const KEY = {
  interrupt: 0x03,
  endOfFile: 0x04,
  backspace: 0x08,
  lineFeed: 0x0a,
  carriageReturn: 0x0d,
  eraseLine: 0x15,
  eraseWord: 0x17,
  escape: 0x1b,
  delete: 0x7f,
} as const;

/**
 * One line that is typed into a raw terminal: printable characters, backspace, ^U and ^W. Enter ends it; ^C, ^D, escape, and Enter
 * on an empty line leave it. Arrows and the like do nothing.
 */
export class LineEditor {
  readonly #decoder = new TextDecoder();
  readonly #characters: string[] = [];

  get line(): string {
    return this.#characters.join('');
  }

  push(bytes: Uint8Array): LineEdit {
    let echo = '';
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = bytes[at] ?? 0;
      const end = this.#endOf(byte, bytes, at);
      if (end !== undefined) return { echo, end, rest: bytes.subarray(at + 1) };
      if (byte === KEY.escape) at = endOfSequence(bytes, at);
      else echo += this.#edit(byte);
    }
    return { echo, end: undefined, rest: EMPTY_BYTES };
  }

  #endOf(byte: number, bytes: Uint8Array, at: number): LineEdit['end'] {
    switch (byte) {
      case KEY.carriageReturn:
      case KEY.lineFeed:
        return this.line.trim() === '' ? 'leave' : 'enter';
      case KEY.interrupt:
      case KEY.endOfFile:
        return 'leave';
      case KEY.escape:
        return isSequence(bytes, at) ? undefined : 'leave';
      default:
        return undefined;
    }
  }

  /** What the terminal is to be told. */
  #edit(byte: number): string {
    switch (byte) {
      case KEY.backspace:
      case KEY.delete:
        return this.#erase(1);
      case KEY.eraseLine:
        return this.#erase(this.#characters.length);
      case KEY.eraseWord:
        return this.#erase(this.#characters.length - this.#startOfWord());
      default:
        return byte < 0x20 ? '' : this.#add(byte);
    }
  }

  #add(byte: number): string {
    // Empty until the last byte of a character is here.
    const text = this.#decoder.decode(Uint8Array.of(byte), { stream: true });
    if (text === '' || /\p{Cc}/u.test(text)) return '';
    if (this.#characters.length >= MAX_CHARACTERS) return '\x07';
    for (const character of text) this.#characters.push(character);
    return text;
  }

  #startOfWord(): number {
    let at = this.#characters.length;
    while (at > 0 && this.#characters[at - 1] === ' ') at -= 1;
    while (at > 0 && this.#characters[at - 1] !== ' ') at -= 1;
    return at;
  }

  #erase(count: number): string {
    const erased = this.#characters.splice(Math.max(0, this.#characters.length - count));
    return '\b \b'.repeat(erased.length);
  }
}

/** What arrows and function keys send, and what stands around a paste: an escape that comes with more. */
function isSequence(bytes: Uint8Array, at: number): boolean {
  const next = bytes[at + 1];
  return next === 0x5b || next === 0x4f;
}

/** The place of the last byte of `ESC [ ... letter` or `ESC O letter`. */
function endOfSequence(bytes: Uint8Array, start: number): number {
  let at = start + 2;
  while (at < bytes.length && (bytes[at] ?? 0) < 0x40) at += 1;
  return at;
}
