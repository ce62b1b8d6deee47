import { ByteQueue } from '../base/byte-queue.ts';
import { copyOf, EMPTY_BYTES, toHex } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../mux/channel.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import { QueryFilter } from '../terminal/query-filter.ts';
import { type FeedDecision, LEAST_PAUSED_BYTES, TerminalFeed } from '../terminal/terminal-feed.ts';
import { REASON } from '../wire/messages.ts';
import { backlogPolicyOf, WORTH_SKIPPING_BYTES } from './backlog-policy.ts';
import { FirstData } from './first-data.ts';
import type { ServerSession } from './server-session.ts';
import type { Shell, Viewer } from './shell.ts';

/** Output that waits in the channel; at half of it there is more. Were it above this, a paused pty could wait for a channel that has room. */
const HIGH_WATER_BYTES: number = LEAST_PAUSED_BYTES;
const PUMP_BYTES = 16_384;

/** What the first `request` bytes of a terminal channel ask for. */
export interface ShellRequest {
  readonly columns: number;
  readonly rows: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface TerminalChannelDeps {
  readonly clock: Clock;
  readonly owner: ServerSession;
  readonly shell: Shell;
  /** Starts the shell, unless it runs already. */
  readonly start: (request: ShellRequest) => void;
  /** All output and the exit status have been handed to the channel. */
  readonly onStatusSent: () => void;
  /** New keys for the client, where it came with another's. */
  readonly newRoot: Uint8Array | undefined;
  /** The client has stored them. */
  readonly onKept: () => void;
}

/**
 * One client's view of a shell: what it types goes to the pty, the log from an offset on goes to it.
 *
 *   request --- complete ---> showing --- exit, everything given out ---> ended
 *                              |   ^
 *     has nothing of the       |   |  painted, or told to replay
 *     screen, or too little    v   |
 *                             waiting
 */
export class TerminalChannel implements ChannelEvents, Viewer {
  readonly #deps: TerminalChannelDeps;
  readonly #metadata: Readonly<Record<string, unknown>>;
  readonly #request: FirstData;
  readonly #channel: Channel;
  readonly #input = new ByteQueue();
  readonly #isReadOnly: boolean;
  readonly #backlog: 'replay' | 'live' | 'ask';
  readonly #queries = new QueryFilter();
  #cursor: number;
  readonly #feed: TerminalFeed;
  #isAttached = false;
  /** The painting is being made, or the client is being asked. */
  #isWaiting = false;
  /** The client has not been there all the time since it had all output. */
  #wasAway = false;
  /** What is left of the painting. */
  #painting: Uint8Array = EMPTY_BYTES;
  #exit: ExitStatus | undefined;
  #isEnded = false;

  /** @throws {EtError} of scope channel when the metadata is wrong. */
  constructor(incoming: IncomingOpen, deps: TerminalChannelDeps) {
    this.#deps = deps;
    this.#metadata = incoming.metadata;
    this.#request = new FirstData(incoming.metadata['request'] ?? 0);
    this.#isReadOnly = incoming.metadata['mode'] === 'ro';
    this.#backlog = backlogPolicyOf(incoming.metadata['backlog']);
    this.#cursor = this.#firstOffset(incoming.metadata['from']);
    this.#feed = new TerminalFeed(deps.clock.now());
    const options = { priority: 'terminal', highWaterBytes: HIGH_WATER_BYTES } as const;
    const { newRoot } = deps;
    const metadata = {
      from: this.#cursor,
      ...(newRoot !== undefined && { root: toHex(newRoot) }),
    };
    this.#channel = incoming.accept(metadata, this, options);
    if (this.#request.isComplete) this.#attach();
  }

  get cursor(): number {
    return this.#cursor;
  }

  get delivered(): number {
    const { session } = this.#deps.owner;
    return this.#cursor - this.#channel.bufferedBytes - session.unacknowledgedBytes;
  }

  get isPresent(): boolean {
    return this.#deps.owner.isPresent;
  }

  decide(logRoomBytes: number, nowMs: number): FeedDecision {
    const { owner, shell } = this.#deps;
    this.#feed.linkChanged(owner.isPresent, nowMs);
    const bytesPerMs = owner.bytesPerMs;
    const view = {
      undeliveredBytes: shell.log.end - this.#cursor + this.#channel.bufferedBytes,
      logRoomBytes,
      bytesPerSecond: bytesPerMs === undefined ? undefined : bytesPerMs * 1000,
    };
    const decision = this.#feed.decide(view, nowMs);
    // A link that is back at once was no absence: what it left waiting is no more than would have been read ahead.
    if (decision.isDraining && !owner.isPresent) this.#wasAway = true;
    return decision;
  }

  onData(bytes: Uint8Array): void {
    const taken = this.#request.push(bytes);
    if (taken > 0) this.#channel.consumed(taken);
    if (this.#request.isComplete && !this.#isAttached) this.#attach();
    if (taken < bytes.length) this.#type(bytes.subarray(taken));
  }

  onNote(body: Readonly<Record<string, unknown>>): void {
    const { resize, signal, kept, backlog } = body;
    if (kept === true) this.#deps.onKept();
    if (backlog === 'live' || backlog === 'replay') this.#choose(backlog);
    if (this.#isReadOnly) return;
    if (typeof signal === 'string') this.#deps.shell.signal(signal);
    if (!Array.isArray(resize)) return;
    const [columns, rows] = resize as unknown[];
    if (typeof columns === 'number' && typeof rows === 'number')
      this.#deps.shell.resize(columns, rows);
  }

  onDrain(): void {
    this.#feed.creditChanged(true, this.#deps.clock.now());
    this.pump();
    this.#deps.shell.decide();
  }

  onClose(): void {
    if (this.#isAttached) this.#deps.shell.detach(this);
  }

  onExit(exit: ExitStatus): void {
    this.#exit = exit;
    this.pump();
  }

  warn(text: string): void {
    if (this.#isAttached) this.#channel.note({ warning: text });
  }

  pump(): void {
    this.#typeWaiting();
    if (!this.#isAttached || this.#isEnded || this.#isWaiting) return;
    const { log } = this.#deps.shell;
    let hasRoom = this.#channel.bufferedBytes <= HIGH_WATER_BYTES;
    if (hasRoom && this.#isFarBehind) {
      this.#catchUp();
      return;
    }
    hasRoom = hasRoom && this.#showPainting();
    // Not before: of a client that is away each piece of output would make a note.
    if (hasRoom && !this.#skipTo(log.start)) return;
    while (this.#cursor < log.end && hasRoom) hasRoom = this.#showOutput();
    // Until the channel drains, it has no credit, no link, or a slow one.
    if (!hasRoom) this.#feed.creditChanged(false, this.#deps.clock.now());
    if (this.#cursor < log.end || this.#painting.length > 0) return;
    if (this.isPresent) this.#wasAway = false;
    if (this.#exit !== undefined) this.#end(this.#exit);
  }

  /** Back after an absence, to more than anybody would want to see pass by. A program that reads along must have all. */
  get #isFarBehind(): boolean {
    const { log, facts } = this.#deps.shell;
    if (this.#backlog === 'replay' || !this.#wasAway || !this.isPresent) return false;
    return log.end - this.#cursor > WORTH_SKIPPING_BYTES && !facts.controlModeActive;
  }

  #catchUp(): void {
    if (this.#backlog === 'live') {
      this.#paint();
      return;
    }
    this.#isWaiting = true;
    this.#channel.note({ backlog: this.#deps.shell.log.end - this.#cursor });
    // Whoever does not answer all night does not keep the program from its work.
    this.#feed.creditChanged(false, this.#deps.clock.now());
  }

  #choose(backlog: 'replay' | 'live'): void {
    if (this.#backlog !== 'ask' || !this.#isWaiting) return;
    this.#isWaiting = false;
    this.#wasAway = false;
    if (backlog === 'live') this.#paint();
    else this.#goOn();
  }

  /** The screen as it is, in place of what led to it. */
  #paint(): void {
    this.#isWaiting = true;
    const { shell } = this.#deps;
    shell.paint().then(
      ({ bytes, offset }) => {
        if (!this.#channel.isOpen) return;
        this.#channel.note({ screen: bytes.length, skipped: offset - this.#cursor });
        this.#painting = bytes;
        this.#cursor = offset;
        this.#goOn();
      },
      () => {
        // The programs can draw what we cannot.
        const { columns, rows } = this.#size;
        shell.redraw(columns, rows);
        this.#goOn();
      },
    );
  }

  #goOn(): void {
    this.#feed.creditChanged(true, this.#deps.clock.now());
    this.#isWaiting = false;
    this.#wasAway = false;
    this.pump();
    this.#deps.shell.decide();
  }

  /** False when there is no room for more. */
  #showPainting(): boolean {
    let hasRoom = true;
    while (this.#painting.length > 0 && hasRoom) {
      hasRoom = this.#channel.write(this.#painting.subarray(0, PUMP_BYTES));
      this.#painting = this.#painting.subarray(PUMP_BYTES);
    }
    return hasRoom;
  }

  /** A piece of the log; false when there is no room for more. What the screen model has answered is asked of nobody else. */
  #showOutput(): boolean {
    const { log, screen } = this.#deps.shell;
    const { isAnswered, until } = screen.answeredAt(this.#cursor);
    let bytes: Uint8Array;
    try {
      bytes = log.read(this.#cursor, Math.min(PUMP_BYTES, until - this.#cursor));
    } catch (error) {
      this.#channel.note({ warning: messageOf(error) });
      return this.#skipTo(log.damagedEnd(this.#cursor));
    }
    this.#cursor += bytes.length;
    if (isAnswered) return this.#channel.write(this.#queries.push(bytes));
    const held = this.#queries.flush();
    if (held.length > 0) this.#channel.write(held);
    return this.#channel.write(bytes);
  }

  #attach(): void {
    this.#isAttached = true;
    const { shell } = this.#deps;
    const wasRunning = shell.isStarted;
    try {
      if (!wasRunning) this.#deps.start({ ...this.#size, body: this.#request.parse() });
    } catch (error) {
      this.#isAttached = false;
      this.#channel.reset(REASON.failed, messageOf(error));
      return;
    }
    if (!this.#isReadOnly) shell.resize(this.#size.columns, this.#size.rows);
    if (wasRunning && this.#metadata['from'] === undefined) this.#beginAnew();
    shell.attach(this);
  }

  /** The client has nothing of the screen that is there. */
  #beginAnew(): void {
    const { log, facts } = this.#deps.shell;
    if (this.#backlog === 'replay' || facts.controlModeActive) return;
    if (this.#backlog === 'ask' && log.end - this.#cursor > WORTH_SKIPPING_BYTES) this.#catchUp();
    else this.#paint();
  }

  get #size(): { readonly columns: number; readonly rows: number } {
    const { columns, rows } = this.#metadata;
    return { columns: sizeOf(columns, 80), rows: sizeOf(rows, 24) };
  }

  #type(bytes: Uint8Array): void {
    if (this.#isReadOnly || this.#deps.shell.exit !== undefined) {
      this.#channel.consumed(bytes.length);
      return;
    }
    if (this.#input.length === 0 && this.#deps.shell.writableBytes >= bytes.length) {
      this.#deps.shell.type(bytes);
      this.#channel.consumed(bytes.length);
      return;
    }
    this.#input.push(copyOf(bytes));
    this.#typeWaiting();
  }

  /** Input that the program does not read waits here, and its client gets no credit for it. */
  #typeWaiting(): void {
    while (this.#input.length > 0) {
      const bytes = this.#input.takePiece(this.#deps.shell.writableBytes);
      if (bytes.length === 0) return;
      this.#deps.shell.type(bytes);
      this.#channel.consumed(bytes.length);
    }
  }

  #end(exit: ExitStatus): void {
    this.#isEnded = true;
    this.#channel.note(
      exit.signal === undefined ? { exit: exit.status ?? 0 } : { exitSignal: exit.signal },
    );
    this.#channel.end();
    this.#deps.onStatusSent();
  }

  /**
   * What the log has forgotten was never accepted by this channel; the client is told how much it was. False where the program at the
   * other end cannot do without.
   */
  #skipTo(offset: number): boolean {
    const skipped = offset - this.#cursor;
    if (skipped <= 0) return true;
    if (this.#deps.shell.facts.controlModeActive) {
      this.#channel.reset(
        REASON.failed,
        `${skipped} bytes of tmux -CC were not kept, and it cannot go on without them`,
      );
      return false;
    }
    this.#channel.note({ skipped });
    this.#cursor = offset;
    return true;
  }

  /** Who has nothing of the shell is painted its screen; who wants all of it begins with what nobody has had. */
  #firstOffset(from: unknown): number {
    const { log, delivered } = this.#deps.shell;
    if (typeof from === 'number' && Number.isInteger(from) && from >= log.start && from <= log.end)
      return from;
    return delivered;
  }
}

function sizeOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value >= 1 && value <= 65_535 ? Math.trunc(value) : otherwise;
}
