import { EMPTY_BYTES, utf8 } from '../base/bytes.ts';

/** A longer line is given out in pieces, in UTF-16 units. */
const MAX_LINE_LENGTH = 65_536;
const MAX_PARAMETERS_LENGTH = 32;

const GROUND = 0;
const ESCAPE = 1;
const ESCAPE_INTERMEDIATE = 2;
const CSI = 3;
const OSC = 4;
/** DCS, SOS, PM, APC, and screen's title. */
const STRING = 5;

/** Runs of text end at a control character. */
const CONTROL = /\p{Cc}/gu;

/**
 * Makes readable text of a terminal's output: no escape sequences and no control characters but tabs and
 * newlines. Within its line, what was overwritten (CR, BS) or erased (EL, and the moves of a line editor)
 * is as it was last; where the cursor was put elsewhere on the screen, a new line begins.
 *
 * Between any two calls: what is held is one unfinished line of at most `MAX_LINE_LENGTH`.
 */
export class PlainText {
  readonly #decoder = new TextDecoder('utf-8', { fatal: false, ignoreBOM: true });
  #line = '';
  /** Where the next character goes: at most `#line.length`. */
  #at = 0;
  #state = GROUND;
  #parameters = '';
  #out: string[] = [];

  /** The lines that are finished, as UTF-8. */
  push(bytes: Uint8Array): Uint8Array {
    this.#text(this.#decoder.decode(bytes, { stream: true }));
    return this.#takeOut();
  }

  /** The last line, which nothing has ended. */
  end(): Uint8Array {
    this.#text(this.#decoder.decode());
    if (this.#line !== '') this.#newline();
    return this.#takeOut();
  }

  #takeOut(): Uint8Array {
    const out = this.#out.join('');
    this.#out = [];
    return out === '' ? EMPTY_BYTES : utf8(out);
  }

  #text(text: string): void {
    for (let at = 0; at < text.length; ) {
      if (this.#state === GROUND) at = this.#run(text, at);
      else if (this.#step(text.charCodeAt(at))) at += 1;
      else this.#state = GROUND;
    }
  }

  #run(text: string, from: number): number {
    CONTROL.lastIndex = from;
    const end = CONTROL.exec(text)?.index ?? text.length;
    if (end > from) this.#put(text.slice(from, end));
    if (end < text.length) this.#control(text.charCodeAt(end));
    return end + 1;
  }

  #put(run: string): void {
    let rest = run;
    while (this.#at + rest.length > MAX_LINE_LENGTH) {
      const room = MAX_LINE_LENGTH - this.#at;
      this.#out.push(this.#line.slice(0, this.#at) + rest.slice(0, room));
      rest = rest.slice(room);
      this.#line = '';
      this.#at = 0;
    }
    const isAtEnd = this.#at === this.#line.length;
    if (isAtEnd) this.#line += rest;
    else {
      const before = this.#line.slice(0, this.#at);
      this.#line = before + rest + this.#line.slice(this.#at + rest.length);
    }
    this.#at += rest.length;
  }

  #control(code: number): void {
    if (code === 0x0a) this.#newline();
    else if (code === 0x0d) this.#at = 0;
    else if (code === 0x08) this.#at = Math.max(this.#at - 1, 0);
    else if (code === 0x09) this.#put('\t');
    else if (code === 0x1b) this.#state = ESCAPE;
  }

  #newline(): void {
    this.#out.push(`${this.#line}\n`);
    this.#line = '';
    this.#at = 0;
  }

  /** False when the character ends the sequence and is not part of it. */
  #step(code: number): boolean {
    if (code === 0x1b) this.#state = ESCAPE;
    else if (code === 0x18 || code === 0x1a) this.#state = GROUND;
    else if (this.#state === OSC) {
      if (code === 0x07) this.#state = GROUND;
    } else if (this.#state !== STRING) {
      if (code > 0x7e) return code === 0x7f;
      // Control characters work in the midst of a sequence.
      if (code < 0x20) this.#control(code);
      else this.#sequence(code);
    }
    return true;
  }

  #sequence(code: number): void {
    if (this.#state === ESCAPE) this.#afterEscape(code);
    else if (this.#state === ESCAPE_INTERMEDIATE) {
      if (code >= 0x30) this.#state = GROUND;
    } else if (code >= 0x40) {
      this.#state = GROUND;
      this.#csi(String.fromCharCode(code));
    } else if (this.#parameters.length < MAX_PARAMETERS_LENGTH) {
      this.#parameters += String.fromCharCode(code);
    }
  }

  #afterEscape(code: number): void {
    const character = String.fromCharCode(code);
    if (character === '[') {
      this.#parameters = '';
      this.#state = CSI;
    } else if (character === ']') this.#state = OSC;
    else if ('PX^_k'.includes(character)) this.#state = STRING;
    else this.#state = code < 0x30 ? ESCAPE_INTERMEDIATE : GROUND;
  }

  #csi(final: string): void {
    if (!/^[\d;]*$/u.test(this.#parameters)) return;
    const first = Number.parseInt(this.#parameters, 10) || 0;
    const count = Math.max(first, 1);
    switch (final) {
      case 'K':
        this.#erase(first);
        break;
      case 'C':
        this.#moveTo(this.#at + count);
        break;
      case 'D':
        this.#moveTo(this.#at - count);
        break;
      case 'G':
        this.#moveTo(count - 1);
        break;
      case 'P':
        this.#line = this.#line.slice(0, this.#at) + this.#line.slice(this.#at + count);
        break;
      case '@':
        this.#insert(count);
        break;
      case 'H':
      case 'f':
      case 'd':
        if (this.#line !== '') this.#newline();
        break;
      default:
        break;
    }
  }

  #erase(what: number): void {
    if (what === 0) this.#line = this.#line.slice(0, this.#at);
    else if (what === 1) this.#line = ' '.repeat(this.#at) + this.#line.slice(this.#at);
    else if (what === 2) this.#line = ' '.repeat(this.#at);
  }

  /** Over the end of the line lies blank space. */
  #moveTo(at: number): void {
    this.#at = Math.min(Math.max(at, 0), MAX_LINE_LENGTH);
    this.#line = this.#line.padEnd(this.#at);
  }

  #insert(count: number): void {
    const room = Math.min(count, MAX_LINE_LENGTH - this.#line.length);
    const blank = ' '.repeat(Math.max(room, 0));
    this.#line = this.#line.slice(0, this.#at) + blank + this.#line.slice(this.#at);
  }
}
