import type { Readable, Writable } from 'node:stream';
import type { EtError } from '../base/errors.ts';

/** How a command run over ssh ended. */
export interface SshExit {
  /** The command's status; 255 is ssh's own failure. `undefined` when a signal ended it, or nobody said. */
  readonly status: number | undefined;
  /** `SIGTERM`, `SIGKILL`, ... */
  readonly signal: string | undefined;
  /** Why the command never ran, where the runner knows: no such program, no login, a wrong host key. */
  readonly failure?: EtError;
}

/**
 * A command that runs, or is about to run, on a host.
 *
 *   running --exit, kill--> over (final)
 *
 * An error of a stream is never thrown: it shows in `exit`.
 */
export interface SshProcess {
  /** May be written at once; it waits for the login. */
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** The last lines of standard error, at most 4 KiB: for error messages. */
  readonly stderrTail: string;
  /** Resolves, and never rejects, when the command is over, though its output may still be held open by others. */
  readonly exit: Promise<SshExit>;
  /** From now on nobody is shown its standard error: the screen is another program's. */
  hush(): void;
  /** Ends it at once. */
  kill(): void;
  /** Lets it finish by itself, unread, and without keeping this process alive. */
  release(): void;
}

export interface SshRunOptions {
  /** True: fail where a person would have to be asked, and show nobody the standard error. */
  readonly batch: boolean;
  /** Kills the command. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs a command line on one host, through the login shell there. Its standard error is shown to the user as it comes. */
export interface SshRunner {
  /** For messages: `ssh`, `builtin ssh`, `gcloud`. */
  readonly name: string;
  run(remoteCommand: string, options: SshRunOptions): SshProcess;
}

/** Takes the bytes of a command's standard error, for the user's eyes. */
export type StderrSink = (bytes: Uint8Array) => void;
