import { EMPTY_BYTES } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { type EtError, systemCodeOf } from '../base/errors.ts';
import { printable } from '../base/printable.ts';
import { FORWARD_STREAM } from '../forward/forward.ts';
import type { Channel, ChannelEvents, ChannelReason } from '../mux/channel.ts';
import { PlainText } from '../terminal/plain-text.ts';
import type { HistoryWork } from './cli/client-command.ts';
import type { ClientSession } from './client-session.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import { OutputSink } from './output-sink.ts';
import type { Service } from './run-session.ts';

export interface HistoryServiceDeps {
  readonly clock: Clock;
  readonly stdoutFd: number;
  readonly onOver: (end: WorkEnd) => void;
}

/** Text that waits to be written; beyond it the far side gets no more credit. */
const MAX_WAITING_BYTES = 65_536;

/** What of a client it needs. */
type Reader = Pick<ClientSession, 'mux'>;

/** Prints what output is kept of the session's terminal, from the first link on. */
export function historyService(
  client: Reader,
  work: HistoryWork,
  deps: HistoryServiceDeps,
): Service {
  new HistoryReader(client, work, deps);
  return {
    onFirstLink: () => undefined,
    onOutage: () => undefined,
    onRecovered: () => undefined,
    restore: () => undefined,
  };
}

/**
 *   reading --- all written, nobody reads any more ---> over (0)       reading --- refused, reset, not written ---> over (255)
 */
export class HistoryReader implements ChannelEvents {
  readonly #deps: HistoryServiceDeps;
  readonly #channel: Channel;
  readonly #output: OutputSink;
  readonly #text: PlainText | undefined;
  /** Received, and not used up in the far side's eyes. */
  #owedBytes = 0;
  #missingBytes = 0;
  #isEof = false;
  #isOver = false;

  constructor({ mux }: Reader, { since, form }: HistoryWork, deps: HistoryServiceDeps) {
    this.#deps = deps;
    this.#text = form === 'text' ? new PlainText() : undefined;
    this.#output = new OutputSink(deps.stdoutFd, deps.clock, {
      onWritten: () => this.#payCredit(),
      onBroken: (error) => this.#outputBroke(error),
      onIdle: () => this.#payCredit(),
    });
    this.#channel = mux.open(
      {
        kind: 'history',
        metadata: since === undefined ? {} : { since },
        stream: FORWARD_STREAM,
        priority: 'bulk',
      },
      this,
    );
    this.#channel.end();
  }

  onData(bytes: Uint8Array): void {
    this.#owedBytes += bytes.length;
    const shown = this.#text === undefined ? bytes : this.#text.push(bytes);
    if (shown.length > 0) this.#output.write(shown);
    this.#payCredit();
  }

  onNote({ skipped }: Readonly<Record<string, unknown>>): void {
    if (typeof skipped === 'number' && skipped > 0) this.#missingBytes += skipped;
  }

  onEof(): void {
    this.#isEof = true;
    const rest = this.#text?.end() ?? EMPTY_BYTES;
    if (rest.length > 0) this.#output.write(rest);
    this.#payCredit();
  }

  onRefuse(error: EtError, { text }: ChannelReason): void {
    this.#finish({ status: FAILURE_STATUS, message: printable(text || error.message) });
  }

  onReset(error: EtError, { text }: ChannelReason): void {
    this.#finish({ status: FAILURE_STATUS, message: printable(text || error.message) });
  }

  /** The far side sends on while little waits to be written; text is shorter than what it is made of. */
  #payCredit(): void {
    if (this.#output.waitingBytes > MAX_WAITING_BYTES) return;
    const owed = this.#owedBytes;
    this.#owedBytes = 0;
    if (owed > 0 && this.#channel.isOpen) this.#channel.consumed(owed);
    if (!this.#isEof || this.#output.waitingBytes > 0) return;
    const missing = this.#missingBytes;
    if (missing === 0) this.#finish({ status: 0 });
    else this.#finish({ status: 0, message: `${missing} bytes of it are not kept any more` });
  }

  /** Whoever has seen enough, as head, has closed the pipe. */
  #outputBroke(error: unknown): void {
    if (systemCodeOf(error) === 'EPIPE') this.#finish({ status: 0 });
    else
      this.#finish({
        status: FAILURE_STATUS,
        message: `the output cannot be written: ${String(error)}`,
      });
  }

  #finish(end: WorkEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deps.onOver(end);
  }
}
