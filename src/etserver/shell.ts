import type { Clock, Timer } from '../base/clock.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import type { Pty, PtyEvents } from '../process/pty.ts';
import { TerminalLog } from '../terminal/terminal-log.ts';

/** What the log holds while nobody is there to read; then the pty is read no more. */
const LOG_BYTES = 64 * 1024 * 1024;
/** Kept for a client that attaches anew and has nothing. */
const HISTORY_BYTES = 65_536;
/** How far the pty is read ahead of a client that is there, at the least, and in milliseconds of its link. */
const AHEAD_BYTES = 32_768;
const AHEAD_MS = 250;
/** One read of the pty, where a quarter of a second holds many of them; else the least that one takes. */
const LARGE_BATCH_BYTES = 65_536;
const SMALL_BATCH_BYTES = 4096;
/** After so long without a link, or without credit, the output is drained into the log. */
const ABSENT_MS = 2000;
const STALLED_MS = 30_000;

/** One that shows the shell's output: a terminal channel. */
export interface Viewer {
  /** The offset of the next byte it will be given. */
  readonly cursor: number;
  /** Bytes given to it that have not left. */
  readonly waitingBytes: number;
  /** Its client can be reached. */
  readonly isPresent: boolean;
  /** Milliseconds since its client could be reached; 0 while it can. */
  readonly absentMs: number;
  /** When bytes last left for it, on the clock. */
  readonly progressMs: number;
  readonly bytesPerMs: number | undefined;
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
  readonly log: TerminalLog = new TerminalLog(LOG_BYTES, HISTORY_BYTES);
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
    const pause = this.#mustPause(this.#pty);
    if (pause === this.#isPaused) return;
    this.#isPaused = pause;
    if (pause) this.#pty.pause();
    else this.#pty.resume();
    this.#watch();
  }

  #mustPause(pty: Pty): boolean {
    if (this.log.room === 0) return true;
    let isHeld = false;
    let batchBytes = LARGE_BATCH_BYTES;
    for (const viewer of this.#viewers) {
      if (viewer.absentMs > ABSENT_MS || this.#isStalled(viewer)) continue;
      const aheadBytes = Math.max(AHEAD_BYTES, AHEAD_MS * (viewer.bytesPerMs ?? 0));
      if (aheadBytes < 4 * LARGE_BATCH_BYTES) batchBytes = SMALL_BATCH_BYTES;
      if (this.log.end - viewer.cursor + viewer.waitingBytes >= aheadBytes) isHeld = true;
    }
    pty.batchBytes = batchBytes;
    return isHeld;
  }

  #isStalled(viewer: Viewer): boolean {
    return viewer.waitingBytes > 0 && this.#clock.now() - viewer.progressMs > STALLED_MS;
  }

  /** While the pty waits for somebody, that somebody may go away. */
  #watch(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (!this.#isPaused || this.log.room === 0) return;
    this.#timer = this.#clock.schedule(ABSENT_MS / 2, () => {
      this.#timer = undefined;
      this.decide();
      if (this.#timer === undefined) this.#watch();
    });
  }

  /** What everybody has seen is forgotten but for the history; what nobody has, waits for somebody. */
  #release(): void {
    let seen = Number.POSITIVE_INFINITY;
    for (const viewer of this.#viewers) seen = Math.min(seen, viewer.cursor);
    if (seen < Number.POSITIVE_INFINITY) this.log.release(seen);
  }
}
