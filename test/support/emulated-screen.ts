import { PLAIN, type Rendition } from '../../src/terminal/rendition-text.ts';
import {
  coreOf,
  type EmulatedTerminal,
  loadTerminal,
  type TerminalCore,
} from '../../src/terminal/screen-library.ts';
import { paintScreen } from '../../src/terminal/screen-painting.ts';
import { repairLibrary } from '../../src/terminal/screen-repairs.ts';
import { type SavedCursor, ScreenState } from '../../src/terminal/screen-state.ts';
import { ScreenWidths } from '../../src/terminal/screen-widths.ts';

type EmulatedBuffer = EmulatedTerminal['buffer']['normal'];
type EmulatedLine = NonNullable<ReturnType<EmulatedBuffer['getLine']>>;

/** A screen without the queue of ScreenModel, every part of which can be looked at. */
export class EmulatedScreen {
  readonly #terminal: EmulatedTerminal;
  readonly #core: TerminalCore;
  readonly state: ScreenState;

  static async load(columns: number, rows: number, scrollback: number): Promise<EmulatedScreen> {
    return new EmulatedScreen(await loadTerminal(columns, rows, scrollback));
  }

  private constructor(terminal: EmulatedTerminal) {
    const core = coreOf(terminal);
    if (core === undefined) throw new Error('the library is not the one that was pinned');
    repairLibrary(core);
    ScreenWidths.install(terminal);
    this.#terminal = terminal;
    this.#core = core;
    this.state = new ScreenState(terminal, core);
  }

  write(output: string | Uint8Array): void {
    this.#core._inputHandler.parse(Buffer.from(output));
  }

  resize(columns: number, rows: number): void {
    this.state.resize(columns, rows);
  }

  paint(): Uint8Array {
    return paintScreen(this.#terminal, this.#core, this.state);
  }

  /**
   * False where a painting cannot but leave a space in the last column, for the cursor to wait behind, or
   * where the first line goes on with one that is gone.
   */
  get isPaintable(): boolean {
    const { active, normal, alternate } = this.#terminal.buffer;
    const { cols } = this.#terminal;
    if ([normal, alternate].some((buffer) => buffer.getLine(0)?.isWrapped === true)) return false;
    const last = active.getLine(active.baseY + active.cursorY)?.getCell(cols - 1);
    return active.cursorX < cols || last?.getWidth() !== 1 || last.getChars() !== '';
  }

  anotherOfThisSize(): Promise<EmulatedScreen> {
    const { cols, rows, options } = this.#terminal;
    return EmulatedScreen.load(cols, rows, options.scrollback ?? 0);
  }

  close(): void {
    this.#terminal.dispose();
  }

  /** The text of each line of the screen that is shown, scrollback included. */
  lines(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from(
      { length: active.length },
      (_, y) => active.getLine(y)?.translateToString(true) ?? '',
    );
  }

  /** Everything that a user or a program could notice, in a form that two screens can be compared by. */
  describe(): Record<string, unknown> {
    const { buffer, modes, options } = this.#terminal;
    const { coreService, buffers, _charsetService, _inputHandler } = this.#core;
    const { cursorStyle, cursorBlink } = coreService.decPrivateModes;
    const { active } = buffers;
    return {
      isAlternate: this.state.isAlternate,
      main: this.#cells(buffer.normal),
      alternate: this.state.isAlternate ? this.#cells(buffer.alternate) : [],
      cursor: [buffer.active.cursorX, buffer.active.cursorY, buffer.active.baseY],
      modes: { ...modes, synchronizedOutputMode: false },
      tracked: [...this.state.modes],
      newline: options.convertEol,
      blink: options.cursorBlink,
      style: cursorStyle === undefined ? '' : `${cursorStyle} ${cursorBlink}`,
      isHidden: coreService.isCursorHidden,
      margins: [active.scrollTop, active.scrollBottom],
      tabs: Object.keys(active.tabs).filter(
        (x) => Number(x) < this.#terminal.cols && active.tabs[Number(x)] === true,
      ),
      charsets: [
        this.state.charsets.designations,
        _charsetService.glevel,
        tablesOf(_charsetService),
      ],
      pen: [penOf(this.state.rendition), this.#link(this.state.rendition.link)],
      saved: [saved(this.state.saved('normal')), saved(this.state.saved('alternate'))],
      keyboard: [this.state.keyboard.redo(), this.state.keyboard.redoAlternate()],
      palette: this.state.palette.redo().split('\x1b').toSorted(),
      titles: [_inputHandler._windowTitle, [..._inputHandler._windowTitleStack]],
      icons: [_inputHandler._iconName, [..._inputHandler._iconNameStack]],
    };
  }

  /** What can be seen of each line that is shown. */
  appearance(): string[] {
    const { active } = this.#terminal.buffer;
    return Array.from({ length: active.length }, (_, y) => {
      const line = active.getLine(y);
      const cells = Array.from({ length: this.#terminal.cols }, (_cell, x) =>
        line === undefined ? '' : this.#seen(line, x),
      );
      return cells.join('|').replace(/\|+$/u, '');
    });
  }

  /** Of a space only its background is seen, unless it is inverse or there are lines in it. */
  #seen(line: EmulatedLine, x: number): string {
    const cell = line.getCell(x);
    const isSpace = cell?.getChars() === ' ' || cell?.getChars() === '';
    const hasLines = cell?.isUnderline() || cell?.isStrikethrough() || cell?.isOverline();
    if (cell === undefined || !isSpace || hasLines || cell.isInverse()) return this.#cell(line, x);
    return cell.isBgDefault() ? '' : `#${cell.getBgColorMode()}/${cell.getBgColor()}`;
  }

  #link(number: number): string {
    return this.state.links.get(number) ?? '';
  }

  #cells(buffer: EmulatedBuffer): string[] {
    const isShown = (buffer.type === 'alternate') === this.state.isAlternate;
    const isWaiting = isShown && buffer.cursorX === this.#terminal.cols;
    const cursorLine = buffer.baseY + buffer.cursorY;
    return Array.from({ length: buffer.length }, (_, y) => {
      const line = buffer.getLine(y);
      if (line === undefined) return '';
      // The first line of all continues nothing that is still there.
      const parts = [line.isWrapped && y > 0 ? '>' : ' '];
      for (let x = 0; x < this.#terminal.cols; x += 1) {
        // A cursor that waits behind a blank last column is only brought there by a space.
        const isSpace = isWaiting && y === cursorLine && x === this.#terminal.cols - 1;
        parts.push(this.#cell(line, x).replace(isSpace ? / /u : /^$/u, ''));
      }
      return parts.join('|').replace(/\|+$/u, '');
    });
  }

  #cell(line: EmulatedLine, x: number): string {
    const cell = line.getCell(x);
    if (cell === undefined) return '?';
    const packed = cell as unknown as {
      fg: number;
      bg: number;
      extended: { _ext: number; _urlId: number };
    };
    const { extended } = packed;
    const fg = withoutRest(packed.fg);
    const bg = withoutRest(packed.bg);
    if (!this.#isText(line, x)) {
      const isSecondHalf = cell.getWidth() === 0 && line.getCell(x - 1)?.getWidth() === 2;
      const color = bg & 0x3_ff_ff_ff;
      return isSecondHalf || color === 0 ? '' : `#${color.toString(16)}`;
    }
    const hasMore = (packed.bg & 0x10_00_00_00) !== 0;
    const underline = underlineOf(fg, hasMore ? extended._ext : 0);
    const link = hasMore ? this.#link(extended._urlId) : '';
    const colors = `${(fg >>> 0).toString(16)},${((bg & ~0x10_00_00_00) >>> 0).toString(16)}`;
    const more = `${underline.toString(16)},${link}`;
    if (cell.getChars() === ' ' && fg === 0 && more === '0,' && x === this.#terminal.cols - 1) {
      return colors === '0,0' ? ' ' : ` #${bg.toString(16)}`;
    }
    return `${cell.getChars()}${colors === '0,0' ? '' : colors}${more === '0,' ? '' : more}`;
  }

  /** Halves of wide characters are none. */
  #isText(line: EmulatedLine, x: number): boolean {
    const cell = line.getCell(x);
    if (cell === undefined || cell.getChars() === '') return false;
    const next = x + 1 < this.#terminal.cols ? line.getCell(x + 1) : undefined;
    const isWhole = next?.getWidth() === 0 && next.getChars() === '';
    return cell.getWidth() === 1 || (cell.getWidth() === 2 && isWhole);
  }
}

/** Style and colour; without a style it is one line. */
function underlineOf(fg: number, extended: number): number {
  if ((fg & 0x10_00_00_00) === 0) return 0;
  const kept = withoutRest(extended & 0x1f_ff_ff_ff);
  return kept >> 26 === 0 ? kept | 0x4_00_00_00 : kept;
}

function penOf({ fg, bg, extended }: Rendition): number[] {
  return [withoutRest(fg), withoutRest(bg), withoutRest(extended)];
}

/** The library leaves the rest of a colour of 24 bits where it puts one of 8 over it. */
function withoutRest(packed: number): number {
  const kind = (packed >> 24) & 3;
  return kind === 1 || kind === 2 ? packed & ~0x00_ff_ff_00 : packed;
}

/** Which sets have a table at all: the tables have no names. */
function tablesOf({ _charsets: tables }: { readonly _charsets: readonly unknown[] }): boolean[] {
  return [0, 1, 2, 3].map((slot) => tables[slot] !== undefined);
}

/** A cursor that was never saved is restored to where a terminal begins. */
function saved(cursor: SavedCursor | undefined): unknown {
  return {
    x: cursor?.x ?? 0,
    y: cursor?.y ?? 0,
    rendition: penOf(cursor?.rendition ?? PLAIN),
    designations: cursor?.designations ?? ['(B', ')B', '*B', '+B'],
    level: cursor?.level ?? 0,
    isOrigin: cursor?.isOrigin ?? false,
  };
}
