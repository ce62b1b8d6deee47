const ESC = '\x1b';
const BEL = '\x07';
/** What et itself writes to the terminal: the title and its stack, nothing else. */
const TITLES = new RegExp(`${ESC}\\[2[23];0t|${ESC}\\]2;et: [^${BEL}]*${BEL}`, 'gu');
const CONTEXT = 60;

/** The lines that remote-counter.js prints, as they come out of a terminal. */
export function countedLines(count: number): string {
  const lines: string[] = [];
  for (let n = 1; n <= count; n += 1) {
    const scrambled = String((n * 2_654_435_761) % 2 ** 32).padStart(10, '0');
    lines.push(`${String(n).padStart(9, '0')} ${scrambled.repeat(6)}\r\n`);
  }
  return lines.join('');
}

/**
 * Checks what a terminal shows of remote-counter.js, byte by byte: the counted lines, and between them, wherever they
 * fell, the echoes of the capitals that were typed. Throws at the first byte that is missing, double or wrong.
 *
 *   before --- STX ---> counting --- ETX ---> after
 */
export class Transcript {
  /** What was typed, in order. */
  typed = '';
  #state: 'before' | 'counting' | 'after' = 'before';
  #held = '';
  #lineBytes = 0;
  #echoedKeys = 0;
  #digest = '';
  #failure: Error | undefined;
  readonly #expected: string;

  constructor(lineCount: number) {
    this.#expected = countedLines(lineCount);
  }

  get lineBytes(): number {
    this.#check();
    return this.#lineBytes;
  }

  get echoedKeys(): number {
    this.#check();
    return this.#echoedKeys;
  }

  /** What the program says of its input, once it is through. */
  get digest(): string | undefined {
    this.#check();
    return /^([0-9a-f]{64})\r\n/u.exec(this.#digest)?.[1];
  }

  /** The number of bytes of all lines. */
  get totalBytes(): number {
    return this.#expected.length;
  }

  push(bytes: Uint8Array): void {
    const text = (this.#held + Buffer.from(bytes).toString('latin1')).replaceAll(TITLES, '');
    const escapeAt = text.lastIndexOf(ESC);
    // A title of ours that is cut is whole with the next piece.
    this.#held = this.#state === 'counting' && escapeAt >= 0 ? text.slice(escapeAt) : '';
    this.#take(this.#held === '' ? text : text.slice(0, escapeAt));
    if (this.#held.length > 300) this.#fail(`an escape sequence of somebody: ${this.#held}`);
  }

  #take(text: string): void {
    if (this.#state === 'before') {
      const at = text.indexOf('\x02');
      if (at < 0) return;
      this.#state = 'counting';
      this.#take(text.slice(at + 1));
    } else if (this.#state === 'after') {
      this.#digest += text;
    } else {
      const at = text.indexOf('\x03');
      this.#compare(at < 0 ? text : text.slice(0, at));
      if (at < 0) return;
      this.#state = 'after';
      this.#take(text.slice(at + 1));
    }
  }

  #compare(text: string): void {
    const keys = text.replaceAll(/[^A-Z]/gu, '');
    const lines = keys === '' ? text : text.replaceAll(/[A-Z]/gu, '');
    const isRight =
      this.#expected.startsWith(lines, this.#lineBytes) &&
      this.typed.startsWith(keys, this.#echoedKeys);
    if (!isRight) this.#explain(lines, keys);
    this.#lineBytes += lines.length;
    this.#echoedKeys += keys.length;
  }

  #explain(lines: string, keys: string): void {
    let same = 0;
    while (same < lines.length && lines[same] === this.#expected[this.#lineBytes + same]) same += 1;
    const at = this.#lineBytes + same;
    const from = Math.max(0, same - CONTEXT);
    this.#fail(
      `output byte ${at}: wanted ${JSON.stringify(this.#expected.slice(at, at + CONTEXT))}, ` +
        `came ${JSON.stringify(lines.slice(same, same + CONTEXT))} after ${JSON.stringify(lines.slice(from, same))}; ` +
        `echo ${this.#echoedKeys}: wanted ${this.typed.slice(this.#echoedKeys, this.#echoedKeys + CONTEXT)}, came ${keys.slice(0, CONTEXT)}`,
    );
  }

  #fail(message: string): void {
    this.#failure ??= new Error(message);
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
  }
}
