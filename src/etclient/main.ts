import { readFileSync } from 'node:fs';
import { homedir, hostname, networkInterfaces, userInfo } from 'node:os';
import { fileURLToPath } from 'node:url';
import { SystemClock, systemWallClock } from '../base/clock.ts';
import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';
import { type Logger, lineLogger } from '../base/logger.ts';
import { printable } from '../base/printable.ts';
import { systemRandom } from '../base/random.ts';
import { CredentialStore, credentialDirectory } from '../bootstrap/credential-store.ts';
import type { SshRunner } from '../bootstrap/ssh-runner.ts';
import type { Server, SshAccess } from './begin-session.ts';
import type { ClientCommand, ConnectCommand, SessionFlags } from './cli/client-command.ts';
import { parseCommandLine } from './cli/parse-command-line.ts';
import type { AttachCommand, HistoryCommand, SessionsCommand } from './cli/sessions-command.ts';
import type { ClientDeps, WatchedSession } from './client-deps.ts';
import { clientIo } from './client-io.ts';
import { ABORTED_STATUS, FAILURE_STATUS, USAGE_STATUS, type WorkEnd } from './exit.ts';
import type { ListedSession } from './listed-session.ts';
import { LogFile } from './log-file.ts';
import type { SessionsDeps } from './sessions-deps.ts';
import { settingsHere } from './settings-here.ts';
import type { AskingDeps } from './status-command.ts';
import { terminalPrompter } from './terminal-prompter.ts';
import { writeLog } from './write-log.ts';

const MAX_OWN_NAME_LENGTH = 128;
const clock = new SystemClock();
/** What ends the session with us, and the status it then has. A terminal that is raw sends none of them. */
const ENDING_SIGNALS = { SIGINT: 130, SIGQUIT: 131 } as const;
/** What ends us, and leaves a shell as it is: a terminal was closed, or the machine goes down. */
const LEAVING_SIGNALS = { SIGHUP: 129, SIGTERM: 143 } as const;

async function run(command: ClientCommand): Promise<WorkEnd> {
  switch (command.kind) {
    case 'help': {
      const { clientHelp } = await import('./cli/help-text.ts');
      process.stdout.write(clientHelp());
      return { status: 0 };
    }
    case 'version':
      process.stdout.write(`et ${version()}\n`);
      return { status: 0 };
    case 'ssh-query': {
      const { queryConfig } = await import('./query-config.ts');
      return { status: await queryConfig(command, process.env) };
    }
    case 'print-config': {
      const { printConfig } = await import('./print-config.ts');
      return await printConfig(command, askingDeps());
    }
    case 'explain':
      return await explainRoads(command.connect);
    case 'local': {
      const { local } = await import('./local.ts');
      return await local(depsFor(command), command, serverProgram());
    }
    case 'connect':
      return await connectTo(command);
    case 'attach':
    case 'history':
      return await workInSession(command);
    case 'ls': {
      const { listCommand } = await import('./list-command.ts');
      return await listCommand(command, await sessionsDeps(command));
    }
    case 'kill':
    case 'detach': {
      const { endCommand } = await import('./end-command.ts');
      return await endCommand(command, await sessionsDeps(command));
    }
    case 'status': {
      const { statusCommand } = await import('./status-command.ts');
      return await statusCommand(command, askingDeps());
    }
    case 'forward': {
      const { forwardCommand } = await import('./forward-command.ts');
      return await forwardCommand(command, askingDeps());
    }
    case 'service': {
      const [{ serviceCommand }, { programRunner }] = await Promise.all([
        import('./service-command.ts'),
        import('./run-program.ts'),
      ]);
      return await serviceCommand(command, {
        ...askingDeps(),
        platform: process.platform,
        run: programRunner(process.env),
        program: [process.execPath, binary('et.js')],
      });
    }
  }
}

/** Without a connection to anywhere. */
async function explainRoads(command: ConnectCommand): Promise<WorkEnd> {
  const deps = depsFor(command);
  const [{ sshAccess }, { explain }] = await Promise.all([
    import('./ssh-access.ts'),
    import('./explain.ts'),
  ]);
  const ssh = await sshAccess(command, process.env);
  await checkVia(deps, command, ssh);
  process.stdout.write(explain(deps, command, await ssh.config()));
  return { status: 0 };
}

/** A road that cannot be is told before anything begins. */
async function checkVia(deps: ClientDeps, command: ConnectCommand, ssh: SshAccess): Promise<void> {
  if (command.via === undefined) return;
  const [{ checkRoads }, { roadMeans }] = await Promise.all([
    import('./check-roads.ts'),
    import('./road-means.ts'),
  ]);
  // NO_PROXY goes by the name that is dialled; who names no proxy need not wait for it.
  const config = /\bproxy\b/u.test(command.via) ? await ssh.config() : undefined;
  checkRoads(command.via, roadMeans(deps, command, config?.hostName ?? command.destination.host));
}

/** In one that runs: on this machine, or on a host. */
async function workInSession(command: AttachCommand | HistoryCommand): Promise<WorkEnd> {
  const { chooseSession, serverFor } = await import('./choose-session.ts');
  const choice = await chooseSession(command, await sessionsDeps(command));
  if (choice.kind === 'end') return choice.end;
  const work = command.kind === 'history' ? { kind: command.kind, ...command.wish } : undefined;
  if (choice.kind === 'connect') {
    return await connectTo({ ...choice.command, ...(work && { work }) }, (...there) =>
      serverFor(choice, ...there),
    );
  }
  const { local } = await import('./local.ts');
  const flags = { ...command.flags, ...(work && { work }) };
  const here = { kind: 'local', ...flags } as const;
  return await local(depsFor(flags), here, serverProgram(), choice);
}

type Begin = (deps: ClientDeps, command: ConnectCommand, runner: SshRunner) => Promise<Server>;

/** `begin`: how there is a session; without it the command says so. */
async function connectTo(command: ConnectCommand, begin?: Begin): Promise<WorkEnd> {
  const deps = depsFor(command);
  const [{ sshAccess }, { beginSession }] = await Promise.all([
    import('./ssh-access.ts'),
    import('./begin-session.ts'),
  ]);
  const ssh = await sshAccess(command, process.env);
  await checkVia(deps, command, ssh);
  // ssh runs from here on; what the session itself needs is loaded beside it, and ssh_config is read.
  const begun = (begin ?? beginSession)(deps, command, ssh.runner);
  const config = ssh.config();
  const serving = import('./serve-session.ts');
  try {
    const [server, { serveSession }] = await Promise.all([begun, serving.then(ready), config]);
    const { forwardsFor } = await import('./forwards-for.ts');
    const forwards = await forwardsFor(deps, command, await config);
    if (command.work.kind === 'none' && forwards !== undefined) {
      const { standingSession } = await import('./standing-session.ts');
      return await standingSession(deps, command, ssh, server, await config, forwards);
    }
    if (server.isKept) {
      const { serveKept } = await import('./serve-kept.ts');
      return await serveKept(deps, command, ssh, server, await config, forwards);
    }
    return await serveSession(deps, command, ssh, server, await config, forwards).ended;
  } catch (error) {
    const { fallBack } = await import('./fall-back.ts');
    const status = await fallBack(error, command, deps.io, process.env);
    if (status === undefined) throw error;
    return { status };
  }
}

/** Nothing is to be done until ssh has logged in. */
function ready(serving: typeof import('./serve-session.ts')): typeof import('./serve-session.ts') {
  serving.prepare();
  return serving;
}

/** What a program of ours is started by. */
function binary(name: string): string {
  return fileURLToPath(new URL(`../../bin/${name}`, import.meta.url));
}

function serverProgram(): readonly [string, string] {
  return [process.execPath, binary('etserver.js')];
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}

function depsFor(flags: SessionFlags): ClientDeps {
  const logger = loggerFor(flags);
  return {
    clock,
    wallClock: systemWallClock,
    random: systemRandom,
    logger,
    interfaces: networkInterfaces,
    store: new CredentialStore({
      directory: credentialDirectory(process.env, homedir()),
      random: systemRandom,
      logger,
    }),
    prompter: terminalPrompter(),
    pid: process.pid,
    userId: userId(),
    home: homedir(),
    directory: orElse(() => process.cwd(), '/'),
    by: ownName(),
    isRunning,
    nowMs: systemWallClock.now(),
    io: clientIo(process.stdin, process.stdout, process.stderr),
    environment: process.env,
    flags,
    stopSelf: () => process.kill(process.pid, 'SIGTSTP'),
    onExit: (callback) => process.once('exit', callback),
    onInterrupt: (callback) => {
      const onSignal = (): void => {
        callback();
        process.exit(ABORTED_STATUS);
      };
      process.once('SIGINT', onSignal);
      return () => process.off('SIGINT', onSignal);
    },
    watchSignals,
    onNudge: (callback) => process.on('SIGUSR2', callback),
  };
}

async function sessionsDeps({ flags }: SessionsCommand): Promise<SessionsDeps> {
  const [{ programRunner }, { sshAccess }] = await Promise.all([
    import('./run-program.ts'),
    import('./ssh-access.ts'),
  ]);
  const { store, nowMs, environment, io } = depsFor(flags);
  const runProgram = programRunner(environment);
  const [node, etserver] = serverProgram();
  return {
    store,
    isRunning,
    nowMs,
    environment,
    isTerminal: io.isInputTerminal && io.isOutputTerminal,
    runnerFor: async (command) => (await sshAccess(command, environment)).runner,
    here: sessionsHere,
    etserver: (args) => runProgram(node, [etserver, ...args]),
    write: askingDeps().write,
  };
}

/** Without the other program, whose start takes longer than the answers. */
async function sessionsHere(): Promise<readonly ListedSession[]> {
  const [{ OwnSessions }, { registryHere }, { SocketFactory }, { listedFrom }] = await Promise.all([
    import('../registry/own-sessions.ts'),
    import('../registry/session-registry.ts'),
    import('../link/socket-factory.ts'),
    import('./listed-session.ts'),
  ]);
  const registry = registryHere(userId(), process.env);
  return listedFrom(await new OwnSessions(clock, new SocketFactory(clock), registry).list());
}

/** For others who have, or want, the same session. */
function ownName(): string {
  const user = orElse(() => userInfo().username, `uid ${userId()}`);
  return printable(`${user}@${hostname()}`).slice(0, MAX_OWN_NAME_LENGTH);
}

/** A user may have no name, and a directory may have been removed. */
function orElse(read: () => string, otherwise: string): string {
  try {
    return read();
  } catch {
    return otherwise;
  }
}

function askingDeps(): AskingDeps {
  return {
    clock,
    environment: process.env,
    home: homedir(),
    userId: userId(),
    write: (text) => new Promise((resolve) => process.stdout.write(text, () => resolve())),
  };
}

/** A system without users has one. */
function userId(): number {
  return process.getuid?.() ?? 0;
}

function loggerFor(flags: SessionFlags): Logger {
  const level = flags.quiet ? 0 : flags.logLevel;
  const now = (): number => clock.now();
  if (flags.logFile === undefined) return lineLogger(level, now, (line) => writeLog(2, line));
  const file = new LogFile(flags.logFile);
  return lineLogger(level, now, (line) => file.write(line));
}

/** The terminal was closed, or somebody ends us. */
function watchSignals(running: WatchedSession): () => void {
  const watched = [
    ...Object.entries(ENDING_SIGNALS).map(([name, status]) => {
      return [name, () => running.stop({ status })] as const;
    }),
    ...Object.entries(LEAVING_SIGNALS).map(([name, status]) => {
      return [name, () => running.leave(status)] as const;
    }),
  ];
  for (const [name, listener] of watched) process.once(name, listener);
  process.on('SIGCONT', () => undefined);
  process.off('uncaughtException', leaveBroken);
  process.on('uncaughtException', (error) => giveUp(running, error));
  return () => {
    for (const [name, listener] of watched) process.off(name, listener);
  };
}

/** A bug of ours before there is a session. */
function leaveBroken(error: unknown): void {
  leave({ status: FAILURE_STATUS, message: `et failed: ${messageOf(error)}` });
}

/** A bug of ours: the terminal is given back, and the session stays as it is. */
function giveUp(running: Pick<WatchedSession, 'giveUp'>, error: unknown): void {
  try {
    running.giveUp({ status: FAILURE_STATUS, message: `et failed: ${messageOf(error)}` });
  } catch {
    leaveBroken(error);
  }
}

/** Whether a process is there, be it another user's. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCodeOf(error) === 'EPERM';
  }
}

function leave(end: WorkEnd): void {
  // What another machine has said may be in it.
  for (const line of [end.message, end.advice]) {
    if (line !== undefined) process.stderr.write(`et: ${printable(line)}\n`);
  }
  process.exit(end.status);
}

/** More has to be said for it to be done. */
const USER_MISTAKES: readonly string[] = ['ET_ERR_USAGE', 'ET_ERR_CONFIG', 'ET_ERR_SESSION_CHOICE'];

process.on('uncaughtException', leaveBroken);

void (async () => {
  try {
    const here = { environment: process.env, home: homedir(), userId: userId() };
    leave(await run(parseCommandLine(process.argv.slice(2), await settingsHere(here))));
  } catch (error) {
    const advice = error instanceof EtError ? error.advice : undefined;
    const isUsage = error instanceof EtError && USER_MISTAKES.includes(error.code);
    leave({ status: isUsage ? USAGE_STATUS : FAILURE_STATUS, message: messageOf(error), advice });
  }
})();
