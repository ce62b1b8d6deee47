import { copyOf, EMPTY_BYTES } from '../base/bytes.ts';
import { type Clock, SystemClock } from '../base/clock.ts';
import { freeBuffer } from '../base/free-bytes.ts';
import {
  coreOf,
  type EmulatedTerminal,
  loadTerminal,
  type TerminalCore,
} from './screen-library.ts';
import { paintScreen } from './screen-painting.ts';
import { repairLibrary } from './screen-repairs.ts';
import { ScreenState } from './screen-state.ts';
import { ScreenWidths } from './screen-widths.ts';

const DEFAULT_SCROLLBACK = 1000;
/** The library's least. */
const MIN_COLUMNS = 2;
/** A cell takes 12 bytes. Where lines are long there are fewer in the scrollback; a screen that is larger still is cut. */
const MAX_CELLS = 1_048_576;
const MAX_COLUMNS = 4096;
const MAX_ROWS = MAX_CELLS / MAX_COLUMNS;
/** So many lines of text leave nothing of what a model's normal screen and its scrollback showed before, wherever they begin. */
export const LINES_TO_FILL: number = DEFAULT_SCROLLBACK + 2 * MAX_ROWS;
/** One turn of the event loop parses for so long, and is late by one piece at the most. */
const TURN_MS = 1.5;
const PIECE_BYTES = 4096;
/** Of what was parsed last so much is kept: the beginning of a sequence that goes on. */
const TAIL_BYTES = 4096;

const ESC = 0x1b;

/** What a screen model is made with. Sizes in cells, scrollback in lines. */
export interface ScreenModelOptions {
  readonly columns: number;
  readonly rows: number;
  /** Default 1,000. */
  readonly scrollback?: number;
  /** What a terminal answers to the program's questions. By default it is dropped. */
  readonly onAnswer?: (bytes: Uint8Array) => void;
  readonly clock?: Clock;
}

interface Size {
  readonly columns: number;
  readonly rows: number;
}

/**
 * A terminal's screen, scrollback and modes, kept up to date from its output, for painting them on another
 * terminal. Bytes are parsed in later turns of the event loop, in the order of the calls.
 *
 * Between any two calls: `pendingBytes` of what was written are not parsed yet; everything else has its
 * bounds (title, links, cells, stacks), whatever the output.
 */
export class ScreenModel {
  readonly #terminal: EmulatedTerminal;
  readonly #core: TerminalCore | undefined;
  readonly #state: ScreenState;
  readonly #clock: Clock;
  readonly #scrollback: number;
  #queue: (Uint8Array | Size)[] = [];
  #waiting: { readonly afterBytes: number; readonly resolve: () => void }[] = [];
  #writtenBytes = 0;
  #parsedBytes = 0;
  #isScheduled = false;
  #isIdle = true;
  #isClosed = false;
  /** The first bytes of a character, whose others have not come. */
  #started: Uint8Array = EMPTY_BYTES;
  #tail: Uint8Array = EMPTY_BYTES;

  /** Loads the emulator, if it is not loaded. */
  static async load(options: ScreenModelOptions): Promise<ScreenModel> {
    const { columns, rows, scrollback } = bounded(options, options.scrollback);
    return new ScreenModel(await loadTerminal(columns, rows, scrollback), options);
  }

  private constructor(terminal: EmulatedTerminal, options: ScreenModelOptions) {
    this.#terminal = terminal;
    this.#scrollback = options.scrollback ?? DEFAULT_SCROLLBACK;
    this.#clock = options.clock ?? new SystemClock();
    this.#core = coreOf(terminal);
    if (this.#core !== undefined) repairLibrary(this.#core);
    ScreenWidths.install(terminal);
    this.#state = new ScreenState(terminal, this.#core);
    const { onAnswer } = options;
    if (onAnswer !== undefined) terminal.onData((answer) => onAnswer(Buffer.from(answer, 'utf8')));
  }

  /** Takes a copy of `bytes`. The caller bounds what is pending. */
  write(bytes: Uint8Array): void {
    if (this.#isClosed || bytes.length === 0) return;
    this.#queue.push(copyOf(bytes));
    this.#writtenBytes += bytes.length;
    this.#schedule();
  }

  /** Bytes written and not parsed yet. */
  get pendingBytes(): number {
    return this.#writtenBytes - this.#parsedBytes;
  }

  /** Resolves when everything written before the call has been parsed, or the model is closed. */
  whenParsed(): Promise<void> {
    if (this.#isIdle) return Promise.resolve();
    const afterBytes = this.#writtenBytes;
    return new Promise((resolve) => {
      this.#waiting.push({ afterBytes, resolve });
    });
  }

  /** What was written before is parsed at the size before. Lines are broken anew, as terminals do. */
  resize(columns: number, rows: number): void {
    if (this.#isClosed) return;
    this.#queue.push({ columns, rows });
    this.#schedule();
  }

  /**
   * What draws everything that has been parsed on a cleared terminal of the same size in its default state.
   * Where a sequence or a character is only half there, its beginning comes last.
   */
  paint(): Uint8Array {
    const painting = paintScreen(this.#terminal, this.#core, this.#state);
    return Buffer.concat([painting, this.#unfinished()]);
  }

  /** Whether a line can begin here: nothing is half there, and the cursor is in the first column of the normal screen, all of which scrolls. */
  get isAtLineStart(): boolean {
    if (this.#core === undefined || !this.#isIdle || !this.#isGround) return false;
    const { active, normal } = this.#core.buffers;
    const isWhole = active.scrollTop === 0 && active.scrollBottom === this.#terminal.rows - 1;
    return active === normal && active.x === 0 && isWhole && this.#started.length === 0;
  }

  /** Not yet printable. */
  get title(): string {
    return this.#core?._inputHandler._windowTitle ?? '';
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#queue = [];
    this.#parsedBytes = this.#writtenBytes;
    this.#settle();
    this.#terminal.dispose();
  }

  #schedule(): void {
    this.#isIdle = false;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#clock.afterIo(() => {
      this.#isScheduled = false;
      this.#turn();
    });
  }

  #turn(): void {
    if (this.#isClosed) return;
    const endMs = this.#clock.now() + TURN_MS;
    while (this.#queue.length > 0 && this.#clock.now() < endMs) this.#step();
    // Without the library's own objects it parses when it likes.
    if (this.#core === undefined) this.#terminal.write('', () => this.#afterTurn());
    else this.#afterTurn();
  }

  #afterTurn(): void {
    this.#settle();
    if (this.#queue.length > 0) this.#schedule();
    else this.#isIdle = true;
  }

  #step(): void {
    const [next] = this.#queue;
    if (next instanceof Uint8Array) {
      this.#parse(next.subarray(0, PIECE_BYTES));
      if (next.length > PIECE_BYTES) this.#queue[0] = next.subarray(PIECE_BYTES);
      else {
        this.#queue.shift();
        // Without the library's own objects it may not have read them yet.
        if (this.#core !== undefined) freeBuffer(next.buffer);
      }
    } else if (next !== undefined) {
      this.#queue.shift();
      const { columns, rows, scrollback } = bounded(next, this.#scrollback);
      this.#terminal.options.scrollback = scrollback;
      this.#state.resize(columns, rows);
    }
  }

  /** The library loses a character that is cut behind a byte 0x80, as of a dash or a quotation mark: none is cut. */
  #parse(piece: Uint8Array): void {
    const bytes = this.#started.length === 0 ? piece : Buffer.concat([this.#started, piece]);
    const whole = bytes.subarray(0, bytes.length - startedBytes(bytes));
    this.#started =
      whole.length === bytes.length ? EMPTY_BYTES : copyOf(bytes.subarray(whole.length));
    this.#parsedBytes += piece.length;
    if (whole.length === 0) return;
    if (this.#core === undefined) this.#terminal.write(whole);
    else parsePiece(this.#core, whole);
    this.#keepTail(whole);
  }

  /** Between sequences nothing is unfinished. */
  #keepTail(whole: Uint8Array): void {
    if (this.#isGround) {
      this.#tail = EMPTY_BYTES;
      return;
    }
    const tail = Buffer.concat([this.#tail, whole.subarray(-TAIL_BYTES)]);
    this.#tail = tail.subarray(-TAIL_BYTES);
  }

  get #isGround(): boolean {
    return (this.#core?._inputHandler._parser.currentState ?? 0) === 0;
  }

  #settle(): void {
    const isDone = this.#queue.length === 0;
    this.#waiting = this.#waiting.filter(({ afterBytes, resolve }) => {
      if (!isDone && this.#parsedBytes < afterBytes) return true;
      resolve();
      return false;
    });
  }

  /** The beginning of a sequence or a character that lacks its end. */
  #unfinished(): Uint8Array {
    const begin = this.#isGround ? -1 : this.#tail.lastIndexOf(ESC);
    const sequence = begin < 0 ? EMPTY_BYTES : this.#tail.subarray(begin);
    return Buffer.concat([sequence, this.#started]);
  }
}

/** The library has thrown at output that no program sends. What is left of the piece is lost then, and no more. */
function parsePiece({ _inputHandler: input }: TerminalCore, piece: Uint8Array): void {
  try {
    input.parse(piece);
  } catch {
    input._parser.reset();
  }
}

function bounded(
  size: Size,
  scrollback: number = DEFAULT_SCROLLBACK,
): Size & { readonly scrollback: number } {
  const columns = Math.min(Math.max(Math.floor(size.columns) || 0, MIN_COLUMNS), MAX_COLUMNS);
  const rows = Math.min(Math.max(Math.floor(size.rows) || 0, 1), MAX_ROWS);
  const lines = Math.max(Math.floor(MAX_CELLS / columns) - rows, 0);
  return { columns, rows, scrollback: Math.min(scrollback, lines) };
}

/** How many bytes at the end begin a character of UTF-8 that they do not finish. */
function startedBytes(bytes: Uint8Array): number {
  for (let count = 1; count <= 3 && count <= bytes.length; count += 1) {
    const byte = bytes[bytes.length - count] as number;
    if (byte < 0x80) return 0;
    if (byte < 0xc0) continue;
    const length = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    return length > count ? count : 0;
  }
  return 0;
}
