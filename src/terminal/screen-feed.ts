import { EMPTY_BYTES } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { PlainRuns } from './plain-runs.ts';
import { LINES_TO_FILL, type ScreenModel, type ScreenModelOptions } from './screen-model.ts';
import type { TerminalLog } from './terminal-log.ts';

/** While somebody looks, the model is fed only when the program has been silent for this long, in milliseconds. */
const PAUSE_MS = 50;
/** ...and, for the first time, once so much waits for it: a session that nobody leaves needs no model. */
const WORTH_LOADING_BYTES: number = 2 * 1024 * 1024;
/** So much may wait for the model while nobody looks; then the terminal is read at its pace. */
const AHEAD_BYTES: number = 4 * 1024 * 1024;
const PIECE_BYTES = 65_536;
/** So much is looked through in one turn of the event loop. */
const LOOK_BYTES: number = 1024 * 1024;
/** While nobody looks, so much of plain lines may wait for more of them: most of it will have scrolled away. */
const PLAIN_BYTES: number = 1024 * 1024;
const MAX_RESIZES = 64;
const MAX_ANSWERED = 64;

export interface ScreenFeedDeps {
  readonly clock: Clock;
  readonly log: Pick<TerminalLog, 'start' | 'end' | 'read' | 'damagedEnd' | 'retain'>;
  /** What the log keeps. */
  readonly historyBytes: number;
  readonly load: (options: ScreenModelOptions) => Promise<ScreenModel>;
  /** Where the output has runs of plain lines. */
  readonly runs?: PlainRuns;
  /** The model's answer to a question of the program's that no terminal will see. */
  readonly onAnswer: (bytes: Uint8Array) => void;
  /** The model has eaten: the pty may be read on. */
  readonly onProgress: () => void;
  readonly onBroken: (error: unknown) => void;
}

/** What a new terminal is shown. */
export interface Painting {
  /** Draws the screen on a cleared terminal in its default state. */
  readonly bytes: Uint8Array;
  /** Where the output goes on behind it. */
  readonly offset: number;
}

/** From `start` up to `end` the model has answered what the program asked. */
interface Answered {
  readonly start: number;
  end: number;
}

interface Resize {
  readonly offset: number;
  readonly columns: number;
  readonly rows: number;
}

interface Waiting {
  readonly upTo: number;
  readonly resolve: (painting: Painting) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Keeps, out of a terminal's log, the screen that is there: at once while nobody looks, else in the program's pauses.
 *
 *   absent --- needed ---> loading ---> ready          any --- failure ---> broken (final)
 *
 * Between any two calls: the log retains everything from `position` on, unless this is broken.
 */
export class ScreenFeed {
  readonly #deps: ScreenFeedDeps;
  readonly #runs: PlainRuns;
  #state: 'absent' | 'loading' | 'ready' | 'broken' = 'absent';
  #model: ScreenModel | undefined;
  #position = 0;
  /** What lies from here on is for no terminal: the model answers its questions. `undefined` while somebody is there. */
  #aloneFrom: number | undefined;
  #isAnswering = false;
  #isFeeding = false;
  #size = { columns: 80, rows: 24 };
  readonly #resizes: Resize[] = [];
  readonly #answered: Answered[] = [];
  #waiting: Waiting[] = [];
  #lastOutputMs = 0;
  #isHeld = false;
  #timer: Timer | undefined;

  constructor(deps: ScreenFeedDeps) {
    this.#deps = deps;
    this.#runs = deps.runs ?? new PlainRuns(deps.log.end, LINES_TO_FILL);
  }

  /** The model has everything below this offset. */
  get position(): number {
    return this.#position;
  }

  /** How much of the pty may be read as far as the model is concerned. */
  get roomBytes(): number {
    if (this.#state === 'broken') return Number.POSITIVE_INFINITY;
    const mostBytes = this.#mostBytes;
    const limit = this.#aloneFrom === undefined ? mostBytes : Math.min(AHEAD_BYTES, mostBytes);
    return Math.max(0, limit - this.#lag);
  }

  /** Output has come into the log. */
  onOutput(): void {
    this.#lastOutputMs = this.#deps.clock.now();
    if (this.#aloneFrom !== undefined) this.#lookThrough();
    this.#consider();
  }

  /** Whether nobody reads what the program puts out: then its silence is no pause of its own. */
  setHeld(isHeld: boolean): void {
    if (this.#isHeld && !isHeld) this.#lastOutputMs = this.#deps.clock.now();
    this.#isHeld = isHeld;
    if (!isHeld) this.#consider();
  }

  /** Whether somebody is there; `undefined`: somebody is, else the first offset that no terminal has been given. */
  setAlone(from: number | undefined): void {
    this.#aloneFrom = from;
    if (from !== undefined) this.#consider();
  }

  /** The terminal has another size from here on. */
  resize(columns: number, rows: number): void {
    const { end } = this.#deps.log;
    const last = this.#resizes.at(-1);
    if (last?.offset === end || this.#resizes.length === MAX_RESIZES) this.#resizes.pop();
    this.#resizes.push({ offset: end, columns, rows });
    if (this.#runs.end === end) this.#runs.restart();
    this.#applyResizes();
  }

  /** The screen as it is behind everything that is in the log now. Rejects where there is no model. */
  paint(): Promise<Painting> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ upTo: this.#deps.log.end, resolve, reject });
      if (this.#state === 'broken') this.#break(new Error('there is no screen model'));
      else this.#feed();
    });
  }

  /** Whether the model has answered what is asked at `offset`, and how far that holds. */
  answeredAt(offset: number): { readonly isAnswered: boolean; readonly until: number } {
    for (const { start, end } of this.#answered) {
      if (offset < start) return { isAnswered: false, until: start };
      if (offset < end) return { isAnswered: true, until: end };
    }
    return { isAnswered: false, until: Number.POSITIVE_INFINITY };
  }

  close(): void {
    this.#timer?.cancel();
    this.#state = 'broken';
    this.#model?.close();
    this.#model = undefined;
  }

  get #lag(): number {
    return this.#deps.log.end - this.#position;
  }

  /** Behind by this much the model is fed though the program does not pause: less than it eats in the 10 s before somebody may attach. */
  get #hurryBytes(): number {
    return this.#deps.historyBytes / 2;
  }

  /** Behind by this much the program is held up, before the log would forget what the model has not had. */
  get #mostBytes(): number {
    return (this.#deps.historyBytes * 3) / 4;
  }

  get #isUrgent(): boolean {
    const isAlone = this.#aloneFrom !== undefined;
    // Plain lines ask nothing.
    const isPlain = this.#isLookedThrough && this.#runs.isPlainFrom(this.#position);
    const mayWait = isPlain && this.#lag <= PLAIN_BYTES;
    return (isAlone && !mayWait) || this.#waiting.length > 0 || this.#lag > this.#hurryBytes;
  }

  #consider(): void {
    if (this.#state === 'broken' || this.#lag === 0) return;
    if (this.#isUrgent) this.#feed();
    else if (this.#isWorthFeeding) this.#awaitPause();
  }

  get #isWorthFeeding(): boolean {
    const isAlone = this.#aloneFrom !== undefined;
    return isAlone || this.#state !== 'absent' || this.#lag > WORTH_LOADING_BYTES;
  }

  #awaitPause(): void {
    if (this.#timer !== undefined || this.#isHeld) return;
    const dueMs = this.#lastOutputMs + PAUSE_MS;
    const delayMs = Math.max(1, dueMs - this.#deps.clock.now());
    this.#timer = this.#deps.clock.schedule(delayMs, () => {
      this.#timer = undefined;
      if (this.#isPause) this.#feed();
      else this.#consider();
    });
  }

  get #isPause(): boolean {
    return !this.#isHeld && this.#deps.clock.now() - this.#lastOutputMs >= PAUSE_MS;
  }

  #feed(): void {
    if (this.#state === 'absent') this.#load();
    if (this.#state !== 'ready' || this.#isFeeding) return;
    this.#isFeeding = true;
    this.#step();
  }

  #load(): void {
    this.#state = 'loading';
    this.#applyResizes();
    const { columns, rows } = this.#size;
    this.#deps.load({ columns, rows, onAnswer: (bytes) => this.#answer(bytes) }).then(
      (model) => {
        if (this.#state !== 'loading') {
          model.close();
          return;
        }
        this.#model = model;
        this.#state = 'ready';
        this.#feed();
      },
      (error: unknown) => this.#break(error),
    );
  }

  #answer(bytes: Uint8Array): void {
    if (this.#isAnswering) this.#deps.onAnswer(bytes);
  }

  #step(): void {
    const { log } = this.#deps;
    this.#applyResizes();
    this.#settle();
    const isDue = this.#isUrgent || this.#isPause;
    if (this.#state !== 'ready' || this.#lag === 0 || !isDue) {
      this.#isFeeding = false;
      if (!isDue) this.#awaitPause();
      return;
    }
    const model = this.#model;
    this.#lookThrough();
    if (!this.#isLookedThrough) {
      this.#deps.clock.afterIo(() => this.#step());
      return;
    }
    this.#skip();
    const piece = this.#nextPiece();
    const start = this.#position;
    const end = start + piece.length;
    this.#isAnswering = this.#aloneFrom !== undefined && start >= this.#aloneFrom;
    if (this.#isAnswering) this.#noteAnswered(start, end);
    model?.write(piece);
    void model?.whenParsed().then(() => {
      if (this.#state !== 'ready') return;
      this.#position = end;
      log.retain(this.#position);
      this.#runs.release(this.#position);
      this.#step();
      this.#deps.onProgress();
    });
  }

  get #isLookedThrough(): boolean {
    return this.#runs.end === this.#deps.log.end;
  }

  /** Looks for plain lines in what has come, or in as much of it as a few milliseconds allow. A change of size ends a run. */
  #lookThrough(): void {
    const { log } = this.#deps;
    const from = Math.max(this.#position, log.start);
    if (this.#runs.end < from) this.#runs.restart(from);
    const stop = Math.min(log.end, this.#runs.end + LOOK_BYTES);
    while (this.#runs.end < stop) {
      const { end } = this.#runs;
      if (this.#resizes.some(({ offset }) => offset === end)) this.#runs.restart();
      const next = this.#resizes.find(({ offset }) => offset > end)?.offset ?? stop;
      const piece = this.#read(end, Math.min(PIECE_BYTES, next - end, stop - end));
      if (piece.length === 0) this.#runs.restart(Math.max(log.damagedEnd(end), end + 1));
      else this.#runs.push(piece);
    }
  }

  /** Goes past lines that would only scroll out of the model again. */
  #skip(): void {
    const model = this.#model;
    if (model === undefined || !model.isAtLineStart) return;
    const shortcut = this.#runs.shortcutFrom(this.#position);
    if (shortcut === undefined) return;
    model.write(shortcut.renditions);
    this.#position = shortcut.offset;
  }

  /** Empty where the bytes cannot be read. */
  #read(offset: number, maxBytes: number): Uint8Array {
    try {
      return this.#deps.log.read(offset, maxBytes);
    } catch {
      return EMPTY_BYTES;
    }
  }

  /** A view, valid until the log is asked again. Not across a change of size, or the place from which the model answers. Bytes that cannot be read any more are left out. */
  #nextPiece(): Uint8Array {
    const { log } = this.#deps;
    // What the log has forgotten, whoever retained it, no model can have.
    this.#position = Math.max(this.#position, log.start);
    const limits = [this.#resizes[0]?.offset, this.#aloneFrom, this.#position + PIECE_BYTES];
    const ends = limits.filter((each) => each !== undefined && each > this.#position);
    const most = Math.min(...(ends as number[])) - this.#position;
    const piece = this.#read(this.#position, most);
    if (piece.length === 0) this.#position = log.damagedEnd(this.#position);
    return this.#runs.shortcutFrom(this.#position) === undefined ? piece : wholeLines(piece);
  }

  /** Two that lie apart are one where there would be too many: a question in between stays without an answer. */
  #noteAnswered(start: number, end: number): void {
    const last = this.#answered.at(-1);
    if (last !== undefined && (last.end === start || this.#answered.length === MAX_ANSWERED)) {
      last.end = end;
      return;
    }
    const [first] = this.#answered;
    if (first !== undefined && first.end <= this.#deps.log.start) this.#answered.shift();
    this.#answered.push({ start, end });
  }

  #applyResizes(): void {
    for (let [first] = this.#resizes; first !== undefined; [first] = this.#resizes) {
      if (first.offset > this.#position) return;
      this.#resizes.shift();
      this.#size = first;
      this.#model?.resize(first.columns, first.rows);
    }
  }

  #settle(): void {
    const model = this.#model;
    if (model === undefined) return;
    const due = this.#waiting.filter(({ upTo }) => upTo <= this.#position);
    if (due.length === 0) return;
    this.#waiting = this.#waiting.filter(({ upTo }) => upTo > this.#position);
    const painting = { bytes: model.paint(), offset: this.#position };
    for (const { resolve } of due) resolve(painting);
  }

  /** The shell goes on without a screen model, and the log need not wait for one. */
  #break(error: unknown): void {
    if (this.#state !== 'broken') this.#deps.onBroken(error);
    this.close();
    this.#deps.log.retain(undefined);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { reject } of waiting) reject(error);
    this.#deps.onProgress();
  }
}

/** Without the beginning of a line at the end, if there is more than that. */
function wholeLines(piece: Uint8Array): Uint8Array {
  const buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
  const end = buffer.lastIndexOf('\r\n') + 2;
  return end < 2 ? piece : piece.subarray(0, end);
}
