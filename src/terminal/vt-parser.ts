import { behindCsi } from './csi-scan.ts';
import { CsiSequence } from './csi-sequence.ts';

/** What the parser finds. Text and most control characters are not told. */
export interface VtHandler {
  /** Shift out (0x0e) or shift in (0x0f). */
  shift(byte: number): void;
  /** `ESC intermediate final`; intermediate 0 when there is none. */
  escape(intermediate: number, final: number): void;
  csi(sequence: CsiSequence): void;
  /** Renditions (SGR) are not told where this is true: they are most of what programs put out beside text. */
  readonly skipsRenditions?: boolean;
  /** An operating system command: its first bytes, and whether there were more. */
  osc(payload: string, isCut: boolean): void;
}

const ESC = 0x1b;
const CAN = 0x18;
const SUB = 0x1a;
const BEL = 0x07;
const LF = 0x0a;
const CR = 0x0d;
const BACKSLASH = 0x5c;
const LETTER_M = 0x6d;
/** Enough for the commands whose names matter. */
const OSC_KEPT_BYTES = 256;

const GROUND = 0;
const ESCAPE = 1;
const ESCAPE_INTERMEDIATE = 2;
const CSI = 3;
const DCS = 4;
const OSC = 5;
/** The rest of a DCS, and SOS, PM, APC. */
const STRING = 6;
/** tmux -CC: lines of a program's output for a program. */
const CONTROL = 7;
const CONTROL_ESCAPE = 8;

/**
 * Follows a terminal's output: UTF-8 and ECMA-48, as xterm reads it in UTF-8 mode (the bytes 0x80 ..
 * 0x9f are no controls). It never fails, and its state depends on the bytes only, not on how they were cut.
 *
 *   ground --ESC--> escape --[--> csi --final--> ground
 *                     |--P--> dcs --"1000p"--> control --ESC \ at a line's start--> ground
 *                     |         `--final--> string
 *                     |--]--> osc, --X ^ _ k--> string --BEL (osc), ESC, CAN, SUB--> ground or escape
 */
export class VtParser {
  readonly #handler: VtHandler;
  readonly #oscKeptBytes: number;
  readonly #skipsRenditions: boolean;
  readonly #sequence = new CsiSequence();
  #state = GROUND;
  /** Continuation bytes that the last character still lacks. */
  #utf8Left = 0;
  #intermediate = 0;
  #osc = '';
  #oscLength = 0;
  /** In control mode: the last byte ended a line. */
  #atLineStart = false;

  /** `oscKeptBytes`: how much of an operating system command the handler is told. */
  constructor(handler: VtHandler, oscKeptBytes: number = OSC_KEPT_BYTES) {
    this.#handler = handler;
    this.#oscKeptBytes = oscKeptBytes;
    this.#skipsRenditions = handler.skipsRenditions ?? false;
  }

  /** Between sequences and characters: what is written now is seen as it is. */
  get isGround(): boolean {
    return this.#state === GROUND && this.#utf8Left === 0;
  }

  get isControlMode(): boolean {
    return this.#state === CONTROL || this.#state === CONTROL_ESCAPE;
  }

  /** Inside a string, which a cancel alone does not end on every terminal. */
  get isString(): boolean {
    return this.#state === OSC || this.#state === STRING || this.#state === DCS;
  }

  push(bytes: Uint8Array): void {
    // Buffer's search is memchr; that of Uint8Array is a plain loop.
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const hasShifts = buffer.includes(0x0e) || buffer.includes(0x0f);
    for (let at = 0; at < buffer.length; ) {
      if (this.#state === GROUND) at = this.#text(buffer, at, hasShifts);
      else if (this.#state === CSI) at = this.#csi(buffer, at);
      else if (this.#state === CONTROL) at = this.#control(buffer, at);
      // What cannot belong to a sequence ends it, and is text.
      else if (this.#step(buffer[at] as number)) at += 1;
      else this.#state = GROUND;
    }
  }

  /** Skips to behind the next ESC that is followed, and says where that is. */
  #text(buffer: Buffer, from: number, hasShifts: boolean): number {
    let textFrom = from;
    let found = nextEscape(buffer, from);
    while (found >= 0 && this.#skipsRenditions) {
      const behind = behindCsi(buffer, found);
      if (behind <= found || buffer[behind - 1] !== LETTER_M) break;
      this.#utf8Left = 0;
      textFrom = behind;
      found = nextEscape(buffer, behind);
    }
    if (hasShifts) this.#shifts(buffer, from, found < 0 ? buffer.length : found);
    if (found >= 0) {
      this.#utf8Left = 0;
      this.#state = ESCAPE;
      return found + 1;
    }
    this.#utf8Left = utf8LeftAfter(buffer, textFrom, this.#utf8Left);
    return buffer.length;
  }

  #shifts(buffer: Buffer, from: number, end: number): void {
    for (let at = from; at < end; at += 1) {
      const byte = buffer[at];
      if (byte === 0x0e || byte === 0x0f) this.#handler.shift(byte);
    }
  }

  /**
   * What panes show may hold string terminators of its own (tmux prints captured panes raw). The one
   * that ends the mode stands where a line of the protocol would begin.
   */
  #control(buffer: Buffer, from: number): number {
    const found = buffer.indexOf(ESC, from);
    const end = found < 0 ? buffer.length : found;
    if (end > from) this.#atLineStart = buffer[end - 1] === LF || buffer[end - 1] === CR;
    if (found < 0) return end;
    if (this.#atLineStart) this.#state = CONTROL_ESCAPE;
    this.#atLineStart = false;
    return found + 1;
  }

  /** The most frequent state by far, in a loop of its own. */
  #csi(buffer: Buffer, from: number): number {
    for (let at = from; at < buffer.length; at += 1) {
      const byte = buffer[at] as number;
      if (byte < 0x20 || byte > 0x7e) {
        if (!this.#step(byte)) {
          this.#state = GROUND;
          return at;
        }
        if (this.#state !== CSI) return at + 1;
      } else if (this.#sequence.add(byte)) {
        this.#state = GROUND;
        this.#handler.csi(this.#sequence);
        return at + 1;
      }
    }
    return buffer.length;
  }

  /** False when `byte` ends the sequence and is not part of it. */
  #step(byte: number): boolean {
    if (this.#state === CONTROL_ESCAPE) {
      this.#state = byte === BACKSLASH ? GROUND : CONTROL;
      return true;
    }
    if (byte === ESC) {
      if (this.#state === OSC) this.#endOsc();
      this.#state = ESCAPE;
      return true;
    }
    if (byte === CAN || byte === SUB) {
      this.#state = GROUND;
      return true;
    }
    switch (this.#state) {
      case ESCAPE:
        return this.#afterEscape(byte);
      case ESCAPE_INTERMEDIATE:
        return this.#afterIntermediate(byte);
      case CSI:
        return this.#outside(byte);
      case DCS:
        return this.#dcs(byte);
      case OSC:
        this.#oscByte(byte);
        return true;
      default:
        return true;
    }
  }

  #afterEscape(byte: number): boolean {
    if (byte < 0x20 || byte > 0x7e) return this.#outside(byte);
    if (byte < 0x30) {
      this.#intermediate = byte;
      this.#state = ESCAPE_INTERMEDIATE;
      return true;
    }
    this.#state = INTRODUCED[byte] as number;
    if (this.#state === GROUND) this.#handler.escape(0, byte);
    else if (this.#state !== OSC) this.#sequence.reset();
    else {
      this.#osc = '';
      this.#oscLength = 0;
    }
    return true;
  }

  #afterIntermediate(byte: number): boolean {
    if (byte < 0x20 || byte > 0x7e) return this.#outside(byte);
    // More than one intermediate: nothing that is followed here.
    if (byte < 0x30) this.#intermediate = -1;
    else {
      this.#state = GROUND;
      this.#handler.escape(this.#intermediate, byte);
    }
    return true;
  }

  /** Control characters work in the midst of a sequence; others are not part of one. */
  #outside(byte: number): boolean {
    return byte < 0x20 || byte === 0x7f;
  }

  #dcs(byte: number): boolean {
    if (byte < 0x20 || byte > 0x7e) return this.#outside(byte);
    if (!this.#sequence.add(byte)) return true;
    const isControlMode = this.#sequence.is(0, 0, 'p') && this.#sequence.value(0, 0) === 1000;
    this.#state = isControlMode ? CONTROL : STRING;
    this.#atLineStart = true;
    return true;
  }

  #oscByte(byte: number): void {
    if (byte === BEL) {
      this.#state = GROUND;
      this.#endOsc();
      return;
    }
    if (this.#oscLength < this.#oscKeptBytes) this.#osc += String.fromCharCode(byte);
    this.#oscLength += 1;
  }

  #endOsc(): void {
    this.#handler.osc(this.#osc, this.#oscLength > this.#oscKeptBytes);
  }
}

/** What a byte after ESC begins, where it is not a sequence by itself. `k` is screen's title. */
const INTRODUCED: Uint8Array = new Uint8Array(128);
INTRODUCED[0x5b] = CSI;
INTRODUCED[0x5d] = OSC;
INTRODUCED[0x50] = DCS;
for (const byte of [0x58, 0x5e, 0x5f, 0x6b]) INTRODUCED[byte] = STRING;

/** Runs of text between sequences are short, and a call out of JavaScript costs as much as a dozen bytes. */
const NEAR_BYTES = 24;

function nextEscape(buffer: Buffer, from: number): number {
  const near = Math.min(from + NEAR_BYTES, buffer.length);
  for (let at = from; at < near; at += 1) if (buffer[at] === ESC) return at;
  return near === buffer.length ? -1 : buffer.indexOf(ESC, near);
}

/** How many continuation bytes a character that begins with `byte` needs. */
function continuationsOf(byte: number): number {
  if (byte < 0xc2 || byte > 0xf4) return 0;
  if (byte < 0xe0) return 1;
  return byte < 0xf0 ? 2 : 3;
}

/** Looks at the last bytes only: a character has at most three continuations. */
function utf8LeftAfter(buffer: Buffer, from: number, leftBefore: number): number {
  let continuations = 0;
  for (let at = buffer.length - 1; at >= from && continuations < 3; at -= 1) {
    const byte = buffer[at] as number;
    if ((byte & 0xc0) !== 0x80) return Math.max(continuationsOf(byte) - continuations, 0);
    continuations += 1;
  }
  return buffer.length - from > continuations ? 0 : Math.max(leftBefore - continuations, 0);
}
