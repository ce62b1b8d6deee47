import { utf8 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { type Exec, type ExecEvents, type ExecOptions, spawnExec } from '../process/exec.ts';
import { makeExecPipes } from '../process/exec-pipes.ts';
import { loginEnvironment } from '../process/login-environment.ts';
import type { LoginShell } from '../process/login-shell.ts';
import { spawnPty } from '../process/pty.ts';
import { textsOf } from './first-data.ts';
import type { Shell } from './shell.ts';
import type { ShellRequest } from './terminal-channel.ts';

export interface WorkStarterDeps {
  readonly clock: Clock;
  readonly inherited: Readonly<Record<string, string | undefined>>;
  readonly shell: LoginShell;
  readonly home: string;
  readonly version: string;
  readonly sessionId: string;
  readonly motd: () => string;
  /** Soft limit of open descriptors of a login; `undefined`: as this process has it. */
  readonly openFiles: number | undefined;
  /** On the machine of the client itself: what is stale after an ssh connection is not stale here. */
  readonly isLocal: boolean;
}

/** What a login over ssh leaves behind, and one on the same machine does not. */
const LIVE_LOCALLY = ['SSH_AUTH_SOCK', 'DISPLAY'];

/** Starts shells and commands as a login of this user. */
export class WorkStarter {
  readonly #deps: WorkStarterDeps;
  #pipes: ExecOptions['pipes'];

  constructor(deps: WorkStarterDeps) {
    this.#deps = deps;
  }

  environment(
    sent: Readonly<Record<string, string>>,
    tty: string | undefined,
  ): Record<string, string> {
    const { inherited, version, sessionId, isLocal } = this.#deps;
    const keep = isLocal ? LIVE_LOCALLY : [];
    return loginEnvironment({ inherited, requested: sent, tty, version, sessionId, keep });
  }

  /** Makes ready what a command needs, while nothing else is to be done. */
  prepare(): void {
    this.#pipes ??= makeExecPipes();
  }

  /** Returns what runs, for lists. */
  startShell(shell: Shell, request: ShellRequest): string {
    const { clock, shell: login, home, openFiles } = this.#deps;
    const { command, noexit, env, term } = request.body;
    const sent = { ...textsOf(env), ...(typeof term === 'string' && { TERM: term }) };
    const run = typeof command === 'string' ? command : undefined;
    shell.start(
      (events) =>
        spawnPty(
          {
            file: login.file,
            args: shellArguments(login.file, run, noexit === true),
            argv0: run === undefined || noexit === true ? login.argv0 : login.argv0.slice(1),
            environment: (path) => this.environment(sent, path),
            cwd: home,
            columns: request.columns,
            rows: request.rows,
            openFiles,
          },
          clock,
          events,
        ),
      utf8(run === undefined ? this.#deps.motd() : ''),
    );
    return run ?? login.argv0;
  }

  startExec(
    options: Pick<ExecOptions, 'command' | 'environment'>,
    events: ExecEvents,
  ): Promise<Exec> {
    const { home, openFiles, shell } = this.#deps;
    const { file } = shell;
    // Without a command the login shell reads its commands from standard input, as under ssh.
    const command = options.command === '' ? `exec ${quote(file)} -l` : options.command;
    const pipes = this.#pipes;
    this.#pipes = undefined;
    const made = pipes === undefined ? {} : { pipes };
    return spawnExec({ ...options, ...made, command, shell: file, cwd: home, openFiles }, events);
  }
}

/** `noexit`: a shell in place of the command's, once that is through, whatever its status was. */
function shellArguments(file: string, command: string | undefined, noexit: boolean): string[] {
  if (command === undefined) return [];
  if (!noexit) return ['-c', command];
  return ['-c', `${command}\nexec ${quote(file)} -l`];
}

function quote(word: string): string {
  return `'${word.replaceAll("'", "'\\''")}'`;
}
