import { BoundedString } from './bounded-string.ts';
import { CsiSequence } from './csi-sequence.ts';
import { KeyboardModes } from './keyboard-modes.ts';
import { EXTENDED_BIT, PLAIN, type Rendition, UNDERLINE_BIT } from './rendition-text.ts';
import { ScreenCells } from './screen-cells.ts';
import { ScreenCharsets } from './screen-charsets.ts';
import type {
  EmulatedTerminal,
  InnerBuffer,
  InputHandler,
  TerminalCore,
} from './screen-library.ts';
import { ScreenLinks } from './screen-links.ts';
import {
  correctOperations,
  counted,
  numbersOf,
  type SequenceParameters,
} from './screen-operations.ts';
import { ScreenPalette } from './screen-palette.ts';

const MAX_TITLE_LENGTH = 1024;
const MAX_OSC_LENGTH = 4096;
/** Underline style and colour, of what lies beside the attributes. */
const EXTENDED_MASK = 0x1f_ff_ff_ff;
const COLOR_MASK = 0x03_ff_ff_ff;

/** Private modes that the library knows nothing of. Mouse encodings stand in the order in which they were set. */
const TRACKED: ReadonlySet<number> = new Set([5, 1005, 1006, 1007, 1015, 1016, 2031, 2048]);
/** Set or not, according to the terminal. */
const UNKNOWN_DEFAULT = 1007;

/** What DECSC keeps, of each screen its own. `x` is the number of columns where a wrap is pending; both are of the screen. */
export interface SavedCursor {
  readonly x: number;
  readonly y: number;
  readonly rendition: Rendition;
  readonly designations: readonly string[];
  /** The library's tables for them. */
  readonly tables: readonly unknown[];
  readonly level: number;
  readonly isOrigin: boolean;
}

type ScreenName = 'normal' | 'alternate';

/**
 * The part of a terminal's state that the library does not keep, or keeps otherwise than terminals do
 * (xterm is the measure). It listens to the library's parser, so that both see the same sequences.
 */
export class ScreenState {
  readonly keyboard: KeyboardModes = new KeyboardModes();
  readonly palette: ScreenPalette = new ScreenPalette();
  readonly links: ScreenLinks;
  readonly charsets: ScreenCharsets;
  /** Tracked private modes that are not as they are by default. */
  readonly modes: Map<number, boolean> = new Map();
  readonly #terminal: EmulatedTerminal;
  readonly #core: TerminalCore | undefined;
  #saved: Partial<Record<ScreenName, SavedCursor>> = {};

  constructor(terminal: EmulatedTerminal, core: TerminalCore | undefined) {
    this.#terminal = terminal;
    this.#core = core;
    this.charsets = new ScreenCharsets(terminal);
    this.links = new ScreenLinks(() => this.#linksInUse());
    this.#listen();
    if (core === undefined) return;
    this.#listenWith(core);
    this.#boundStrings(core._inputHandler);
    correctOperations(terminal, core);
  }

  saved(screen: ScreenName): SavedCursor | undefined {
    return this.#saved[screen];
  }

  get isAlternate(): boolean {
    return this.#terminal.buffer.active.type === 'alternate';
  }

  /** Rendition and link of what is written next. */
  get rendition(): Rendition {
    const attributes = this.#core?._inputHandler._curAttrData;
    if (attributes === undefined) return PLAIN;
    const { fg, bg, extended } = attributes;
    const isUnderlined = (fg & UNDERLINE_BIT) !== 0;
    return {
      fg,
      bg: bg & ~EXTENDED_BIT,
      extended: extended._ext & (isUnderlined ? EXTENDED_MASK : COLOR_MASK),
      link: extended._urlId,
    };
  }

  resize(columns: number, rows: number): void {
    const core = this.#core;
    // The library takes its saved cursors along when lines are broken anew.
    if (core !== undefined) this.#toLibrary(core);
    this.#terminal.resize(columns, rows);
    if (core === undefined) return;
    this.#fromLibrary(core, columns, rows);
    fillUp(core, rows);
  }

  #listen(): void {
    const { parser } = this.#terminal;
    for (const [prefix, finals] of [
      ['>', 'umn'],
      ['<', 'u'],
      ['=', 'u'],
    ] as const) {
      for (const final of finals) {
        parser.registerCsiHandler({ prefix, final }, (parameters) => {
          this.keyboard.apply(sequenceOf(prefix, parameters, final), this.isAlternate);
          return true;
        });
      }
    }
    parser.registerEscHandler({ final: 'c' }, () => {
      this.#reset();
      return false;
    });
  }

  #listenWith(core: TerminalCore): void {
    const { parser } = this.#terminal;
    for (const final of 'hl') {
      parser.registerCsiHandler({ prefix: '?', final }, (parameters) => {
        for (const mode of numbersOf(parameters)) this.#setMode(core, mode, final === 'h');
        return true;
      });
    }
    parser.registerEscHandler({ final: '7' }, () => this.#save(core));
    parser.registerEscHandler({ final: '8' }, () => this.#restore(core));
    parser.registerCsiHandler({ final: 's' }, () => this.#save(core));
    parser.registerCsiHandler({ final: 'u' }, () => this.#restore(core));
    parser.registerCsiHandler({ intermediates: '!', final: 'p' }, () => this.#softReset(core));
    // A request for status keeps all of it that is sent, and its answer is of no use.
    core._inputHandler._parser.clearDcsHandler({ intermediates: '$', final: 'q' });
  }

  /** Operating system commands, none of which is kept at a greater length than this. */
  #boundStrings(input: InputHandler): void {
    const on = (
      command: number,
      handle: (payload: string, isCut: boolean) => void,
      maxLength = MAX_OSC_LENGTH,
    ): void => {
      input._parser.clearOscHandler(command);
      input._parser.registerOscHandler(command, new BoundedString(maxLength, handle));
    };
    const setTitle = (title: string): boolean => input.setTitle(title);
    const setIcon = (name: string): boolean => input.setIconName(name);
    on(0, (text) => setTitle(text) && setIcon(text), MAX_TITLE_LENGTH);
    on(1, setIcon, MAX_TITLE_LENGTH);
    on(2, setTitle, MAX_TITLE_LENGTH);
    on(8, (link, isCut) => this.#openLink(input, isCut ? '' : link));
    const colors = [4, 104, ...Array.from({ length: 10 }, (_, index) => 10 + index)];
    for (const command of [...colors, ...colors.slice(2).map((each) => each + 100)]) {
      on(command, (payload, isCut) => {
        if (!isCut) this.palette.apply(command, payload);
      });
    }
  }

  #openLink(input: InputHandler, link: string): void {
    const attributes = input._curAttrData;
    attributes.extended = attributes.extended.clone();
    attributes.extended._urlId = this.links.open(link);
    attributes.updateExtended();
  }

  #linksInUse(): ReadonlySet<number> {
    const used = new Set<number>([this.rendition.link]);
    const { normal, alternate } = this.#terminal.buffer;
    for (const buffer of [normal, alternate]) {
      const cells = new ScreenCells(buffer, this.#terminal.cols);
      for (let y = 0; y < buffer.length; y += 1) {
        cells.goTo(y);
        for (let x = 0; x < this.#terminal.cols; x += 1) {
          cells.read(x);
          used.add(cells.link);
        }
      }
    }
    return used;
  }

  #setMode(core: TerminalCore, mode: number, isOn: boolean): void {
    if (TRACKED.has(mode)) this.#track(mode, isOn);
    if (mode === 2 && isOn) this.charsets.reset();
    const isSaving = mode === 1048 || mode === 1049;
    if (isSaving && isOn) this.#save(core);
    if (mode === 1049 || mode === 1047 || mode === 47) this.#switch(core, isOn);
    else if (mode !== 1048) setInLibrary(core, mode, isOn);
    if (isSaving && !isOn) this.#restore(core);
  }

  #track(mode: number, isOn: boolean): void {
    this.modes.delete(mode);
    if (isOn || mode === UNKNOWN_DEFAULT) this.modes.set(mode, isOn);
  }

  /** Tab stops and margins are the terminal's, and the same on both screens. */
  #switch(core: TerminalCore, isOn: boolean): void {
    const { active, normal, alt } = core.buffers;
    const { tabs, scrollTop, scrollBottom } = active;
    setInLibrary(core, 1047, isOn);
    const shown = core.buffers.active;
    if (shown === active) return;
    shown.tabs = tabs;
    shown.scrollTop = scrollTop;
    shown.scrollBottom = scrollBottom;
    // The alternate screen that is entered next is another.
    if (active === alt && shown === normal) delete this.#saved.alternate;
  }

  #save(core: TerminalCore): boolean {
    const { x, y } = core.buffers.active;
    const { _charsets, glevel } = core._charsetService;
    this.#saved[this.isAlternate ? 'alternate' : 'normal'] = {
      x,
      y,
      rendition: this.rendition,
      designations: this.charsets.designations,
      tables: [..._charsets],
      level: glevel,
      isOrigin: core.coreService.decPrivateModes.origin,
    };
    return true;
  }

  #restore(core: TerminalCore): boolean {
    const buffer = core.buffers.active;
    const saved = this.#saved[this.isAlternate ? 'alternate' : 'normal'];
    const charsets = core._charsetService;
    core.coreService.decPrivateModes.origin = saved?.isOrigin ?? false;
    buffer.x = Math.min(saved?.x ?? 0, this.#terminal.cols);
    buffer.y = this.#row(core, buffer, saved?.y ?? 0);
    this.charsets.reset();
    if (saved !== undefined) this.charsets.restore(saved.designations);
    charsets._charsets = [...(saved?.tables ?? [])];
    charsets.setgLevel(saved?.level ?? 0);
    this.#setRendition(core._inputHandler, saved?.rendition ?? PLAIN);
    return true;
  }

  #row(core: TerminalCore, buffer: InnerBuffer, y: number): number {
    const isOrigin = core.coreService.decPrivateModes.origin;
    const top = isOrigin ? buffer.scrollTop : 0;
    const bottom = isOrigin ? buffer.scrollBottom : this.#terminal.rows - 1;
    return Math.min(Math.max(y, top), bottom);
  }

  /** The link stays as it is. */
  #setRendition(input: InputHandler, { fg, bg, extended }: Rendition): void {
    const attributes = input._curAttrData;
    attributes.fg = fg;
    attributes.bg = bg;
    attributes.extended = attributes.extended.clone();
    attributes.extended._ext = extended;
    attributes.updateExtended();
  }

  /** The library resets more than terminals do. */
  #softReset(core: TerminalCore): boolean {
    const { bracketedPasteMode, sendFocus, synchronizedOutput } = core.coreService.decPrivateModes;
    core._inputHandler.softReset(counted(0));
    Object.assign(core.coreService.decPrivateModes, {
      bracketedPasteMode,
      sendFocus,
      synchronizedOutput,
    });
    this.charsets.reset();
    delete this.#saved[this.isAlternate ? 'alternate' : 'normal'];
    return true;
  }

  /** The library resets less than terminals do. */
  #reset(): void {
    this.keyboard.reset();
    this.palette.reset();
    this.charsets.reset();
    this.modes.clear();
    this.#saved = {};
    this.#terminal.options.convertEol = false;
    this.#terminal.options.cursorBlink = false;
    if (this.#core !== undefined) this.#core.coreService.isCursorHidden = false;
  }

  #toLibrary({ buffers }: TerminalCore): void {
    for (const [name, buffer] of [
      ['normal', buffers.normal],
      ['alternate', buffers.alt],
    ] as const) {
      buffer.savedX = this.#saved[name]?.x ?? 0;
      buffer.savedY = buffer.ybase + (this.#saved[name]?.y ?? 0);
    }
  }

  #fromLibrary({ buffers }: TerminalCore, columns: number, rows: number): void {
    for (const [name, buffer] of [
      ['normal', buffers.normal],
      ['alternate', buffers.alt],
    ] as const) {
      const saved = this.#saved[name];
      if (saved === undefined) continue;
      const y = Math.min(Math.max(buffer.savedY - buffer.ybase, 0), rows - 1);
      this.#saved[name] = { ...saved, x: Math.min(buffer.savedX, columns - 1), y };
    }
  }
}

/** Where it breaks lines anew the library may end up with fewer than it shows, and fail at the next output. */
function fillUp({ buffers, _inputHandler: input }: TerminalCore, rows: number): void {
  for (const buffer of [buffers.normal, buffers.active]) {
    const { lines } = buffer;
    for (let missing = rows - lines.length; missing > 0; missing -= 1) {
      lines.push(buffer.getBlankLine({ ...input._curAttrData, fg: 0, bg: 0 }));
    }
    buffer.ybase = Math.min(buffer.ybase, lines.length - rows);
    buffer.ydisp = Math.min(buffer.ydisp, buffer.ybase);
  }
}

function setInLibrary({ _inputHandler: input }: TerminalCore, mode: number, isOn: boolean): void {
  if (isOn) input.setModePrivate(counted(mode));
  else input.resetModePrivate(counted(mode));
}

function sequenceOf(prefix: string, parameters: SequenceParameters, final: string): CsiSequence {
  const sequence = new CsiSequence();
  const numbers = numbersOf(parameters);
  // The library does not tell nothing from 0; without a number modifyOtherKeys is reset.
  const text = final === 'm' && numbers.join() === '0' ? '' : numbers.join(';');
  for (const byte of Buffer.from(`${prefix}${text}${final}`)) {
    sequence.add(byte);
  }
  return sequence;
}
