import type { Clock, Timer } from '../base/clock.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import type { Pty, PtyEvents } from '../process/pty.ts';
import type { FeedDecision } from '../terminal/terminal-feed.ts';
import { TerminalLog } from '../terminal/terminal-log.ts';

/** What the log holds while nobody is there to read; then the pty is read no more. */
const LOG_BYTES = 64 * 1024 * 1024;
/** With less room than this, a viewer that is away no longer keeps the output from those who are there. */
const SHARED_ROOM_BYTES: number = LOG_BYTES / 2;
/** Kept for a client that attaches anew and has nothing. */
const HISTORY_BYTES = 65_536;
/** The most and the least that one read of the pty gives. */
const LARGEST_BATCH_BYTES = 65_536;
const SMALLEST_BATCH_BYTES = 4095;

/** One that shows the shell's output: a terminal channel. */
export interface Viewer {
  /** The offset of the next byte it will be given. */
  readonly cursor: number;
  /** Its client can be reached. */
  readonly isPresent: boolean;
  /** How much may be read for it now. */
  decide(logRoomBytes: number, nowMs: number): FeedDecision;
  /** Output has come, or the shell is over. */
  pump(): void;
  onExit(exit: ExitStatus): void;
}

/**
 * A pty, the log of its output, and who looks at it.
 *
 *   running --- exit, all output in the log ---> over (final)
 *
 * Between any two calls: the pty is paused exactly when whoever is there has enough to read, or the log is full.
 * It is never read ahead of somebody who is there by more than a quarter of a second, or ^C would wait behind it;
 * for somebody who is away it is read on, or a build would stand still all night.
 */
export class Shell implements PtyEvents {
  readonly log: TerminalLog = new TerminalLog({ memoryBytes: LOG_BYTES, historyBytes: LOG_BYTES });
  readonly #clock: Clock;
  readonly #onOver: () => void;
  readonly #viewers = new Set<Viewer>();
  #pty: Pty | undefined;
  #exit: ExitStatus | undefined;
  #isPaused = true;
  #timer: Timer | undefined;

  constructor(clock: Clock, onOver: () => void) {
    this.#clock = clock;
    this.#onOver = onOver;
  }

  /** Starts the program; `spawn` makes the pty with this as its events. */
  start(spawn: (events: PtyEvents) => Pty, greeting: Uint8Array): void {
    this.log.append(greeting);
    this.#pty = spawn(this);
    this.decide();
  }

  get exit(): ExitStatus | undefined {
    return this.#exit;
  }

  get viewerCount(): number {
    return this.#viewers.size;
  }

  get viewers(): ReadonlySet<Viewer> {
    return this.#viewers;
  }

  attach(viewer: Viewer): void {
    this.#viewers.add(viewer);
    viewer.pump();
    if (this.#exit !== undefined) viewer.onExit(this.#exit);
    this.decide();
  }

  detach(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    this.decide();
  }

  /** Bytes that the program's terminal takes now. */
  get writableBytes(): number {
    return this.#pty?.writableBytes ?? 0;
  }

  type(bytes: Uint8Array): void {
    if (this.#exit === undefined) this.#pty?.write(bytes);
  }

  resize(columns: number, rows: number): void {
    if (this.#exit === undefined) this.#pty?.resize(columns, rows);
  }

  /** Makes the programs draw their screens again: two changes of size, since one to the same size is none. */
  redraw(columns: number, rows: number): void {
    this.resize(columns, rows > 1 ? rows - 1 : rows + 1);
    this.resize(columns, rows);
  }

  signal(name: string): void {
    if (this.#exit === undefined) this.#pty?.signal(name);
  }

  /** The terminal is gone: the programs get SIGHUP. */
  hangUp(): void {
    if (this.#exit !== undefined) return;
    this.#pty?.signal('HUP');
    this.#pty?.close();
  }

  onData(bytes: Uint8Array): void {
    this.log.append(bytes);
    for (const viewer of this.#viewers) viewer.pump();
    this.decide();
  }

  onExit(exit: ExitStatus): void {
    this.#exit = exit;
    this.#timer?.cancel();
    for (const viewer of this.#viewers) {
      viewer.pump();
      viewer.onExit(exit);
    }
    this.#onOver();
  }

  /** Viewers' input waits for this. */
  onWritable(): void {
    for (const viewer of this.#viewers) viewer.pump();
  }

  /** Reads the pty or not, as who is there demands; to be called when anything of that has changed. */
  decide(): void {
    this.#release();
    if (this.#pty === undefined || this.#exit !== undefined) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    const { readBytes, reviewAtMs } = this.#decision();
    this.#pty.batchBytes = Math.min(Math.max(readBytes, SMALLEST_BATCH_BYTES), LARGEST_BATCH_BYTES);
    if (reviewAtMs !== undefined && readBytes === 0) {
      const delayMs = Math.max(0, reviewAtMs - this.#clock.now());
      this.#timer = this.#clock.schedule(delayMs, () => this.decide());
    }
    if ((readBytes === 0) === this.#isPaused) return;
    this.#isPaused = readBytes === 0;
    if (this.#isPaused) this.#pty.pause();
    else this.#pty.resume();
  }

  /** The viewer that needs the most restraint decides; for those who are away the log is filled. */
  #decision(): { readonly readBytes: number; readonly reviewAtMs: number | undefined } {
    const nowMs = this.#clock.now();
    const { room } = this.log;
    let readBytes = room;
    let reviewAtMs: number | undefined;
    for (const viewer of this.#viewers) {
      const decision = viewer.decide(room, nowMs);
      readBytes = Math.min(readBytes, decision.readBytes);
      const review = decision.reviewAtMs ?? Number.POSITIVE_INFINITY;
      if (review < (reviewAtMs ?? Number.POSITIVE_INFINITY)) reviewAtMs = review;
    }
    return { readBytes, reviewAtMs };
  }

  /**
   * What everybody has seen is forgotten but for the history; what nobody has, waits for somebody. Half of the log is for
   * those who are away: one that never returns must not stop the shell of one who is there.
   */
  #release(): void {
    this.#forget(this.#viewers);
    if (this.log.room < SHARED_ROOM_BYTES)
      this.#forget([...this.#viewers].filter(({ isPresent }) => isPresent));
  }

  #forget(seenBy: Iterable<Viewer>): void {
    let seen = Number.POSITIVE_INFINITY;
    for (const viewer of seenBy) seen = Math.min(seen, viewer.cursor);
    if (seen === Number.POSITIVE_INFINITY) return;
    this.log.deliveredUpTo(seen);
    this.log.release(Math.min(seen, this.log.end - HISTORY_BYTES));
  }
}
