import { EXTENDED_BIT, type Rendition, UNDERLINE_BIT } from './rendition-text.ts';
import type { EmulatedTerminal } from './screen-library.ts';

export type EmulatedBuffer = EmulatedTerminal['buffer']['normal'];
type EmulatedLine = NonNullable<ReturnType<EmulatedBuffer['getLine']>>;
type EmulatedCell = ReturnType<EmulatedBuffer['getNullCell']>;

/** What the library's cells are made of. */
interface PackedCell {
  readonly fg?: number;
  readonly bg?: number;
  readonly extended?: { readonly _ext?: number; readonly _urlId?: number };
}

/**
 * Reads one line of a screen after the other. A cell that no output can make by itself (half of a wide
 * character) counts as blank.
 */
export class ScreenCells implements Rendition {
  readonly #buffer: EmulatedBuffer;
  readonly #columns: number;
  readonly #cell: EmulatedCell;
  readonly #next: EmulatedCell;
  #line: EmulatedLine | undefined;

  /** Of the cell that was read last. A blank one shows its background alone. */
  text = '';
  /** Cells that it takes: 1 or 2. */
  width = 1;
  fg = 0;
  bg = 0;
  extended = 0;
  link = 0;

  constructor(buffer: EmulatedBuffer, columns: number) {
    this.#buffer = buffer;
    this.#columns = columns;
    this.#cell = buffer.getNullCell();
    this.#next = buffer.getNullCell();
  }

  /** Goes to the line `y`, counted from the oldest of the scrollback. */
  goTo(y: number): void {
    this.#line = this.#buffer.getLine(y);
  }

  /** The line goes on with what was too much for the one before. */
  isContinuation(y: number): boolean {
    return this.#buffer.getLine(y)?.isWrapped === true;
  }

  /** Behind the last cell that is not blank. */
  contentEnd(): number {
    for (let x = this.#columns - 1; x >= 0; x -= 1) {
      const cell = this.#line?.getCell(x, this.#cell);
      if (cell === undefined) continue;
      const { bg = 0 } = cell as unknown as PackedCell;
      if (cell.getWidth() !== 1 || cell.getChars() !== '' || (bg & COLOR_KIND) !== 0) return x + 1;
    }
    return 0;
  }

  /** Reads the cell at `x`. */
  read(x: number): void {
    const cell = this.#line?.getCell(x, this.#cell);
    this.text = '';
    this.width = 1;
    this.fg = 0;
    this.bg = 0;
    this.extended = 0;
    this.link = 0;
    if (cell === undefined) return;
    const { fg = 0, bg = 0, extended } = cell as unknown as PackedCell;
    this.text = this.#textOf(cell, x);
    if (this.text === '') {
      this.bg = (bg & COLOR_KIND) === 0 ? 0 : bg & COLOR_MASK;
      return;
    }
    this.width = cell.getWidth();
    this.fg = fg;
    this.bg = bg & ~EXTENDED_BIT;
    if ((bg & EXTENDED_BIT) === 0) return;
    this.link = extended?._urlId ?? 0;
    if ((fg & UNDERLINE_BIT) !== 0) this.extended = extended?._ext ?? 0;
  }

  #textOf(cell: EmulatedCell, x: number): string {
    const width = cell.getWidth();
    if (width === 1) return cell.getChars();
    if (width === 0) return '';
    // The library's lines may be longer than they are shown.
    const next = x + 1 < this.#columns ? this.#line?.getCell(x + 1, this.#next) : undefined;
    return next?.getWidth() === 0 && next.getChars() === '' ? cell.getChars() : '';
  }
}

const COLOR_MASK = 0x03_ff_ff_ff;
const COLOR_KIND = 0x03_00_00_00;
