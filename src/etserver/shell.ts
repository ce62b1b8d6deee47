import type { Clock, Timer } from '../base/clock.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import type { Pty, PtyEvents } from '../process/pty.ts';
import type { Painting, ScreenFeed } from '../terminal/screen-feed.ts';
import type { ShellFacts } from '../terminal/shell-facts.ts';
import type { FeedDecision } from '../terminal/terminal-feed.ts';
import type { TerminalLog } from '../terminal/terminal-log.ts';

/** The most and the least that one read of the pty gives. */
const LARGEST_BATCH_BYTES = 65_536;
const SMALLEST_BATCH_BYTES = 4095;

/** One that shows the shell's output: a terminal channel. */
export interface Viewer {
  /** The offset of the next byte it will be given. */
  readonly cursor: number;
  /** Its client has all below, as far as is known. */
  readonly delivered: number;
  /** Its client can be reached. */
  readonly isPresent: boolean;
  /** How much may be read for it now. */
  decide(logRoomBytes: number, nowMs: number): FeedDecision;
  /** Output has come, or the shell is over. */
  pump(): void;
  onExit(exit: ExitStatus): void;
  /** A line for the user. */
  warn(text: string): void;
}

export interface ShellDeps {
  readonly clock: Clock;
  readonly log: TerminalLog;
  /** What the output says of itself: title, directory, `tmux -CC`. */
  readonly facts: ShellFacts;
  /** What answers questions that no terminal sees is `type`. */
  readonly makeScreen: (shell: Shell) => ScreenFeed;
  readonly onOver: () => void;
}

/**
 * A pty, the log of its output, and who looks at it.
 *
 *   running --- exit, all output in the log ---> over (final)
 *
 * Between any two calls: the pty is paused exactly when whoever is there has enough to read, or the screen model has.
 * It is never read ahead of somebody who is there by more than a quarter of a second, or ^C would wait behind it;
 * for somebody who is away it is read on, or a build would stand still all night.
 */
export class Shell implements PtyEvents {
  readonly log: TerminalLog;
  readonly facts: ShellFacts;
  readonly screen: ScreenFeed;
  readonly #clock: Clock;
  readonly #onOver: () => void;
  readonly #viewers = new Set<Viewer>();
  #pty: Pty | undefined;
  #exit: ExitStatus | undefined;
  #isPaused = true;
  #timer: Timer | undefined;
  /** Viewers that have left had everything below. */
  #delivered = 0;
  #lastOutputMs: number | undefined;

  constructor({ clock, log, facts, makeScreen, onOver }: ShellDeps) {
    this.#clock = clock;
    this.log = log;
    this.facts = facts;
    this.#onOver = onOver;
    this.screen = makeScreen(this);
  }

  /** Starts the program; `spawn` makes the pty with this as its events. */
  start(spawn: (events: PtyEvents) => Pty, greeting: Uint8Array): void {
    this.#pty = spawn(this);
    this.onData(greeting);
  }

  get isStarted(): boolean {
    return this.#pty !== undefined;
  }

  /** The process in it, whose directory is the shell's. */
  get pid(): number | undefined {
    return this.#exit === undefined ? this.#pty?.pid : undefined;
  }

  /** Since the last output; `undefined` before there was any. */
  get silentMs(): number | undefined {
    return this.#lastOutputMs === undefined ? undefined : this.#clock.now() - this.#lastOutputMs;
  }

  /** No client has been given anything from here on. */
  get delivered(): number {
    let delivered = this.#delivered;
    for (const { cursor } of this.#viewers) delivered = Math.max(delivered, cursor);
    return delivered;
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
    this.#lookWhoIsThere();
    viewer.pump();
    if (this.#exit !== undefined) viewer.onExit(this.#exit);
    this.decide();
  }

  detach(viewer: Viewer): void {
    this.#viewers.delete(viewer);
    this.decide();
  }

  /** A viewer is about to leave: what it has had, nobody misses. */
  noteDelivered(): void {
    for (const { delivered } of this.#viewers)
      this.#delivered = Math.max(this.#delivered, delivered);
  }

  /** Bytes that the program's terminal takes now. */
  get writableBytes(): number {
    return this.#pty?.writableBytes ?? 0;
  }

  type(bytes: Uint8Array): void {
    if (this.#exit === undefined) this.#pty?.write(bytes);
  }

  /** What a terminal would say to the program; not worth waiting for room. */
  answer(bytes: Uint8Array): void {
    if (bytes.length <= this.writableBytes) this.type(bytes);
  }

  resize(columns: number, rows: number): void {
    if (this.#exit !== undefined) return;
    this.#pty?.resize(columns, rows);
    this.screen.resize(columns, rows);
  }

  /** The screen as it is, for a terminal that has nothing of it. */
  paint(): Promise<Painting> {
    return this.screen.paint();
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

  /** Nothing is kept any more. */
  close(): void {
    this.#timer?.cancel();
    this.screen.close();
  }

  onData(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#lastOutputMs = this.#clock.now();
    this.log.append(bytes);
    this.facts.push(bytes);
    for (const viewer of this.#viewers) viewer.pump();
    this.screen.onOutput();
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
    this.#lookWhoIsThere();
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
    this.screen.setHeld(this.#isPaused);
  }

  /** The viewer that needs the most restraint decides; for those who are away the log is filled, at the pace of the screen model. */
  #decision(): { readonly readBytes: number; readonly reviewAtMs: number | undefined } {
    const nowMs = this.#clock.now();
    const { behindUntilMs } = this.log;
    // A disk that is slow is waited for, or it would take nothing of what the program goes on to say; one that is stuck, only while nobody else waits.
    const isWaiting = behindUntilMs !== undefined && (this.#isAlone || nowMs < behindUntilMs);
    const room = isWaiting ? 0 : this.screen.roomBytes;
    let readBytes = room;
    let reviewAtMs = isWaiting && !this.#isAlone ? behindUntilMs : undefined;
    for (const viewer of this.#viewers) {
      const decision = viewer.decide(room, nowMs);
      readBytes = Math.min(readBytes, decision.readBytes);
      const review = decision.reviewAtMs ?? Number.POSITIVE_INFINITY;
      if (review < (reviewAtMs ?? Number.POSITIVE_INFINITY)) reviewAtMs = review;
    }
    return { readBytes, reviewAtMs };
  }

  /** Nobody's terminal answers what the program asks from `delivered` on; then the screen model does. */
  #lookWhoIsThere(): void {
    this.log.deliveredUpTo(this.delivered);
    this.screen.setAlone(this.#isAlone ? this.delivered : undefined);
  }

  get #isAlone(): boolean {
    for (const { isPresent } of this.#viewers) if (isPresent) return false;
    return true;
  }
}
