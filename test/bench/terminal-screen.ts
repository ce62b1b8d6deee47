const BLANK = 0x20;
const ESC = 0x1b;
const BEL = 0x07;

/** A cell, both from 0. */
export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** Where in a control sequence the next byte stands (ECMA-48). */
type State = 'ground' | 'escape' | 'charset' | 'csi' | 'string' | 'string-escape';

/**
 * What stands on a terminal's screen: as much of a VT220 as programs that redraw the screen, as mosh does, need for plain text.
 * A character that is not ASCII is a `?`; colours are ignored.
 *
 * Between any two calls the cursor is on the screen, and `#top <= #bottom` are the rows that scroll.
 */
export class TerminalScreen {
  readonly columns: number;
  readonly rows: number;
  readonly #cells: Uint8Array[];
  #row = 0;
  #column = 0;
  /** A character was put into the last column, and the next one begins a row. */
  #isWrapDue = false;
  #top = 0;
  #bottom: number;
  #state: State = 'ground';
  #parameters = '';

  constructor({ columns, rows }: { readonly columns: number; readonly rows: number }) {
    this.columns = columns;
    this.rows = rows;
    this.#bottom = rows - 1;
    this.#cells = Array.from({ length: rows }, () => this.#blankRow());
  }

  /** Where the next character is put. */
  get cursor(): Cell {
    return this.#isWrapDue
      ? { row: Math.min(this.#row + 1, this.rows - 1), column: 0 }
      : { row: this.#row, column: this.#column };
  }

  /** The character of a cell; a space outside the screen. */
  at({ row, column }: Cell): string {
    return String.fromCharCode(this.#cells[row]?.[column] ?? BLANK);
  }

  /** A row without the spaces at its end. */
  text(row: number): string {
    return Buffer.from(this.#cells[row] ?? [])
      .toString('latin1')
      .trimEnd();
  }

  write(bytes: Uint8Array): void {
    for (const byte of bytes) this.#take(byte);
  }

  #take(byte: number): void {
    switch (this.#state) {
      case 'ground':
        this.#onGround(byte);
        break;
      case 'escape':
        this.#onEscape(byte);
        break;
      case 'charset':
        this.#state = 'ground';
        break;
      case 'csi':
        this.#onCsi(byte);
        break;
      case 'string':
        if (byte === BEL) this.#state = 'ground';
        else if (byte === ESC) this.#state = 'string-escape';
        break;
      case 'string-escape':
        this.#state = 'ground';
        if (byte !== 0x5c) this.#onEscape(byte);
        break;
    }
  }

  #onGround(byte: number): void {
    if (byte >= BLANK && byte < 0x7f) this.#put(byte);
    // The first byte of a UTF-8 character stands for all of it.
    else if (byte >= 0xc0) this.#put(0x3f);
    else if (byte === ESC) this.#state = 'escape';
    else if (byte === 0x08) this.#move(this.#row, this.#column - 1);
    else if (byte === 0x09) this.#move(this.#row, (this.#column | 7) + 1);
    else if (byte === 0x0d) this.#move(this.#row, 0);
    else if (byte >= 0x0a && byte <= 0x0c) this.#lineFeed();
  }

  #onEscape(byte: number): void {
    this.#state = 'ground';
    switch (String.fromCharCode(byte)) {
      case '[':
        this.#state = 'csi';
        this.#parameters = '';
        break;
      case ']':
      case 'P':
        this.#state = 'string';
        break;
      case '(':
      case ')':
        this.#state = 'charset';
        break;
      case 'M':
        if (this.#row === this.#top) this.#scrollDown(this.#top, 1);
        else this.#move(this.#row - 1, this.#column);
        break;
    }
  }

  #onCsi(byte: number): void {
    if (byte < 0x40) {
      this.#parameters += String.fromCharCode(byte);
      return;
    }
    this.#state = 'ground';
    const numbers = this.#parameters.split(';').map(Number);
    const isPrivate = /^[<=>?]/u.test(this.#parameters);
    if (isPrivate) return;
    this.#perform(String.fromCharCode(byte), numbers[0] || 0, numbers[1] || 0);
  }

  #perform(final: string, first: number, second: number): void {
    const count = first || 1;
    const [row, column] = [this.#row, this.#column];
    switch (final) {
      case 'A':
        this.#move(row - count, column);
        break;
      case 'B':
        this.#move(row + count, column);
        break;
      case 'C':
        this.#move(row, column + count);
        break;
      case 'D':
        this.#move(row, column - count);
        break;
      case 'G':
        this.#move(row, count - 1);
        break;
      case 'd':
        this.#move(count - 1, column);
        break;
      case 'H':
      case 'f':
        this.#move(count - 1, (second || 1) - 1);
        break;
      case 'J':
        this.#eraseScreen(first);
        break;
      case 'K':
        this.#eraseRow(first);
        break;
      case 'X':
        this.#cells[row]?.fill(BLANK, column, column + count);
        break;
      case '@':
        this.#cells[row]?.copyWithin(column + count, column).fill(BLANK, column, column + count);
        break;
      case 'P':
        this.#cells[row]?.copyWithin(column, column + count).fill(BLANK, -count);
        break;
      case 'L':
        this.#scrollDown(row, count);
        break;
      case 'M':
        this.#scrollUp(row, count);
        break;
      case 'S':
        this.#scrollUp(this.#top, count);
        break;
      case 'T':
        this.#scrollDown(this.#top, count);
        break;
      case 'r':
        this.#top = Math.min(count, this.rows) - 1;
        this.#bottom = Math.max(this.#top, Math.min(second || this.rows, this.rows) - 1);
        this.#move(0, 0);
        break;
    }
  }

  #put(character: number): void {
    if (this.#isWrapDue) {
      this.#lineFeed();
      this.#column = 0;
      this.#isWrapDue = false;
    }
    const row = this.#cells[this.#row];
    if (row !== undefined) row[this.#column] = character;
    if (this.#column === this.columns - 1) this.#isWrapDue = true;
    else this.#column += 1;
  }

  #move(row: number, column: number): void {
    this.#row = Math.max(0, Math.min(row, this.rows - 1));
    this.#column = Math.max(0, Math.min(column, this.columns - 1));
    this.#isWrapDue = false;
  }

  #lineFeed(): void {
    if (this.#row === this.#bottom) {
      this.#scrollUp(this.#top, 1);
      this.#isWrapDue = false;
    } else this.#move(this.#row + 1, this.#column);
  }

  /** Takes `count` rows out at `from`; blank ones come at the bottom. */
  #scrollUp(from: number, count: number): void {
    if (from > this.#bottom) return;
    const taken = this.#cells.splice(from, Math.min(count, this.#bottom - from + 1));
    for (const row of taken) row.fill(BLANK);
    this.#cells.splice(this.#bottom - taken.length + 1, 0, ...taken);
  }

  /** Puts `count` blank rows in at `from`; as many go at the bottom. */
  #scrollDown(from: number, count: number): void {
    if (from > this.#bottom) return;
    const most = Math.min(count, this.#bottom - from + 1);
    const taken = this.#cells.splice(this.#bottom - most + 1, most);
    for (const row of taken) row.fill(BLANK);
    this.#cells.splice(from, 0, ...taken);
  }

  #eraseScreen(what: number): void {
    this.#eraseRow(what);
    this.#cells.forEach((row, at) => {
      if (what === 2 || (what === 0 && at > this.#row) || (what === 1 && at < this.#row))
        row.fill(BLANK);
    });
  }

  #eraseRow(what: number): void {
    const from = what === 0 ? this.#column : 0;
    this.#cells[this.#row]?.fill(BLANK, from, what === 1 ? this.#column + 1 : this.columns);
  }

  #blankRow(): Uint8Array {
    return new Uint8Array(this.columns).fill(BLANK);
  }
}
