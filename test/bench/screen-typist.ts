import { setTimeout as sleep } from 'node:timers/promises';
import { type KeyTimes, letterOf } from './key-times.ts';
import { type Cell, TerminalScreen } from './terminal-screen.ts';
import { TYPIST_SIZE, type Typist } from './typist.ts';

export interface SteadyTyping {
  readonly keys: number;
  readonly gapMs: number;
  /** How long after the last key its echo, and those of others, are waited for. */
  readonly drainMs: number;
  /** What happens to the network when it is this key's turn, before it is typed. */
  readonly before?: (key: number) => Promise<void>;
}

/**
 * A typist who looks at the screen and not at bytes: programs that send a picture of the screen skip what was overwritten, and
 * move the cursor about. Types at a steady pace, whether or not the host answers. The program on the terminal says each key, raw.
 */
export class ScreenTypist {
  readonly #typist: Typist;
  readonly #screen = new TerminalScreen(TYPIST_SIZE);
  /** Looks whenever something was printed. */
  #look: (atMs: number) => void = () => undefined;

  /** From now on, at a terminal that is blank or whose program has only spoken plainly. */
  constructor(typist: Typist) {
    this.#typist = typist;
    typist.onOutput = (bytes) => {
      const atMs = performance.now();
      this.#screen.write(bytes);
      this.#look(atMs);
    };
  }

  /** Each key has a cell of its own, in which its letter will stand; throws when they do not fit on the screen. */
  async typeSteadily({ keys, gapMs, drainMs, before }: SteadyTyping): Promise<KeyTimes> {
    const origin = this.#screen.cursor;
    if (cellAfter(origin, keys).row >= TYPIST_SIZE.rows)
      throw new Error(`${keys} keys do not fit on the screen`);
    const typedMs: number[] = [];
    const echoedMs: (number | undefined)[] = [];
    let waiting: number[] = [];
    let done: () => void = () => undefined;
    const allSeen = new Promise<void>((resolve) => {
      done = resolve;
    });
    this.#look = (atMs) => {
      waiting = waiting.filter((key) => {
        if (this.#screen.at(cellAfter(origin, key)) !== letterOf(key)) return true;
        echoedMs[key] = atMs;
        return false;
      });
      if (waiting.length === 0 && typedMs.length === keys) done();
    };
    const startMs = performance.now();
    for (let key = 0; key < keys; key += 1) {
      await sleep(Math.max(0, startMs + key * gapMs - performance.now()));
      await before?.(key);
      waiting.push(key);
      typedMs.push(performance.now());
      echoedMs.push(undefined);
      this.#typist.type(letterOf(key));
    }
    await Promise.race([allSeen, sleep(drainMs)]);
    this.#look = () => undefined;
    return { typedMs, echoedMs, startMs, endMs: performance.now() };
  }

  type(text: string): void {
    this.#typist.type(text);
  }

  /** Types `text`; resolves to the milliseconds until the cursor stands behind `line`, on a row with nothing else. */
  async answerOnRow(text: string, line: string, withinMs: number): Promise<number> {
    const typedMs = performance.now();
    const shown = new Promise<number>((resolve) => {
      this.#look = (atMs) => {
        if (this.#screen.text(this.#screen.cursor.row) === line) resolve(atMs);
      };
    });
    this.#typist.type(text);
    const shownMs = await Promise.race([shown, sleep(withinMs)]);
    this.#look = () => undefined;
    if (shownMs === undefined)
      throw new Error(`${JSON.stringify(line)} not seen in ${withinMs} ms`);
    return shownMs - typedMs;
  }
}

function cellAfter({ row, column }: Cell, count: number): Cell {
  const cell = column + count;
  const { columns } = TYPIST_SIZE;
  return { row: row + Math.floor(cell / columns), column: cell % columns };
}
