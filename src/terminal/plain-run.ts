import { copyOf, EMPTY_BYTES, utf8 } from '../base/bytes.ts';
import { behindCsi, CSI_CUT } from './csi-scan.ts';

/** Renditions that are not undone may be so many different ones. */
const MAX_RENDITIONS = 256;
const MAX_SEQUENCE_BYTES = 64;

const ESC = 0x1b;
const CR = 0x0d;
const LF = 0x0a;

const LETTER_M = 0x6d;
/** Sequences that stay on their line: SGR, EL, CUF, CUB, CHA, ECH, DCH, ICH. */
const LINE_SEQUENCES: Uint8Array = new Uint8Array(256);
for (const final of 'mKCDGXP@') LINE_SEQUENCES[final.charCodeAt(0)] = 1;

/** What a byte is to a run, in `KINDS`. */
const TEXT = 0;
const LINE_FEED = 1;
const ESCAPE = 2;
/** In UTF-8 the first byte of U+0080 .. U+009F, which are control characters, and of U+00A0 .. U+00BF. */
const LATIN = 3;
const OTHER = 4;

const KINDS: Uint8Array = new Uint8Array(256).fill(TEXT).fill(OTHER, 0, 0x20);
// BEL, BS, TAB and CR stay on their line.
for (const byte of [0x07, 0x08, 0x09, CR]) KINDS[byte] = TEXT;
KINDS[LF] = LINE_FEED;
KINDS[ESC] = ESCAPE;
KINDS[0x7f] = OTHER;
KINDS[0xc2] = LATIN;

/** A terminal that goes on at `offset` with these renditions is, at the end of the run, as if it had been given all of it. */
export interface Shortcut {
  readonly offset: number;
  readonly renditions: Uint8Array;
}

interface Place {
  readonly offset: number;
  readonly line: number;
  readonly renditions: string;
}

/**
 * Output of nothing but lines: text, renditions (SGR), and what stays on its line. Of such output a terminal that stands at the
 * beginning of a line, and all of whose screen scrolls, keeps the last lines and the renditions; so a long run has a shortcut.
 *
 * Renditions only ever assign constants. So of equal ones the last does, and none of those before a reset.
 */
export class PlainRun {
  readonly #keptLines: number;
  /** Up to here it is one. */
  #end: number;
  #lines = 0;
  /** The last byte that belongs to it, 0 before there is one. */
  #last = 0;
  #isOver = false;
  /** What was pushed last, and may be the first bytes of something that belongs to it. */
  #cut: Uint8Array = EMPTY_BYTES;
  /** In the order of their last use. */
  readonly #renditions = new Set<string>();
  /** Behind which there are not lines enough yet. */
  readonly #places: Place[] = [];
  #shortcut: Place | undefined;

  /** It begins at `offset`; behind a shortcut there are `keptLines` more lines of it. */
  constructor(offset: number, keptLines: number) {
    this.#end = offset;
    this.#keptLines = keptLines;
  }

  /** The latest there is. */
  get shortcut(): Shortcut | undefined {
    if (this.#shortcut === undefined) return undefined;
    const { offset, renditions } = this.#shortcut;
    return { offset, renditions: utf8(renditions) };
  }

  /** Takes what follows; false once the run has ended. */
  push(piece: Uint8Array): boolean {
    if (this.#isOver) return false;
    const bytes = this.#cut.length === 0 ? bufferOf(piece) : Buffer.concat([this.#cut, piece]);
    const read = this.#read(bytes);
    this.#end += read;
    this.#cut = read === bytes.length ? EMPTY_BYTES : copyOf(bytes.subarray(read));
    this.#isOver ||=
      this.#cut.length > MAX_SEQUENCE_BYTES || this.#renditions.size > MAX_RENDITIONS;
    for (let [first] = this.#places; first !== undefined; [first] = this.#places) {
      if (this.#lines - first.line < this.#keptLines) break;
      this.#shortcut = first;
      this.#places.shift();
    }
    return !this.#isOver;
  }

  /** How many of the bytes belong to it; there is a place at most at the first line that begins among them. */
  #read(bytes: Buffer): number {
    /** The first of the renditions that have not been noted. */
    let noted = 0;
    let hasPlace = false;
    let at = 0;
    for (;;) {
      while (at < bytes.length && KINDS[bytes[at] as number] === TEXT) at += 1;
      const behind = this.#behind(bytes, at);
      if (behind === at) break;
      const byte = bytes[at];
      at = behind;
      if (byte !== LF) continue;
      this.#lines += 1;
      if (hasPlace || (at > 1 ? bytes[at - 2] : this.#last) !== CR) continue;
      hasPlace = true;
      this.#note(bytes, noted, at);
      noted = at;
      const renditions = [...this.#renditions].join('');
      this.#places.push({ offset: this.#end + at, line: this.#lines, renditions });
    }
    this.#note(bytes, noted, at);
    if (at > 0) this.#last = bytes[at - 1] as number;
    return at;
  }

  /** Behind what is at `from`, which is not mere text; `from` where it ends the run, or is not all there. */
  #behind(bytes: Buffer, from: number): number {
    if (from === bytes.length) return from;
    const kind = KINDS[bytes[from] as number];
    if (kind === LINE_FEED) return from + 1;
    if (kind === LATIN && from + 1 === bytes.length) return from;
    if (kind === LATIN && (bytes[from + 1] as number) >= 0xa0) return from + 1;
    if (kind === ESCAPE) {
      const behind = behindCsi(bytes, from);
      if (behind === CSI_CUT) return from;
      const isShort = behind - from <= MAX_SEQUENCE_BYTES;
      if (behind > from && isShort && LINE_SEQUENCES[bytes[behind - 1] as number] === 1)
        return behind;
    }
    this.#isOver = true;
    return from;
  }

  #note(bytes: Buffer, from: number, end: number): void {
    // Only what follows the last reset counts; most programs reset at the end of each line.
    const reset = Math.max(
      bytes.subarray(from, end).lastIndexOf(RESET),
      bytes.subarray(from, end).lastIndexOf(RESET_0),
    );
    if (reset >= 0) this.#renditions.clear();
    let at = bytes.indexOf(ESC, from + Math.max(reset, 0));
    while (at >= 0 && at < end) {
      const behind = behindCsi(bytes, at);
      if (bytes[behind - 1] === LETTER_M) {
        const sequence = bytes.toString('latin1', at, behind);
        this.#renditions.delete(sequence);
        this.#renditions.add(sequence);
      }
      at = bytes.indexOf(ESC, behind);
    }
  }
}

const RESET: Uint8Array = utf8('\u001b[m');
const RESET_0: Uint8Array = utf8('\u001b[0m');

/** Buffer's search is memchr; that of Uint8Array is a plain loop. */
function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
