import { fromHex, utf8 } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import type { Channel, ChannelEvents, ChannelReason } from '../mux/channel.ts';
import type { EscapeAction, EscapeFilter } from '../terminal/escape-filter.ts';
import { OutputTracker } from '../terminal/output-tracker.ts';
import { RawMode } from '../terminal/raw-mode.ts';
import { scrollAway } from '../terminal/scroll-away.ts';
import { TitleNotice } from '../terminal/title-notice.ts';
import { SECRET_BYTES } from '../wire/limits.ts';
import { BacklogPrompt } from './backlog-prompt.ts';
import type { BacklogPolicy } from './cli/leaving-flags.ts';
import type { ClientSession } from './client-session.ts';
import type { InputSource } from './exec-service.ts';
import { type WorkEnd, workEndOf } from './exit.ts';
import { formatBytes } from './format-bytes.ts';
import { OutputSink } from './output-sink.ts';
import { OwnLines } from './own-lines.ts';
import { TerminalPrompt } from './terminal-prompt.ts';

/** The user's terminal, or what stands for one where output is no terminal. */
export interface ClientTerminal {
  readonly outputFd: number;
  setRaw(raw: boolean): void;
  writeNow(bytes: Uint8Array): void;
  size(): { readonly columns: number; readonly rows: number } | undefined;
  watchSize(onResize: () => void): () => void;
}

export interface ShellRequest {
  readonly term: string;
  readonly env: Readonly<Record<string, string>>;
  readonly command: string | undefined;
  /** `command` is the name of one of sshd's subsystems. */
  readonly subsystem: boolean;
  readonly noexit: boolean;
}

export interface TerminalServiceDeps {
  readonly clock: Clock;
  readonly terminal: ClientTerminal;
  readonly input: InputSource | undefined;
  readonly escapes: EscapeFilter;
  /** A shell to start; `undefined` attaches to the one that runs. */
  readonly request: ShellRequest | undefined;
  readonly attach: AttachTerms;
  /** The far side has made another root secret for this client. */
  readonly onRoot: (root: Uint8Array) => void;
  /** The terminal is gone; absent where input and output are none. */
  readonly onHangUp?: (() => void) | undefined;
  /** A line about the output, where it is no terminal's: among it, it would be taken for output. */
  readonly say?: ((line: string) => void) | undefined;
  /** What the user asks of the client itself. */
  readonly onEscape: (action: EscapeAction) => void;
  /** The shell is over and all its output is here. */
  readonly onReceived: () => void;
  /** ...and is written. */
  readonly onOver: (end: WorkEnd) => void;
  readonly onFailed: (error: EtError) => void;
}

/** What of a client it needs. */
type TerminalClient = Pick<ClientSession, 'mux' | 'onKey' | 'outageMs' | 'lastFailure'>;

/** What the far side is told of the client that attaches. */
export interface AttachTerms {
  /** What becomes of a long backlog. */
  readonly backlog: BacklogPolicy;
  /** Who attaches, for the others: `anna@laptop`. */
  readonly by: string;
}

/** A line of the far side's for the user is no longer, in characters. */
const MAX_WARNING_LENGTH = 200;
/** The title says so after so long without a link, and from then on counts. */
const NOTICE_AFTER_MS = 2000;
const NOTICE_EVERY_MS = 1000;

/**
 * A shell at the server on this terminal: bytes pass straight through, both ways.
 *
 *   opening --- accepted ---> attached --- exit note, all output written ---> over      any --- refused, reset ---> failed
 */
export class TerminalService implements ChannelEvents {
  readonly tracker: OutputTracker = new OutputTracker();
  readonly raw: RawMode;
  readonly #client: TerminalClient;
  readonly #deps: TerminalServiceDeps;
  readonly #channel: Channel;
  readonly #output: OutputSink;
  readonly #title: TitleNotice;
  readonly #lines: OwnLines;
  /** Bytes of our own that are not the channel's, and have not been written yet. */
  #ownBytes = 0;
  #unwatchSize: (() => void) | undefined;
  #end: WorkEnd | undefined;
  #isEof = false;
  #isReceived = false;
  #isOver = false;
  #noticeTimer: Timer | undefined;
  #prompt: TerminalPrompt | BacklogPrompt | undefined;

  constructor(client: TerminalClient, deps: TerminalServiceDeps) {
    this.#client = client;
    this.#deps = deps;
    this.#title = new TitleNotice(this.tracker);
    this.#lines = new OwnLines({
      mayWrite: () => this.#mayWrite(),
      write: (text) => deps.terminal.writeNow(utf8(text)),
    });
    this.raw = new RawMode(deps.terminal, {
      restoreSequence: () => this.#title.restoreSequence() + this.tracker.restoreSequence(),
      applySequence: () => this.tracker.applySequence(),
    });
    this.#output = new OutputSink(deps.terminal.outputFd, deps.clock, {
      onWritten: (bytes) => this.#consumed(bytes),
      onBroken: (error) => this.#outputBroke(error),
      onIdle: () => {
        this.#lines.flush();
        this.#finishIfThrough();
      },
    });
    const { request } = deps;
    const first = request === undefined ? undefined : utf8(JSON.stringify(request));
    const { columns, rows } = deps.terminal.size() ?? { columns: 80, rows: 24 };
    const metadata = { mode: 'rw', columns, rows, request: first?.length ?? 0, ...deps.attach };
    this.#channel = client.mux.open(
      { kind: 'terminal', metadata, stream: 0, priority: 'terminal' },
      this,
    );
    if (first !== undefined) this.#channel.write(first);
  }

  /** Takes the terminal and the keyboard; the session has a link. */
  begin(): void {
    this.raw.enter();
    this.#unwatchSize = this.#deps.terminal.watchSize(() => this.#resize());
    this.#deps.input?.start(
      (bytes) => this.#type(bytes),
      () => this.#inputEnded(),
    );
  }

  /** No link is known to be alive: after two seconds the title says so. */
  onOutage(): void {
    this.#noticeTimer?.cancel();
    this.#noticeTimer = this.#deps.clock.schedule(NOTICE_AFTER_MS, () => this.#notice());
  }

  onRecovered(): void {
    this.#noticeTimer?.cancel();
    this.#noticeTimer = undefined;
    this.#title.hide();
    this.#showTitle();
  }

  /** A line of our own, where the output allows one; else it is not said. */
  say(text: string): void {
    if (this.#mayWrite()) this.#deps.terminal.writeNow(utf8(text));
  }

  /** Asks for a line of the client's own, where the output allows one; the program's output waits until `run` is done with it. */
  prompt(run: (line: string) => Promise<readonly string[]>): void {
    if (!this.#mayWrite()) return;
    this.#prompt = new TerminalPrompt({
      write: (bytes) => this.#deps.terminal.writeNow(bytes),
      run,
      onOver: (held) => {
        this.#prompt = undefined;
        for (const bytes of held) this.onData(bytes);
      },
    });
  }

  /** Stops this process as ^Z does, and takes the terminal again when it goes on. */
  suspend(stop: () => void): void {
    this.raw.suspend(stop);
    this.#resize();
  }

  /** Gives the terminal back. May be called more than once, and from a signal handler. */
  restore(): void {
    this.#prompt?.close();
    this.#noticeTimer?.cancel();
    this.#unwatchSize?.();
    this.raw.restore();
    if (!this.tracker.controlModeActive) this.#lines.flushAll();
  }

  onData(bytes: Uint8Array): void {
    if (this.#prompt !== undefined) {
      this.#prompt.hold(bytes);
      return;
    }
    this.tracker.push(bytes);
    this.#output.write(bytes);
    this.#lines.flush();
    this.#showTitle();
  }

  onAccept({ root }: Readonly<Record<string, unknown>>): void {
    const secret = typeof root === 'string' ? fromHex(root) : undefined;
    if (secret?.length !== SECRET_BYTES) return;
    this.#deps.onRoot(secret);
    this.#channel.note({ kept: true });
  }

  onNote(body: Readonly<Record<string, unknown>>): void {
    this.#prompt?.close();
    this.#end ??= workEndOf(body);
    const { screen, skipped, backlog, warning } = body;
    if (typeof screen === 'number') this.#makeRoom(skipped);
    else if (isCount(skipped)) this.#tell(`${skipped} bytes of output were not kept`);
    if (isCount(backlog)) this.#askAbout(backlog);
    if (typeof warning === 'string') this.#tell(printable(warning).slice(0, MAX_WARNING_LENGTH));
    this.#finishIfThrough();
  }

  onEof(): void {
    this.#prompt?.close();
    this.#isEof = true;
    this.#channel.end();
    this.#finishIfThrough();
  }

  onDrain(): void {
    this.#deps.input?.resume();
  }

  onRefuse(error: EtError): void {
    this.#fail(error);
  }

  onReset(error: EtError, reason: ChannelReason): void {
    this.#fail(
      new EtError(
        'ET_ERR_CHANNEL_RESET',
        `the shell could not go on: ${reason.text || error.message}`,
      ),
    );
  }

  #tell(text: string): void {
    const { say } = this.#deps;
    if (say === undefined) this.#lines.add(text);
    else say(`et: ${text}`);
  }

  /** What comes next draws a whole screen: it is given one in its default state, and what was on it stays in the scrollback. */
  #makeRoom(skipped: unknown): void {
    const line = isCount(skipped)
      ? `[everterm: ${formatBytes(skipped)} of output were not shown; et history has them]`
      : '';
    const rows = this.#deps.terminal.size()?.rows ?? 24;
    const bytes = utf8(this.tracker.undo() + scrollAway(rows, line));
    this.#ownBytes += bytes.length;
    this.#output.write(bytes);
  }

  /** The far side waits for an answer; where nobody can be asked, it is the quick one. */
  #askAbout(bytes: number): void {
    const canAsk = this.#deps.attach.backlog === 'ask' && this.raw.isRaw;
    if (!canAsk || !this.#mayWrite()) {
      this.#channel.note({ backlog: 'live' });
      return;
    }
    this.#prompt = new BacklogPrompt(bytes, {
      write: (text) => this.#deps.terminal.writeNow(text),
      onChoice: (choice, held) => {
        this.#prompt = undefined;
        for (const each of held) this.onData(each);
        if (this.#channel.isOpen) this.#channel.note({ backlog: choice });
      },
    });
  }

  #consumed(bytes: number): void {
    const own = Math.min(bytes, this.#ownBytes);
    this.#ownBytes -= own;
    if (bytes > own) this.#channel.consumed(bytes - own);
  }

  #outputBroke(error: unknown): void {
    const { onHangUp } = this.#deps;
    if (onHangUp === undefined)
      this.#fail(new EtError('ET_ERR_STATE', `the terminal is gone: ${messageOf(error)}`));
    else onHangUp();
  }

  #type(bytes: Uint8Array): void {
    this.#client.onKey();
    // The prompt's keys are no part of a line of the program's: the filter does not see them.
    const typed = this.#prompt?.type(bytes) ?? bytes;
    for (const piece of this.#deps.escapes.push(typed)) {
      if (typeof piece === 'string') this.#deps.onEscape(piece);
      else this.#send(this.#prompt?.type(piece) ?? piece);
    }
  }

  #send(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#isEof) return;
    if (!this.#channel.write(bytes)) this.#deps.input?.pause();
  }

  #mayWrite(): boolean {
    const { isGround, controlModeActive } = this.tracker;
    const isFree = this.#prompt === undefined && this.#output.waitingBytes === 0;
    return isFree && isGround && !controlModeActive;
  }

  /** A script on standard input of a shell with a terminal: its end is ^D, as a terminal has no other. A terminal's is its own end. */
  #inputEnded(): void {
    this.#prompt?.close();
    const { onHangUp } = this.#deps;
    if (onHangUp !== undefined) onHangUp();
    else if (!this.#isEof) this.#channel.write(Uint8Array.of(0x04));
  }

  #resize(): void {
    const size = this.#deps.terminal.size();
    if (size !== undefined && this.#channel.isOpen)
      this.#channel.note({ resize: [size.columns, size.rows] });
  }

  #notice(): void {
    const outageMs = this.#client.outageMs ?? 0;
    const why = this.#client.lastFailure?.message;
    const detail = why === undefined ? '' : `: ${why}`;
    this.#title.show(`et: no connection for ${Math.round(outageMs / 1000)} s${detail}`);
    this.#showTitle();
    this.#noticeTimer = this.#deps.clock.schedule(NOTICE_EVERY_MS, () => this.#notice());
  }

  #showTitle(): void {
    // The tracker knows what was handed on, so nothing of it may wait.
    if (this.#output.waitingBytes > 0) return;
    const bytes = this.#title.take();
    if (bytes !== undefined) this.#deps.terminal.writeNow(bytes);
  }

  #finishIfThrough(): void {
    if (!this.#isEof || this.#isOver || this.#end === undefined) return;
    if (!this.#isReceived) {
      this.#isReceived = true;
      this.#deps.onReceived();
    }
    if (this.#output.waitingBytes > 0) return;
    this.#isOver = true;
    this.#deps.onOver(this.#end);
  }

  #fail(error: EtError): void {
    if (this.#isOver || this.#isReceived) return;
    this.#isOver = true;
    this.#deps.onFailed(error);
  }
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}
