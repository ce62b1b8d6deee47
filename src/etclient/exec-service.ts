import { utf8 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { Channel, ChannelEvents, ChannelReason, IncomingOpen } from '../mux/channel.ts';
import type { ClientSession } from './client-session.ts';
import { type WorkEnd, workEndOf } from './exit.ts';
import { type OutputEvents, OutputSink } from './output-sink.ts';

/** This process's standard input, as a command's. */
export interface InputSource {
  start(onData: (bytes: Uint8Array) => void, onEnd: () => void): void;
  pause(): void;
  resume(): void;
}

export interface ExecRequest {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
}

export interface ExecServiceDeps {
  readonly clock: Clock;
  readonly input: InputSource | undefined;
  readonly stdoutFd: number;
  readonly stderrFd: number;
  /** The command is over and all its output is written. */
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
    this.#channel = client.mux.open(
      { kind: 'exec', metadata: { request: first.length }, stream: 1, priority: 'interactive' },
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
        if (this.#isOver) return;
        if (!this.#channel.write(bytes)) this.#deps.input?.pause();
      },
      () => this.#channel.end(),
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
  }

  onEof(): void {
    this.#hasStdout = false;
    this.#channel.end();
    this.#finishIfThrough();
  }

  onRefuse(error: EtError): void {
    this.#fail(error);
  }

  onReset(error: EtError, reason: ChannelReason): void {
    this.#fail(
      new EtError(
        'ET_ERR_CHANNEL_RESET',
        `the command could not go on: ${reason.text || error.message}`,
      ),
    );
  }

  #takeStderr(incoming: IncomingOpen): void {
    this.#stderrChannel = incoming.accept(
      {},
      {
        onData: (bytes) => this.#stderr.write(bytes),
        onEof: () => {
          this.#hasStderr = false;
          this.#finishIfThrough();
        },
      },
      { priority: 'interactive' },
    );
    this.#stderrChannel.end();
  }

  #output(name: string, onWritten: (bytes: number) => void): OutputEvents {
    return {
      onWritten,
      // The command must learn that nobody reads, as it would on a pipe of its own machine.
      onBroken: () => this.#channel.note({ closed: name }),
      onIdle: () => this.#finishIfThrough(),
    };
  }

  #finishIfThrough(): void {
    const isThrough =
      !this.#hasStdout &&
      !this.#hasStderr &&
      this.#stdout.waitingBytes + this.#stderr.waitingBytes === 0;
    if (!isThrough || this.#isOver || this.#end === undefined) return;
    this.#isOver = true;
    this.#deps.onOver(this.#end);
  }

  #fail(error: EtError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deps.onFailed(error);
  }
}
