import { utf8 } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import { type Exec, type ExecEvents, type ExecOptions, spawnExec } from '../process/exec.ts';
import { makeExecPipes } from '../process/exec-pipes.ts';
import { loginEnvironment } from '../process/login-environment.ts';
import type { LoginShell } from '../process/login-shell.ts';
import { spawnPty } from '../process/pty.ts';
import type { ExecRequest } from './exec-channel.ts';
import { textsOf } from './first-data.ts';
import type { Shell } from './shell.ts';
import { noSubsystem, subsystemCommand } from './subsystem-command.ts';
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

  /** `variables` are those of forwards, and outdo what was sent. */
  environment(
    sent: Readonly<Record<string, string>>,
    tty: string | undefined,
    variables: Readonly<Record<string, string>> = {},
  ): Record<string, string> {
    const { inherited, version, sessionId, isLocal } = this.#deps;
    const keep = isLocal ? LIVE_LOCALLY : [];
    const login = loginEnvironment({ inherited, requested: sent, tty, version, sessionId, keep });
    return { ...login, ...variables };
  }

  /** Makes ready what a command needs, while nothing else is to be done. */
  prepare(): void {
    this.#pipes ??= makeExecPipes();
  }

  /**
   * Returns what runs, for lists.
   *
   * @throws {EtError} ET_ERR_PTY when it cannot be started, or is a subsystem that the host has not
   */
  startShell(
    shell: Shell,
    request: ShellRequest,
    variables: Readonly<Record<string, string>> = {},
  ): string {
    const { clock, shell: login, home, openFiles } = this.#deps;
    const { noexit, env, term } = request.body;
    const sent = { ...textsOf(env), ...(typeof term === 'string' && { TERM: term }) };
    const run = terminalCommand(request.body);
    shell.start(
      (events) =>
        spawnPty(
          {
            file: login.file,
            args: shellArguments(login.file, run, noexit === true),
            argv0: run === undefined || noexit === true ? login.argv0 : login.argv0.slice(1),
            environment: (path) => this.environment(sent, path, variables),
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

  /** Resolves to `undefined` where there is no such subsystem. */
  async startExec(request: ExecRequest, events: ExecEvents): Promise<Exec | undefined> {
    const { home, openFiles, shell } = this.#deps;
    const { file } = shell;
    const { environment } = request;
    const command = request.isSubsystem
      ? subsystemCommand(request.command)
      : commandOrShell(request.command, file);
    if (command === undefined) return undefined;
    const pipes = this.#pipes;
    this.#pipes = undefined;
    const made = pipes === undefined ? {} : { pipes };
    return await spawnExec(
      { ...made, environment, command, shell: file, cwd: home, openFiles },
      events,
    );
  }
}

/** What a terminal is to run; `undefined`: the login shell. */
function terminalCommand(body: ShellRequest['body']): string | undefined {
  const { command, subsystem } = body;
  if (typeof command !== 'string') return undefined;
  if (subsystem !== true) return command;
  const line = subsystemCommand(command);
  if (line === undefined) throw new EtError('ET_ERR_PTY', noSubsystem(command));
  return line;
}

/** Without a command the login shell reads its commands from standard input, as under ssh. */
function commandOrShell(command: string, shell: string): string {
  return command === '' ? `exec ${quote(shell)} -l` : command;
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
