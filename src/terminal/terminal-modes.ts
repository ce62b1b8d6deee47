import type { CsiSequence } from './csi-sequence.ts';
import { KeyboardModes } from './keyboard-modes.ts';
import { PrivateModes } from './private-modes.ts';
import { renditionAfter } from './rendition.ts';
import type { VtHandler } from './vt-parser.ts';

const QUESTION = 0x3f;
const SPACE = 0x20;
const BANG = 0x21;
/** Terminals keep about this many titles. */
const MAX_TITLES = 10;

/** What the cursor carries along, and what saving it saves. */
interface Pen {
  rendition: number;
  /** The character sets G0 .. G3, by their final bytes. */
  charsets: string;
  isShifted: boolean;
}

const PLAIN: Readonly<Pen> = { rendition: 0, charsets: 'BBBB', isShifted: false };
const CHARSET_INTERMEDIATES = '()*+';

/**
 * Every state of a terminal that output has changed and that an exit has to undo.
 * Sequences that only draw are ignored.
 */
export class TerminalModes implements VtHandler {
  readonly #private = new PrivateModes();
  readonly #keyboard = new KeyboardModes();
  #pen: Pen = { ...PLAIN };
  readonly #saved: { main: Pen; alternate: Pen } = { main: { ...PLAIN }, alternate: { ...PLAIN } };
  #isKeypad = false;
  #isInserting = false;
  #isNewline = false;
  #hasMargins = false;
  #cursorStyle = 0;
  #isLinked = false;
  #hasPointer = false;
  #hasProgress = false;
  #hasTitle = false;
  /** For each title that was pushed and not popped: whether it was changed before. */
  readonly #titles: boolean[] = [];

  shift(byte: number): void {
    this.#pen.isShifted = byte === 0x0e;
  }

  escape(intermediate: number, final: number): void {
    const name = String.fromCharCode(final);
    const set =
      intermediate > 0 ? CHARSET_INTERMEDIATES.indexOf(String.fromCharCode(intermediate)) : -1;
    if (set >= 0) {
      const { charsets } = this.#pen;
      this.#pen.charsets = charsets.slice(0, set) + name + charsets.slice(set + 1);
    }
    if (intermediate !== 0) return;
    if (name === '=') this.#isKeypad = true;
    else if (name === '>') this.#isKeypad = false;
    else if (name === '7') this.#save();
    else if (name === '8') this.#restore();
    else if (name === 'c') this.#reset();
  }

  csi(sequence: CsiSequence): void {
    if (!sequence.isMeaningful) return;
    if (sequence.is(0, 0, 'm')) {
      this.#pen.rendition = renditionAfter(this.#pen.rendition, sequence);
    } else if (sequence.prefix === QUESTION) this.#setPrivate(sequence);
    else if (sequence.prefix !== 0) this.#keyboard.apply(sequence, this.#private.isAlternate);
    else if (sequence.intermediate === 0) this.#plain(sequence);
    else if (sequence.is(0, SPACE, 'q')) this.#cursorStyle = sequence.value(0, 0);
    else if (sequence.is(0, BANG, 'p')) this.#softReset();
  }

  osc(payload: string, isCut: boolean): void {
    const end = payload.indexOf(';');
    const command = end < 0 ? payload : payload.slice(0, end);
    const rest = end < 0 ? '' : payload.slice(end + 1);
    if (command === '0' || command === '1' || command === '2') this.#hasTitle = true;
    else if (command === '8') this.#isLinked = isCut || rest.indexOf(';') < rest.length - 1;
    else if (command === '22' && !rest.startsWith('?')) {
      this.#hasPointer = rest !== '' && rest !== 'default';
    } else if (command === '9' && rest.startsWith('4;')) {
      this.#hasProgress = !/^4;0?(?:;|$)/u.test(rest);
    }
  }

  /** Exactly what undoes what is on; empty when nothing is. The order keeps the cursor where it is. */
  undo(): string {
    const isAlternate = this.#private.isAlternate;
    return [
      this.#private.endSynchronized(),
      isAlternate ? this.#keyboard.undoAlternate() : '',
      this.#private.leaveAlternate(),
      this.#private.undo(),
      // Setting margins moves the cursor; saving it has to come after the alternate screen is left.
      this.#hasMargins ? '\x1b7\x1b[r\x1b8' : '',
      this.#keyboard.undo(),
      this.#isKeypad ? '\x1b>' : '',
      this.#isInserting ? '\x1b[4l' : '',
      this.#isNewline ? '\x1b[20l' : '',
      this.#undoPen(),
      this.#isLinked ? '\x1b]8;;\x1b\\' : '',
      this.#cursorStyle === 0 ? '' : '\x1b[0 q',
      this.#hasPointer ? '\x1b]22;default\x1b\\' : '',
      this.#hasProgress ? '\x1b]9;4;0\x1b\\' : '',
      '\x1b[23;0t'.repeat(this.#titlesToPop()),
    ].join('');
  }

  /** What sets again the modes that `undo` undid; what only drawing has left behind is for a redraw. */
  redo(): string {
    const isAlternate = this.#private.isAlternate;
    return [
      this.#keyboard.redo(),
      this.#private.enterAlternate(),
      isAlternate ? this.#keyboard.redoAlternate() : '',
      this.#private.redo(),
      this.#isKeypad ? '\x1b=' : '',
      this.#isInserting ? '\x1b[4h' : '',
      this.#isNewline ? '\x1b[20h' : '',
      this.#cursorStyle === 0 ? '' : `\x1b[${this.#cursorStyle} q`,
    ].join('');
  }

  #undoPen(): string {
    const pen = this.#private.restoresPen ? this.#saved.main : this.#pen;
    const { rendition, charsets, isShifted } = pen;
    const sets = CHARSET_INTERMEDIATES.split('').filter((_, index) => charsets[index] !== 'B');
    const plain = rendition === 0 ? '' : '\x1b[m';
    return `${isShifted ? '\x0f' : ''}${sets.map((set) => `\x1b${set}B`).join('')}${plain}`;
  }

  /** The title at the beginning is on the terminal's own stack: SAVE_TITLE of title-notice.ts put it there. */
  #titlesToPop(): number {
    const wasChanged = this.#titles[0] ?? this.#hasTitle;
    return this.#titles.length + (wasChanged ? 1 : 0);
  }

  #setPrivate(sequence: CsiSequence): void {
    const isOn = sequence.is(QUESTION, 0, 'h');
    if (!isOn && !sequence.is(QUESTION, 0, 'l')) return;
    for (let index = 0; index < sequence.count; index += 1) {
      const mode = sequence.value(index, 0);
      if ((mode === 1048 || mode === 1049) && isOn) this.#save();
      this.#private.set(mode, isOn);
      if ((mode === 1048 || mode === 1049) && !isOn) this.#restore();
      if (mode === 69 && !isOn) this.#hasMargins = false;
    }
  }

  #plain(sequence: CsiSequence): void {
    switch (String.fromCharCode(sequence.final)) {
      case 'h':
      case 'l':
        this.#setAnsi(sequence, sequence.is(0, 0, 'h'));
        break;
      case 'r':
        this.#hasMargins = sequence.value(0, 1) > 1 || sequence.value(1, 0) > 0;
        break;
      case 's':
        // With numbers it is left and right margins.
        if (sequence.count === 0) this.#save();
        else this.#hasMargins = true;
        break;
      case 'u':
        this.#restore();
        break;
      case 't':
        this.#title(sequence);
        break;
      default:
        break;
    }
  }

  #setAnsi(sequence: CsiSequence, isOn: boolean): void {
    for (let index = 0; index < sequence.count; index += 1) {
      const mode = sequence.value(index, 0);
      if (mode === 4) this.#isInserting = isOn;
      else if (mode === 20) this.#isNewline = isOn;
    }
  }

  #title(sequence: CsiSequence): void {
    const operation = sequence.value(0, 0);
    if (operation === 22 && this.#titles.length < MAX_TITLES) this.#titles.push(this.#hasTitle);
    else if (operation === 23) this.#hasTitle = this.#titles.pop() ?? this.#hasTitle;
  }

  #save(): void {
    this.#saved[this.#private.isAlternate ? 'alternate' : 'main'] = { ...this.#pen };
  }

  #restore(): void {
    this.#pen = { ...this.#saved[this.#private.isAlternate ? 'alternate' : 'main'] };
  }

  #softReset(): void {
    this.#private.reset([1, 6, 7, 25, 66, 69]);
    this.#pen = { ...PLAIN };
    this.#isKeypad = false;
    this.#isInserting = false;
    this.#hasMargins = false;
  }

  #reset(): void {
    this.#softReset();
    this.#private.reset();
    this.#keyboard.reset();
    this.#saved.main = { ...PLAIN };
    this.#saved.alternate = { ...PLAIN };
    this.#isNewline = false;
    this.#cursorStyle = 0;
    this.#isLinked = false;
    this.#hasPointer = false;
  }
}
