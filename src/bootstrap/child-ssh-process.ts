import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { EtError, systemCodeOf } from '../base/errors.ts';
import { findProgram } from './find-program.ts';
import type { SshExit, SshProcess, SshRunOptions, StderrSink } from './ssh-runner.ts';
import { TailText } from './tail-text.ts';

/** A program with its arguments, as nobody's shell sees it. */
export interface LocalCommand {
  /** A path, or a name for PATH. */
  readonly program: string;
  readonly arguments: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const STDERR_TAIL_LENGTH = 4096;

/**
 * A local program that runs the command on the host. It keeps our controlling terminal, so that it can ask for passwords there,
 * but in batch mode, where it gets a process session of its own: BatchMode does not reach the ssh of a ProxyJump, but this does.
 */
export class ChildSshProcess implements SshProcess {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly exit: Promise<SshExit>;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #tail = new TailText(STDERR_TAIL_LENGTH);
  #isHushed: boolean;
  #isKilled = false;

  constructor(command: LocalCommand, options: SshRunOptions, onStderr: StderrSink) {
    this.#isHushed = options.batch;
    const [file, args] = options.batch
      ? [command.program, command.arguments]
      : deafToHangUp(command);
    this.#child = spawn(file, args, {
      stdio: 'pipe',
      env: command.environment,
      detached: options.batch,
    });
    this.stdin = this.#child.stdin;
    this.stdout = this.#child.stdout;
    // The other end may go at any time; `exit` tells.
    for (const stream of [this.stdin, this.stdout, this.#child.stderr])
      stream.on('error', () => undefined);
    this.#child.stderr.on('data', (bytes: Uint8Array) => {
      this.#tail.push(bytes);
      if (!this.#isHushed) onStderr(bytes);
    });
    this.exit = this.#exitOf(command.program);
    this.#obey(options.signal);
  }

  get stderrTail(): string {
    return this.#tail.text;
  }

  hush(): void {
    this.#isHushed = true;
  }

  kill(): void {
    this.#isKilled = true;
    this.#child.kill('SIGTERM');
    this.stdin.destroy();
    this.stdout.destroy();
  }

  release(): void {
    this.stdin.end();
    this.stdout.resume();
    this.#child.unref();
    for (const stream of this.#child.stdio) unref(stream);
  }

  #exitOf(program: string): Promise<SshExit> {
    return new Promise((resolve) => {
      this.#child.once('error', (cause) => {
        // Also said of a kill that failed, which `exit` follows.
        if (this.#child.pid !== undefined) return;
        resolve({ status: undefined, signal: undefined, failure: cannotRun(program, cause) });
      });
      this.#child.once('exit', (status, signal) => {
        // Not at `close`: a lingering ControlMaster may hold the pipes open for hours. What the program itself has written has been
        // read by now: libuv looks at signals, and so at SIGCHLD, after all that is readable.
        // One that was killed and was quicker has not been asked for: its status counts for nothing.
        const ended = { status: status ?? undefined, signal: signal ?? undefined };
        resolve(this.#isKilled ? { status: undefined, signal: signal ?? 'SIGTERM' } : ended);
        unref(this.#child.stderr);
      });
    });
  }

  #obey(signal: AbortSignal | undefined): void {
    if (signal === undefined) return;
    const abort = (): void => this.kill();
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    void this.exit.then(() => signal.removeEventListener('abort', abort));
  }
}

/**
 * A terminal that is closed hangs up all that runs on it, and the session's BYE may have to pass through ssh after that. What is
 * ignored stays ignored across exec, and ssh leaves it so; it ends by the end of its input. A program that cannot be found is
 * started as it is, for the system's own words.
 */
function deafToHangUp(command: LocalCommand): [string, readonly string[]] {
  const { program, environment } = command;
  const path = findProgram(program, environment['PATH']);
  if (path === undefined) return [program, command.arguments];
  return ['/bin/sh', ['-c', 'trap "" HUP; exec "$0" "$@"', path, ...command.arguments]];
}

function cannotRun(program: string, cause: Error): EtError {
  const isMissing = systemCodeOf(cause) === 'ENOENT';
  return new EtError(
    'ET_ERR_BOOTSTRAP',
    isMissing ? `there is no program ${program}` : `cannot run ${program}: ${cause.message}`,
    {
      cause,
      advice: isMissing ? `install ${program}, or use --ssh builtin` : 'see --ssh for other ways',
    },
  );
}

/** A child's pipes are sockets, though their types do not say so. */
function unref(stream: object | null | undefined): void {
  if (stream && 'unref' in stream && typeof stream.unref === 'function') stream.unref();
}
