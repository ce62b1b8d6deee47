import { ByteQueue } from '../base/byte-queue.ts';
import { copyOf } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../mux/channel.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import { type FeedDecision, LEAST_PAUSED_BYTES, TerminalFeed } from '../terminal/terminal-feed.ts';
import { REASON } from '../wire/messages.ts';
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
}

/**
 * One client's view of a shell: what it types goes to the pty, the log from an offset on goes to it.
 *
 *   request --- complete ---> attached --- exit, everything given out ---> ended
 */
export class TerminalChannel implements ChannelEvents, Viewer {
  readonly #deps: TerminalChannelDeps;
  readonly #metadata: Readonly<Record<string, unknown>>;
  readonly #request: FirstData;
  readonly #channel: Channel;
  readonly #input = new ByteQueue();
  readonly #isReadOnly: boolean;
  #cursor: number;
  readonly #feed: TerminalFeed;
  #isAttached = false;
  #exit: ExitStatus | undefined;
  #isEnded = false;

  /** @throws {EtError} of scope channel when the metadata is wrong. */
  constructor(incoming: IncomingOpen, deps: TerminalChannelDeps) {
    this.#deps = deps;
    this.#metadata = incoming.metadata;
    this.#request = new FirstData(incoming.metadata['request'] ?? 0);
    this.#isReadOnly = incoming.metadata['mode'] === 'ro';
    this.#cursor = this.#firstOffset(incoming.metadata['from']);
    this.#feed = new TerminalFeed(deps.clock.now());
    const options = { priority: 'terminal', highWaterBytes: HIGH_WATER_BYTES } as const;
    this.#channel = incoming.accept({ from: this.#cursor }, this, options);
    if (this.#request.isComplete) this.#attach();
  }

  get cursor(): number {
    return this.#cursor;
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
    return this.#feed.decide(view, nowMs);
  }

  onData(bytes: Uint8Array): void {
    const taken = this.#request.push(bytes);
    if (taken > 0) this.#channel.consumed(taken);
    if (this.#request.isComplete && !this.#isAttached) this.#attach();
    if (taken < bytes.length) this.#type(bytes.subarray(taken));
  }

  onNote(body: Readonly<Record<string, unknown>>): void {
    const { resize, signal } = body as { resize?: unknown; signal?: unknown };
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

  pump(): void {
    this.#typeWaiting();
    if (!this.#isAttached || this.#isEnded) return;
    const { log } = this.#deps.shell;
    let hasRoom = this.#channel.bufferedBytes <= HIGH_WATER_BYTES;
    // Not before: of a client that is away each piece of output would make a note.
    if (hasRoom) this.#skipForgotten(log.start);
    while (this.#cursor < log.end && hasRoom) {
      const bytes = log.read(this.#cursor, PUMP_BYTES);
      this.#cursor += bytes.length;
      hasRoom = this.#channel.write(bytes);
    }
    // Until the channel drains, it has no credit, no link, or a slow one.
    if (!hasRoom) this.#feed.creditChanged(false, this.#deps.clock.now());
    if (this.#exit !== undefined && this.#cursor === log.end) this.#end(this.#exit);
  }

  #attach(): void {
    this.#isAttached = true;
    const { columns, rows } = this.#metadata as { columns?: unknown; rows?: unknown };
    const size = { columns: sizeOf(columns, 80), rows: sizeOf(rows, 24) };
    try {
      this.#deps.start({ ...size, body: this.#request.parse() });
    } catch (error) {
      this.#isAttached = false;
      this.#channel.reset(REASON.failed, messageOf(error));
      return;
    }
    if (!this.#isReadOnly) this.#deps.shell.resize(size.columns, size.rows);
    this.#deps.shell.attach(this);
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

  /** What the log has forgotten was never accepted by this channel; the client is told how much it was. */
  #skipForgotten(start: number): void {
    if (this.#cursor >= start) return;
    this.#channel.note({ skipped: start - this.#cursor });
    this.#cursor = start;
  }

  /** A client that knows nothing begins with what is kept, at the beginning of a line. */
  #firstOffset(from: unknown): number {
    const { log } = this.#deps.shell;
    if (typeof from === 'number' && Number.isInteger(from) && from >= log.start && from <= log.end)
      return from;
    return log.start;
  }
}

function sizeOf(value: unknown, otherwise: number): number {
  return typeof value === 'number' && value >= 1 && value <= 65_535 ? Math.trunc(value) : otherwise;
}
