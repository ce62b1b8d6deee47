import { EMPTY_BYTES } from '../base/bytes.ts';
import { isAnsweredCsi, withoutOscQueries } from './answered-queries.ts';
import { CsiSequence } from './csi-sequence.ts';

const ENQ = 0x05;
const BEL = 0x07;
const LF = 0x0a;
const CR = 0x0d;
const CAN = 0x18;
const SUB = 0x1a;
const ESC = 0x1b;
const BACKSLASH = 0x5c;
const SEMICOLON = 0x3b;
/** U+0080 .. U+009F, which terminals take for ESC and a byte, begin with it. */
const C2 = 0xc2;
const ST = [ESC, BACKSLASH];
/** A sequence that is longer is no question, and is passed on. */
const MAX_QUERY_BYTES = 4096;

const GROUND = 0;
const ESCAPE = 1;
const ESCAPE_INTERMEDIATE = 2;
const CSI = 3;
const OSC = 4;
const DCS = 5;
const APC = 6;
/** A string that is passed on as it comes. */
const STRING = 7;
/** A string that is a question. */
const DROPPED = 8;
/** tmux -CC: a protocol between programs, in which nothing is a question to the terminal. */
const CONTROL = 9;
const CONTROL_ESCAPE = 10;

/**
 * Takes out of a terminal's output what a terminal would answer, for output that is shown a second time.
 * All else passes byte for byte, however it was cut; control characters in the midst of a sequence that
 * is taken out stay, because terminals obey them.
 *
 * Between any two calls: every byte pushed was passed on, was taken out, or is held as the beginning of
 * what may be a question (`MAX_QUERY_BYTES` at most).
 */
export class QueryFilter {
  readonly #sequence = new CsiSequence();
  readonly #held = Buffer.alloc(MAX_QUERY_BYTES);
  #heldLength = 0;
  /** How many bytes of `#held` introduce the string. */
  #introducerLength = 0;
  #state = GROUND;
  #isAfterC2 = false;
  /** BEL ends the string that is passed on. */
  #endsAtBel = false;
  /** The string that just ended was taken out: so is its terminator. */
  #dropsTerminator = false;
  #isAtLineStart = false;
  #out: Buffer = Buffer.alloc(0);
  #outLength = 0;

  /** What is passed on now; `bytes` itself where nothing in it is of interest. */
  push(bytes: Uint8Array): Uint8Array {
    let buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (this.#isAfterC2) buffer = Buffer.concat([Buffer.of(C2), buffer]);
    else if (this.#state === GROUND && specialAt(buffer, 0) === buffer.length) return bytes;
    this.#isAfterC2 = false;
    this.#out = Buffer.allocUnsafe(this.#heldLength + buffer.length);
    this.#outLength = 0;
    for (let at = 0; at < buffer.length; ) at = this.#step(buffer, at);
    return this.#takeOut();
  }

  /** What is held, at the end of the output or of the filtering. */
  flush(): Uint8Array {
    this.#pass();
    if (this.#isAfterC2) this.#write(C2);
    this.#isAfterC2 = false;
    this.#state = GROUND;
    return this.#takeOut();
  }

  #takeOut(): Uint8Array {
    const out = this.#out.subarray(0, this.#outLength);
    this.#out = Buffer.alloc(0);
    this.#outLength = 0;
    return out.length === 0 ? EMPTY_BYTES : out;
  }

  /** Where the next step begins. */
  #step(buffer: Buffer, at: number): number {
    const byte = buffer[at] as number;
    if (this.#state === CONTROL) return this.#control(buffer, at);
    if (this.#state === CONTROL_ESCAPE) {
      this.#write(byte);
      this.#state = byte === BACKSLASH ? GROUND : CONTROL;
      return at + 1;
    }
    if (byte === C2) return this.#c2(buffer, at);
    if (this.#state === GROUND) return this.#text(buffer, at);
    if (this.#state === STRING) return this.#string(buffer, at);
    if (byte === ESC) this.#escape([ESC]);
    else if (byte === CAN || byte === SUB) this.#cancel(byte);
    else return this.#inSequence(byte) ? at + 1 : at;
    return at + 1;
  }

  #text(buffer: Buffer, from: number): number {
    const end = specialAt(buffer, from);
    this.#copy(buffer, from, end);
    if (end === buffer.length || buffer[end] === C2) return end;
    // What is left is ENQ, a question of one byte.
    if (buffer[end] === ESC) this.#escape([ESC]);
    return end + 1;
  }

  #string(buffer: Buffer, from: number): number {
    let end = from;
    while (end < buffer.length && !this.#endsString(buffer[end] as number)) end += 1;
    this.#copy(buffer, from, end);
    const byte = buffer[end];
    if (byte === undefined || byte === C2) return end;
    if (byte === ESC) this.#escape([ESC]);
    else {
      this.#write(byte);
      this.#state = GROUND;
    }
    return end + 1;
  }

  #endsString(byte: number): boolean {
    if (byte === BEL) return this.#endsAtBel;
    return byte === ESC || byte === CAN || byte === SUB || byte === C2;
  }

  /** The protocol's end stands where a line would begin: see VtParser. */
  #control(buffer: Buffer, from: number): number {
    const found = buffer.indexOf(ESC, from);
    const end = found < 0 ? buffer.length : found;
    this.#copy(buffer, from, end);
    if (end > from) this.#isAtLineStart = buffer[end - 1] === LF || buffer[end - 1] === CR;
    if (found < 0) return end;
    this.#write(ESC);
    if (this.#isAtLineStart) this.#state = CONTROL_ESCAPE;
    this.#isAtLineStart = false;
    return found + 1;
  }

  #c2(buffer: Buffer, at: number): number {
    const next = buffer[at + 1];
    if (next === undefined) {
      this.#isAfterC2 = true;
      return at + 1;
    }
    if (next >= 0x80 && next < 0xa0) {
      this.#escape([C2, next]);
      this.#afterEscape(next - 0x40);
      return at + 2;
    }
    if (this.#state === GROUND || this.#state === STRING) this.#write(C2);
    else if (!this.#inSequence(C2)) return at;
    return at + 1;
  }

  /** What ends every string and sequence, and begins another. */
  #escape(introducer: readonly number[]): void {
    const isQuery = this.#state === APC && this.#isGraphicsQuery;
    this.#dropsTerminator = isQuery || this.#state === DROPPED;
    if (this.#state === OSC) this.#endOsc(undefined);
    else if (isQuery) this.#drop();
    else this.#pass();
    for (const byte of introducer) this.#hold(byte);
    this.#introducerLength = introducer.length;
    this.#state = ESCAPE;
  }

  #cancel(byte: number): void {
    this.#pass();
    this.#write(byte);
    this.#state = GROUND;
  }

  /** False when `byte` ends the sequence and is not part of it. */
  #inSequence(byte: number): boolean {
    if (this.#state === DROPPED) return true;
    const isOutside = byte < 0x20 || byte > 0x7e;
    const isString = this.#state === OSC || this.#state === APC;
    if (isOutside && byte > 0x7f && !isString) {
      this.#pass();
      this.#state = GROUND;
      return false;
    }
    if (this.#state === OSC && byte === BEL) this.#endOsc(BEL);
    else if (this.#state === ESCAPE && !isOutside) this.#heldEscape(byte);
    else if (byte !== ENQ || isString) this.#add(byte, isOutside);
    return true;
  }

  #heldEscape(byte: number): void {
    this.#hold(byte);
    this.#introducerLength = this.#heldLength;
    this.#afterEscape(byte);
  }

  #add(byte: number, isOutside: boolean): void {
    this.#hold(byte);
    if (this.#heldLength === MAX_QUERY_BYTES) this.#giveUp();
    else if (this.#state === APC) this.#apc(byte);
    else if (isOutside) return;
    else if (this.#state === CSI) {
      if (this.#sequence.add(byte)) this.#endHeld(isAnsweredCsi(this.#sequence));
    } else if (this.#state === DCS) {
      if (this.#sequence.add(byte)) this.#dcs();
    } else if (this.#state === ESCAPE_INTERMEDIATE && byte >= 0x30) this.#endHeld(false);
  }

  /** `byte` is the one behind ESC, which is held already. */
  #afterEscape(byte: number): void {
    this.#sequence.reset();
    switch (String.fromCharCode(byte)) {
      case '[':
        this.#state = CSI;
        break;
      case ']':
        this.#state = OSC;
        break;
      case 'P':
        this.#state = DCS;
        break;
      case '_':
        this.#state = APC;
        break;
      case 'X':
      case '^':
      case 'k':
        this.#passString(false);
        break;
      case '\\':
        this.#endHeld(this.#dropsTerminator);
        break;
      // DECID, the oldest of questions.
      case 'Z':
        this.#endHeld(true);
        break;
      default:
        if (byte < 0x30) this.#state = ESCAPE_INTERMEDIATE;
        else this.#endHeld(false);
        break;
    }
  }

  #endHeld(isQuery: boolean): void {
    if (isQuery) this.#drop();
    else this.#pass();
    this.#state = GROUND;
  }

  #dcs(): void {
    const { intermediate } = this.#sequence;
    // DECRQSS and XTGETTCAP.
    const isQuery = intermediate !== 0 && this.#sequence.is(0, intermediate, 'q');
    const isControl = this.#sequence.is(0, 0, 'p') && this.#sequence.value(0, 0) === 1000;
    if (isQuery && (intermediate === 0x24 || intermediate === 0x2b)) {
      this.#heldLength = 0;
      this.#state = DROPPED;
      return;
    }
    this.#passString(false);
    if (!isControl) return;
    this.#state = CONTROL;
    this.#isAtLineStart = true;
  }

  /** kitty's graphics ask by `a=q` in front of the first semicolon. */
  #apc(byte: number): void {
    const isGraphics = this.#held[this.#introducerLength] === 0x47;
    if (!isGraphics) this.#passString(false);
    else if (byte === SEMICOLON && this.#isGraphicsQuery) {
      this.#heldLength = 0;
      this.#state = DROPPED;
    } else if (byte === SEMICOLON) this.#passString(false);
  }

  get #isGraphicsQuery(): boolean {
    return /^G(?:.*,)?a=q(?:[,;]|$)/u.test(this.#payload);
  }

  get #payload(): string {
    return this.#held.toString('latin1', this.#introducerLength, this.#heldLength);
  }

  /** `terminator`: BEL; `undefined` where ESC has come, of which the terminator may be made. */
  #endOsc(terminator: number | undefined): void {
    // Terminals overlook control characters in a string.
    const payload = this.#payload.replaceAll(/\p{Cc}/gu, (each) => (each < ' ' ? '' : each));
    const kept = withoutOscQueries(payload);
    this.#state = GROUND;
    if (kept.length === 1 && kept[0] === payload) {
      this.#pass();
      if (terminator !== undefined) this.#write(terminator);
      return;
    }
    const introducer = [...this.#held.subarray(0, this.#introducerLength)];
    this.#heldLength = 0;
    for (const each of kept) {
      const end = terminator === undefined ? ST : [terminator];
      for (const byte of [...introducer, ...Buffer.from(each, 'latin1'), ...end]) this.#write(byte);
    }
    this.#dropsTerminator = terminator === undefined;
  }

  /** Too long for a question. */
  #giveUp(): void {
    if (this.#state === CSI || this.#state === ESCAPE_INTERMEDIATE) this.#endHeld(false);
    else this.#passString(this.#state === OSC);
  }

  #passString(endsAtBel: boolean): void {
    this.#pass();
    this.#endsAtBel = endsAtBel;
    this.#state = STRING;
  }

  /** Takes the held sequence out, but for the control characters in it. */
  #drop(): void {
    for (let at = 0; at < this.#heldLength; at += 1) {
      const byte = this.#held[at] as number;
      if (byte < 0x20 && byte !== ESC) this.#write(byte);
    }
    this.#heldLength = 0;
  }

  #pass(): void {
    for (let at = 0; at < this.#heldLength; at += 1) this.#write(this.#held[at] as number);
    this.#heldLength = 0;
  }

  #hold(byte: number): void {
    this.#held[this.#heldLength] = byte;
    this.#heldLength += 1;
  }

  #write(byte: number): void {
    if (this.#outLength === this.#out.length) {
      this.#out = Buffer.concat([this.#out], this.#out.length * 2 + 64);
    }
    this.#out[this.#outLength] = byte;
    this.#outLength += 1;
  }

  #copy(buffer: Buffer, from: number, end: number): void {
    if (end - from > this.#out.length - this.#outLength) {
      this.#out = Buffer.concat([this.#out], this.#outLength + end - from + 64);
    }
    buffer.copy(this.#out, this.#outLength, from, end);
    this.#outLength += end - from;
  }
}

/** Where the next ESC, ENQ or 0xC2 stands; the length where there is none. */
function specialAt(buffer: Buffer, from: number): number {
  let end = indexOrEnd(buffer, ESC, from, buffer.length);
  end = indexOrEnd(buffer, ENQ, from, end);
  return indexOrEnd(buffer, C2, from, end);
}

/** Runs of text are short: searching the whole rest for what is rare, for each of them, would be quadratic. */
function indexOrEnd(buffer: Buffer, byte: number, from: number, end: number): number {
  if (end - from < 64) {
    for (let at = from; at < end; at += 1) if (buffer[at] === byte) return at;
    return end;
  }
  const found = buffer.subarray(from, end).indexOf(byte);
  return found < 0 ? end : from + found;
}
