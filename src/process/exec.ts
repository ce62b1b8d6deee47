import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { EtError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import type { ExecPipes } from './exec-pipes.ts';
import { makeExecPipes } from './exec-pipes.ts';
import type { ExitStatus } from './exit-status.ts';
import { exitStatusOf } from './exit-status.ts';
import type { LaunchPlan, LaunchRequest } from './launch-plan.ts';
import { findBash, hasInheritableDescriptors, planDirect, planLaunch } from './launch-plan.ts';
import type { ByteSink } from './pipe-sink.ts';
import { PipeSink } from './pipe-sink.ts';
import type { ByteSource } from './pipe-source.ts';
import { PipeSource } from './pipe-source.ts';
import { signalGroup } from './signal-group.ts';

/** What a command tells its owner. Bytes are valid until the call returns. */
export interface ExecEvents {
  onStdout(bytes: Uint8Array): void;
  onStderr(bytes: Uint8Array): void;
  onStdoutEnd(): void;
  onStderrEnd(): void;
  /** `stdin.bufferedBytes` fell. */
  onStdinDrain(): void;
  /** Once, and last: the process has ended and both outputs have, which a process left behind may delay. */
  onExit(exit: ExitStatus): void;
}

/** A command without a terminal: its own session and process group, three pipes. Both outputs start paused. */
export interface Exec {
  readonly pid: number;
  readonly stdin: ByteSink;
  readonly stdout: ByteSource;
  readonly stderr: ByteSource;
  /** Signals the process group, as sshd does; the name with or without SIG. False when it reached nobody. */
  signal(name: string): boolean;
  /** Closes all pipes, as sshd does when its client is gone. `onExit` comes when the process ends. */
  close(): void;
}

export interface ExecOptions {
  /** The login shell; it gets `-c command`, and its base name as argv[0]. */
  readonly shell: string;
  readonly command: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The soft limit of open descriptors; default: as this process has it. */
  readonly openFiles?: number | undefined;
  /** Pipes made ahead, to save 2 ms; default: made here; `undefined` inside: sockets. */
  readonly pipes?: Promise<ExecPipes | undefined>;
}

/** Starts a command. Rejects with ET_ERR_PTY when the system has no process for it. */
export async function spawnExec(options: ExecOptions, events: ExecEvents): Promise<Exec> {
  const pipes = await (options.pipes ?? makeExecPipes());
  const plan = planFor(options);
  let child: ChildProcess;
  try {
    child = start(plan, options, pipes);
  } finally {
    if (pipes !== undefined) {
      for (const { theirs } of [pipes.stdin, pipes.stdout, pipes.stderr]) closeSync(theirs);
    }
  }
  const { pid } = child;
  if (pid === undefined) {
    if (pipes !== undefined) {
      for (const { ours } of [pipes.stdin, pipes.stdout, pipes.stderr]) closeSync(ours);
    }
    const cause = await new Promise((resolve) => child.once('error', resolve));
    throw new EtError('ET_ERR_PTY', `no process for ${options.shell}`, { cause });
  }
  return new RunningExec(child, pid, pipes, plan.errorOnThree ? 3 : 2, events);
}

/** A launcher stands between only where something has to be put right in the child. */
function planFor(options: ExecOptions): LaunchPlan {
  const { shell, command, openFiles } = options;
  const argv0 = shell.slice(shell.lastIndexOf('/') + 1);
  const request: LaunchRequest = { file: shell, args: ['-c', command], argv0, openFiles };
  const direct = openFiles === undefined && !hasInheritableDescriptors();
  return direct ? planDirect(request) : planLaunch(request, findBash() ?? '');
}

function start(plan: LaunchPlan, options: ExecOptions, pipes: ExecPipes | undefined): ChildProcess {
  const { stdin, stdout, stderr } = pipes ?? {};
  const error = stderr?.theirs ?? 'pipe';
  const first: (number | 'pipe')[] = [stdin?.theirs ?? 'pipe', stdout?.theirs ?? 'pipe'];
  const stdio: (number | 'pipe' | 'ignore')[] = plan.errorOnThree
    ? [...first, 'ignore', error]
    : [...first, error];
  return spawn(plan.file, plan.args, {
    argv0: plan.argv0,
    cwd: options.cwd,
    env: { ...options.environment },
    detached: true,
    stdio,
  });
}

class RunningExec implements Exec {
  readonly pid: number;
  readonly stdin: PipeSink;
  readonly stdout: PipeSource;
  readonly stderr: PipeSource;
  readonly #events: ExecEvents;
  #exit: ExitStatus | undefined;
  /** The process and the two outputs. */
  #running = 3;

  constructor(
    child: ChildProcess,
    pid: number,
    pipes: ExecPipes | undefined,
    errorAt: number,
    events: ExecEvents,
  ) {
    this.pid = pid;
    this.#events = events;
    child.on('error', () => undefined);
    child.once('exit', (code, signal) => {
      this.#exit = exitStatusOf(code, signal);
      this.#endOne();
    });
    this.stdin = new PipeSink(pipes?.stdin.ours ?? streamOf(child.stdin), () =>
      events.onStdinDrain(),
    );
    this.stdout = new PipeSource(
      pipes?.stdout.ours ?? streamOf(child.stdout),
      (bytes) => events.onStdout(bytes),
      () => {
        events.onStdoutEnd();
        this.#endOne();
      },
    );
    this.stderr = new PipeSource(
      pipes?.stderr.ours ?? streamOf(child.stdio[errorAt] as Readable | null),
      (bytes) => events.onStderr(bytes),
      () => {
        events.onStderrEnd();
        this.#endOne();
      },
    );
  }

  signal(name: string): boolean {
    return this.#running > 0 && signalGroup(this.pid, name);
  }

  close(): void {
    this.stdin.close();
    this.stdout.close();
    this.stderr.close();
  }

  #endOne(): void {
    this.#running -= 1;
    if (this.#running > 0 || this.#exit === undefined) return;
    this.stdin.close();
    this.#events.onExit(this.#exit);
  }
}

/** Absent only where descriptors were given, and then not asked for. */
function streamOf<T>(stream: T | null | undefined): T {
  invariant(stream !== null && stream !== undefined, 'a child started with pipes has streams');
  return stream;
}
