import { PLAIN, type Rendition, renditionText } from './rendition-text.ts';
import type { ScreenCells } from './screen-cells.ts';
import type { ScreenLinks } from './screen-links.ts';

/** Characters of which terminals do not agree how wide they are: joined ones, and pictures. */
const DISPUTED = /^(?:..|\p{Emoji_Presentation}|[\u{1f000}-\u{1ffff}])/su;

/** Nearly every cell has one plain character, for which no expression need be asked. */
function isDisputed(text: string): boolean {
  return (text.length > 1 || text.charCodeAt(0) >= 0x23_00) && DISPUTED.test(text);
}

/** Where a cursor is: `x` is the number of columns where the last one is filled and the next character wraps. */
export interface CursorPlace {
  readonly x: number;
  readonly y: number;
}

/**
 * Draws cells as bytes for a terminal. It begins at the upper left of a cleared terminal in its default state.
 *
 * Between any two calls: the terminal's rendition and link are `#rendition`.
 */
export class ScreenPainter {
  readonly #columns: number;
  readonly #rows: number;
  readonly #links: ScreenLinks;
  readonly #lines: string[] = [];
  /** What is added to the line that is being drawn. */
  #line = '';
  #rendition: Rendition = { ...PLAIN };

  constructor(columns: number, rows: number, links: ScreenLinks) {
    this.#columns = columns;
    this.#rows = rows;
    this.#links = links;
  }

  get bytes(): Uint8Array {
    return Buffer.from(this.#lines.join('') + this.#line, 'utf8');
  }

  /** Adds what leaves the rendition, the link and the cursor's rules alone. */
  add(text: string): void {
    this.#line += text;
  }

  /** Draws all lines; those that are too many scroll away, as they did. */
  lines(cells: ScreenCells, count: number): void {
    for (let y = 0; y < count; y += 1) {
      this.#lines.push(this.#line);
      this.#line = '';
      cells.goTo(y);
      this.#row(cells);
      if (y + 1 < count) this.#lineBreak(cells, y, y + 1 >= this.#rows);
    }
    this.set(PLAIN);
  }

  /**
   * Puts the cursor in its place. Nothing but a character in the last column brings it behind that; where
   * that is blank, a space stands there afterwards, and the answer is true. `top` is the row that counts as
   * the first, and `line` that of the buffer on which the cursor stands.
   */
  cursor(cells: ScreenCells, place: CursorPlace, top: number, line: number): boolean {
    const row = place.y - top + 1;
    if (place.x < this.#columns) {
      this.add(`\x1b[${row};${place.x + 1}H`);
      return false;
    }
    cells.goTo(line);
    const x = this.#readLast(cells);
    this.add(`\x1b[${row};${x + 1}H`);
    this.set(cells);
    this.add(cells.text === '' ? ' ' : cells.text);
    return cells.text === '';
  }

  /** Saves the cursor in that place, with `rendition`, and with what `charsets` sets. */
  saveCursor(
    cells: ScreenCells,
    place: CursorPlace,
    line: number,
    rendition: Rendition,
    charsets: string,
  ): void {
    const hasSpace = this.cursor(cells, place, 0, line);
    const { bg } = cells;
    this.set(rendition);
    this.add(`${charsets}\x1b7`);
    if (!hasSpace) return;
    this.set({ ...PLAIN, bg });
    this.add(`\x1b[${place.y + 1};${this.#columns}H\x1b[X\x1b8`);
    this.#rendition = { ...rendition };
  }

  /** Changes rendition and link. */
  set(rendition: Rendition): void {
    const before = this.#rendition;
    const { fg, bg, extended, link } = rendition;
    const isSame = fg === before.fg && bg === before.bg && extended === before.extended;
    if (isSame && link === before.link) return;
    if (!isSame) this.add(renditionText(rendition, before));
    if (link !== before.link) this.add(`\x1b]8;${this.#links.get(link) ?? ';'}\x1b\\`);
    this.#rendition = { fg, bg, extended, link };
  }

  #row(cells: ScreenCells): void {
    const end = cells.contentEnd();
    // Cells that the cursor has to pass; where a disputed character stands before them, it is told where to go.
    let skipped = 0;
    let isLost = false;
    for (let x = 0; x < end; x += cells.width) {
      cells.read(x);
      if (cells.text === '') {
        const count = cells.bg === 0 ? 1 : this.#blanks(cells, x, end, skipped, isLost);
        if (cells.bg !== 0) {
          x += count - 1;
          isLost = false;
          skipped = count;
        } else skipped += count;
        continue;
      }
      this.#move(x, skipped, isLost);
      skipped = 0;
      this.set(cells);
      this.add(cells.text);
      isLost = isDisputed(cells.text);
    }
  }

  /** Erases as many cells as have this background, and gives their number; the cursor stays in front of them. */
  #blanks(cells: ScreenCells, x: number, end: number, skipped: number, isLost: boolean): number {
    const { bg } = cells;
    let behind = x + 1;
    for (; behind < end; behind += 1) {
      cells.read(behind);
      if (cells.text !== '' || cells.bg !== bg) break;
    }
    cells.read(x);
    this.#move(x, skipped, isLost);
    this.set({ ...PLAIN, bg });
    this.add(`\x1b[${behind - x}X`);
    return behind - x;
  }

  #move(x: number, skipped: number, isLost: boolean): void {
    if (isLost) this.add(`\x1b[${x + 1}G`);
    else if (skipped > 0) this.add(`\x1b[${skipped === 1 ? '' : skipped}C`);
  }

  /** From the line `y`, where the cursor is, to the beginning of the next. */
  #lineBreak(cells: ScreenCells, y: number, isScrolling: boolean): void {
    if (!cells.isContinuation(y + 1) || this.#rows < 2) {
      // What is scrolled in has the background of the rendition.
      this.set(PLAIN);
      this.add('\r\n');
      return;
    }
    this.#readLast(cells);
    const isFull = cells.text !== '';
    cells.goTo(y + 1);
    cells.read(0);
    // The next character wraps by itself; a coloured one would colour the whole line that is scrolled in.
    if (isFull && cells.text !== '' && !(isScrolling && cells.bg !== 0)) return;
    cells.goTo(y);
    this.#wrap(cells, isFull);
  }

  /** Makes the terminal wrap where the characters that made it do so are gone. */
  #wrap(cells: ScreenCells, isFull: boolean): void {
    const x = this.#readLast(cells);
    this.add(`\x1b[${x + 1}G`);
    this.set(isFull ? cells : PLAIN);
    this.add(isFull ? cells.text : ' ');
    const { bg } = cells;
    this.set(PLAIN);
    this.add(' ');
    if (!isFull) {
      this.add(`\x1b[A\x1b[${this.#columns}G`);
      this.set({ ...PLAIN, bg });
      this.add('\x1b[X\x1b[B');
      this.set(PLAIN);
    }
    this.add('\r\x1b[X');
  }

  /** Reads the character that reaches into the last column, and says where it begins. */
  #readLast(cells: ScreenCells): number {
    const last = this.#columns - 1;
    cells.read(last - 1);
    if (cells.width === 2) return last - 1;
    cells.read(last);
    return last;
  }
}
