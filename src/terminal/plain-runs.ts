import { PlainRun, type Shortcut } from './plain-run.ts';

/** A shortcut through less than this is not worth remembering. */
const WORTH_BYTES: number = 256 * 1024;
const MAX_RUNS = 64;

interface Remembered {
  readonly start: number;
  readonly shortcut: Shortcut;
}

/**
 * The runs of plain lines in a terminal's output, as far as it has been looked through: the one that goes on, and the long ones before it.
 *
 * Between any two calls: a run begins where bytes begin that were pushed, and all of it is plain to whom it is read from the beginning of
 * a line; it may begin within a sequence, which nobody reads from there.
 */
export class PlainRuns {
  readonly #keptLines: number;
  readonly #worthBytes: number;
  readonly #past: Remembered[] = [];
  #end: number;
  #start: number;
  #run: PlainRun;

  /** Output begins at `offset`; behind a shortcut there are `keptLines` more lines. `worthBytes`: default 256 KiB. */
  constructor(offset: number, keptLines: number, worthBytes: number = WORTH_BYTES) {
    this.#keptLines = keptLines;
    this.#worthBytes = worthBytes;
    this.#end = offset;
    this.#start = offset;
    this.#run = new PlainRun(offset, keptLines);
  }

  /** Up to here the output has been pushed. */
  get end(): number {
    return this.#end;
  }

  push(bytes: Uint8Array): void {
    this.#end += bytes.length;
    if (!this.#run.push(bytes)) this.restart();
  }

  /** What comes now is another run, at `offset`: the bytes before it are not pushed. */
  restart(offset: number = this.#end): void {
    const { shortcut } = this.#run;
    if (shortcut !== undefined && shortcut.offset - this.#start >= this.#worthBytes) {
      this.#past.push({ start: this.#start, shortcut });
      if (this.#past.length > MAX_RUNS) this.#past.shift();
    }
    this.#end = offset;
    this.#start = offset;
    this.#run = new PlainRun(offset, this.#keptLines);
  }

  /** Nobody will ask for what lies below `offset`. */
  release(offset: number): void {
    while ((this.#past[0]?.shortcut.offset ?? offset) < offset) this.#past.shift();
  }

  /** Whether everything from `offset` on is plain, as far as it was pushed. */
  isPlainFrom(offset: number): boolean {
    return offset >= this.#start;
  }

  /** For a terminal that has everything below `offset` and stands at the beginning of a line; `undefined` where it would save little. */
  shortcutFrom(offset: number): Shortcut | undefined {
    const shortcut = this.#pastFrom(offset) ?? this.#presentFrom(offset);
    const isWorth = shortcut !== undefined && shortcut.offset - offset >= this.#worthBytes;
    return isWorth ? shortcut : undefined;
  }

  #pastFrom(offset: number): Shortcut | undefined {
    return this.#past.find((each) => each.start <= offset && each.shortcut.offset > offset)
      ?.shortcut;
  }

  #presentFrom(offset: number): Shortcut | undefined {
    return this.isPlainFrom(offset) ? this.#run.shortcut : undefined;
  }
}
