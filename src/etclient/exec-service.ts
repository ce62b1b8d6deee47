import { utf8 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';
import type { Channel, ChannelEvents, ChannelReason, IncomingOpen } from '../mux/channel.ts';
import { acceptChannel, COMPRESSED, openChannel } from '../mux/compression.ts';
import { REASON } from '../wire/messages.ts';
import type { ClientSession } from './client-session.ts';
import { FAILURE_STATUS, type WorkEnd, workEndOf } from './exit.ts';
import { type OutputEvents, OutputSink } from './output-sink.ts';

/** This process's standard input, as a command's. */
export interface InputSource {
  start(onData: (bytes: Uint8Array) => void, onEnd: () => void): void;
  pause(): void;
  resume(): void;
}

export interface ExecRequest {
  readonly command: string;
  /** `command` is the name of one of sshd's subsystems. */
  readonly subsystem: boolean;
  readonly env: Readonly<Record<string, string>>;
}

export interface ExecServiceDeps {
  readonly clock: Clock;
  readonly input: InputSource | undefined;
  readonly isCompressed: boolean;
  readonly stdoutFd: number;
  readonly stderrFd: number;
  /** The command is over and all its output is here. */
  readonly onReceived: () => void;
  /** ...and is written. */
  readonly onOver: (end: WorkEnd) => void;
  readonly onFailed: (error: EtError) => void;
}

/**
 * A command at the server, with this process's standard input, output and error as its own.
 *
 *   open --- exit note, both outputs ended and written ---> over          open --- refused, reset ---> failed
 */
export class ExecService implements ChannelEvents {
  readonly #deps: ExecServiceDeps;
  readonly #channel: Channel;
  readonly #stdout: OutputSink;
  readonly #stderr: OutputSink;
  #stderrChannel: Channel | undefined;
  #end: WorkEnd | undefined;
  #hasStdout = true;
  #hasStderr = true;
  #isInputOver = false;
  #isReceived = false;
  /** Output that could not be written, and why: a status would not say so. */
  #lost: string | undefined;
  #isOver = false;

  constructor(client: ClientSession, request: ExecRequest, deps: ExecServiceDeps) {
    this.#deps = deps;
    this.#stdout = new OutputSink(
      deps.stdoutFd,
      deps.clock,
      this.#output('stdout', (bytes) => this.#channel.consumed(bytes)),
    );
    this.#stderr = new OutputSink(
      deps.stderrFd,
      deps.clock,
      this.#output('stderr', (bytes) => this.#stderrChannel?.consumed(bytes)),
    );
    const first = utf8(JSON.stringify(request));
    const metadata = { request: first.length, ...(deps.isCompressed ? COMPRESSED : {}) };
    this.#channel = openChannel(
      client.mux,
      { kind: 'exec', metadata, stream: 1, priority: 'interactive' },
      this,
    );
    client.serverOpens.expect('exec.stderr', this.#channel.id, (incoming) =>
      this.#takeStderr(incoming),
    );
    this.#channel.write(first);
    if (deps.input === undefined) this.#channel.end();
  }

  /** Signals the command. */
  signal(name: string): void {
    this.#channel.note({ signal: name });
  }

  onAccept(): void {
    this.#deps.input?.start(
      (bytes) => {
        if (this.#isInputOver) return;
        if (!this.#channel.write(bytes)) this.#deps.input?.pause();
      },
      () => this.#endInput(),
    );
  }

  onDrain(): void {
    this.#deps.input?.resume();
  }

  onData(bytes: Uint8Array): void {
    this.#stdout.write(bytes);
  }

  onNote(body: Readonly<Record<string, unknown>>): void {
    this.#end ??= workEndOf(body);
    this.#finishIfThrough();
  }

  onEof(): void {
    this.#hasStdout = false;
    this.#endInput();
    this.#finishIfThrough();
  }

  onRefuse(error: EtError): void {
    this.#fail(error);
  }

  onReset(error: EtError, reason: ChannelReason): void {
    this.#fail(
      new EtError(
        'ET_ERR_CHANNEL_RESET',
        // What is not there could not begin either.
        reason.code === REASON.notFound
          ? reason.text
          : `the command could not go on: ${reason.text || error.message}`,
      ),
    );
  }

  #takeStderr(incoming: IncomingOpen): void {
    const events: ChannelEvents = {
      onData: (bytes) => this.#stderr.write(bytes),
      onEof: () => {
        this.#hasStderr = false;
        this.#finishIfThrough();
      },
    };
    try {
      this.#stderrChannel = acceptChannel(incoming, {}, events, { priority: 'interactive' });
      this.#stderrChannel.end();
    } catch (error) {
      incoming.refuse(REASON.protocol, messageOf(error));
      this.#fail(error as EtError);
    }
  }

  /** Nothing may be written behind the end. */
  #endInput(): void {
    this.#isInputOver = true;
    this.#channel.end();
  }

  #output(name: 'stdout' | 'stderr', onWritten: (bytes: number) => void): OutputEvents {
    return {
      onWritten,
      // The command must learn that nobody reads, as it would on a pipe of its own machine.
      onBroken: (error) => {
        if (systemCodeOf(error) !== 'EPIPE')
          this.#lost ??= `standard ${name === 'stdout' ? 'output' : 'error'}: ${messageOf(error)}`;
        this.#channel.note({ closed: name });
      },
      onIdle: () => this.#finishIfThrough(),
    };
  }

  #finishIfThrough(): void {
    if (this.#hasStdout || this.#hasStderr || this.#isOver || this.#end === undefined) return;
    if (!this.#isReceived) {
      this.#isReceived = true;
      this.#deps.onReceived();
    }
    if (this.#stdout.waitingBytes + this.#stderr.waitingBytes > 0) return;
    this.#isOver = true;
    this.#deps.onOver(
      this.#lost === undefined ? this.#end : { status: FAILURE_STATUS, message: this.#lost },
    );
  }

  #fail(error: EtError): void {
    if (this.#isOver || this.#isReceived) return;
    this.#isOver = true;
    this.#deps.onFailed(error);
  }
}
