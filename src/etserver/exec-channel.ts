import { copyOf } from '../base/bytes.ts';
import { type EtError, messageOf } from '../base/errors.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../mux/channel.ts';
import { acceptChannel, COMPRESSED, openChannel, wantsCompression } from '../mux/compression.ts';
import type { Mux } from '../mux/mux.ts';
import type { Exec, ExecEvents, ExecOptions } from '../process/exec.ts';
import type { ExitStatus } from '../process/exit-status.ts';
import { REASON } from '../wire/messages.ts';
import { FirstData, textsOf } from './first-data.ts';
import { noSubsystem } from './subsystem-command.ts';

/** Standard input that the command has not taken: beyond it, the client gets no more credit. */
const STDIN_HIGH_BYTES = 262_144;

export interface ExecRequest extends Pick<ExecOptions, 'command' | 'environment'> {
  /** `command` is the name of one of sshd's subsystems. */
  readonly isSubsystem: boolean;
}

export interface ExecChannelDeps {
  /** Resolves to `undefined` where there is no such subsystem. */
  readonly spawn: (request: ExecRequest, events: ExecEvents) => Promise<Exec | undefined>;
  /** The environment of a command, given what the client sent. */
  readonly environment: (sent: Readonly<Record<string, string>>) => Record<string, string>;
  /** The last note has been queued: nothing of the command is left. */
  readonly onOver: () => void;
}

/**
 * One command without a terminal: standard input and output on the channel, standard error on one of its own.
 *
 *   request --- complete ---> starting --- started ---> running --- exit, outputs ended ---> over
 *
 * The pipes are never drained for an absent client: they wait, and the command with them.
 */
export class ExecChannel implements ChannelEvents, ExecEvents {
  readonly #deps: ExecChannelDeps;
  readonly #request: FirstData;
  readonly #channel: Channel;
  readonly #stderr: Channel;
  #exec: Exec | undefined;
  #early: Uint8Array[] = [];
  #hasEof = false;
  #isStarted = false;
  /** Bytes given to the command's stdin for which credit has not been returned. */
  #owed = 0;
  #isOver = false;

  /** @throws {EtError} of scope channel when the metadata is wrong. */
  constructor(incoming: IncomingOpen, mux: Mux, deps: ExecChannelDeps) {
    this.#deps = deps;
    this.#request = new FirstData(incoming.metadata['request']);
    const compression = wantsCompression(incoming.metadata) ? COMPRESSED : {};
    this.#channel = acceptChannel(incoming, {}, this, { priority: 'interactive' });
    this.#stderr = openChannel(
      mux,
      {
        kind: 'exec.stderr',
        metadata: { of: incoming.id, ...compression },
        stream: incoming.stream,
        priority: 'interactive',
      },
      { onData: () => undefined, onDrain: () => this.#exec?.stderr.resume() },
    );
    if (this.#request.isComplete) this.#start();
  }

  onData(bytes: Uint8Array): void {
    const taken = this.#request.push(bytes);
    if (taken > 0) this.#channel.consumed(taken);
    if (this.#request.isComplete && !this.#isStarted) this.#start();
    if (taken < bytes.length) this.#input(bytes.subarray(taken));
  }

  onEof(): void {
    this.#hasEof = true;
    this.#exec?.stdin.end();
  }

  onNote(body: Readonly<Record<string, unknown>>): void {
    const { signal, closed } = body as { signal?: unknown; closed?: unknown };
    if (typeof signal === 'string') this.#exec?.signal(signal);
    if (closed === 'stdout') this.#exec?.stdout.close();
    if (closed === 'stderr') this.#exec?.stderr.close();
  }

  onDrain(): void {
    this.#exec?.stdout.resume();
  }

  /** The client ended the channel, or the session is over: as when ssh's connection is gone. */
  onClose(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#exec?.close();
    this.#exec?.signal('HUP');
    this.#deps.onOver();
  }

  onStdout(bytes: Uint8Array): void {
    if (!this.#channel.write(bytes)) this.#exec?.stdout.pause();
  }

  onStderr(bytes: Uint8Array): void {
    if (!this.#stderr.write(bytes)) this.#exec?.stderr.pause();
  }

  onStdoutEnd(): void {
    // EOF comes with the exit status: a client takes both in this order.
  }

  onStderrEnd(): void {
    this.#stderr.end();
  }

  onStdinDrain(): void {
    this.#payCredit();
  }

  onExit(exit: ExitStatus): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#channel.note(
      exit.signal === undefined ? { exit: exit.status ?? 0 } : { exitSignal: exit.signal },
    );
    this.#channel.end();
    this.#deps.onOver();
  }

  #start(): void {
    this.#isStarted = true;
    let request: Record<string, unknown>;
    try {
      request = this.#request.parse();
    } catch (error) {
      this.#channel.reset(REASON.protocol, messageOf(error));
      return;
    }
    const command = typeof request['command'] === 'string' ? request['command'] : '';
    const environment = this.#deps.environment(textsOf(request['env']));
    const isSubsystem = request['subsystem'] === true;
    this.#deps.spawn({ command, environment, isSubsystem }, this).then(
      (exec) => {
        if (exec !== undefined) this.#started(exec);
        else this.#channel.reset(REASON.notFound, noSubsystem(command));
      },
      (error: EtError) => this.#channel.reset(REASON.failed, error.message),
    );
  }

  #started(exec: Exec): void {
    this.#exec = exec;
    if (this.#isOver) {
      exec.close();
      exec.signal('HUP');
      return;
    }
    for (const bytes of this.#early) exec.stdin.write(bytes);
    this.#early = [];
    if (this.#hasEof) exec.stdin.end();
    this.#payCredit();
    exec.stdout.resume();
    exec.stderr.resume();
  }

  #input(bytes: Uint8Array): void {
    this.#owed += bytes.length;
    if (this.#exec === undefined) this.#early.push(copyOf(bytes));
    else {
      this.#exec.stdin.write(bytes);
      this.#payCredit();
    }
  }

  /** Credit goes back when the command takes its input: a command that reads nothing stops its client. */
  #payCredit(): void {
    const waiting = this.#exec?.stdin.bufferedBytes ?? 0;
    if (this.#owed === 0 || waiting > STDIN_HIGH_BYTES) return;
    const owed = this.#owed;
    this.#owed = 0;
    this.#channel.consumed(owed);
  }
}
