import { readFileSync } from 'node:fs';
import { homedir, networkInterfaces } from 'node:os';
import { fileURLToPath } from 'node:url';
import { SystemClock, systemWallClock } from '../base/clock.ts';
import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';
import { type Logger, lineLogger } from '../base/logger.ts';
import { printable } from '../base/printable.ts';
import { systemRandom } from '../base/random.ts';
import { CredentialStore, credentialDirectory } from '../bootstrap/credential-store.ts';
import type { SshAccess } from './begin-session.ts';
import type { ClientCommand, ConnectCommand, SessionFlags } from './cli/client-command.ts';
import { parseCommandLine } from './cli/parse-command-line.ts';
import type { ClientDeps } from './client-deps.ts';
import { clientIo } from './client-io.ts';
import { ABORTED_STATUS, FAILURE_STATUS, USAGE_STATUS, type WorkEnd } from './exit.ts';
import { openLog } from './open-log.ts';
import type { RunningSession } from './run-session.ts';
import { settingsHere } from './settings-here.ts';
import type { AskingDeps } from './status-command.ts';
import { terminalPrompter } from './terminal-prompter.ts';
import { writeLog } from './write-log.ts';

const clock = new SystemClock();
/** What ends the session with us, and the status it then has. A terminal that is raw sends none of them. */
const ENDING_SIGNALS = { SIGHUP: 129, SIGINT: 130, SIGQUIT: 131, SIGTERM: 143 } as const;

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
      return await local(depsFor(command), command, [process.execPath, binary('etserver.js')]);
    }
    case 'connect':
      return await connectTo(command);
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

async function connectTo(command: ConnectCommand): Promise<WorkEnd> {
  const deps = depsFor(command);
  const [{ sshAccess }, { beginSession }] = await Promise.all([
    import('./ssh-access.ts'),
    import('./begin-session.ts'),
  ]);
  const ssh = await sshAccess(command, process.env);
  await checkVia(deps, command, ssh);
  // ssh runs from here on; what the session itself needs is loaded beside it, and ssh_config is read.
  const begun = beginSession(deps, command, ssh.runner);
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
  const fd = openLog(flags.logFile);
  return lineLogger(level, now, (line) => writeLog(fd, line));
}

/** The terminal was closed, or somebody ends us: the session ends with us, if it can be told. */
function watchSignals(running: Pick<RunningSession, 'stop' | 'giveUp'>): void {
  for (const [name, status] of Object.entries(ENDING_SIGNALS)) {
    process.once(name, () => running.stop({ status }));
  }
  process.on('SIGCONT', () => undefined);
  process.off('uncaughtException', leaveBroken);
  process.on('uncaughtException', (error) => giveUp(running, error));
}

/** A bug of ours before there is a session. */
function leaveBroken(error: unknown): void {
  leave({ status: FAILURE_STATUS, message: `et failed: ${messageOf(error)}` });
}

/** A bug of ours: the terminal is given back, and the session stays as it is. */
function giveUp(running: Pick<RunningSession, 'giveUp'>, error: unknown): void {
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

process.on('uncaughtException', leaveBroken);

void (async () => {
  try {
    const here = { environment: process.env, home: homedir(), userId: userId() };
    leave(await run(parseCommandLine(process.argv.slice(2), await settingsHere(here))));
  } catch (error) {
    const advice = error instanceof EtError ? error.advice : undefined;
    const isUsage =
      error instanceof EtError && ['ET_ERR_USAGE', 'ET_ERR_CONFIG'].includes(error.code);
    leave({ status: isUsage ? USAGE_STATUS : FAILURE_STATUS, message: messageOf(error), advice });
  }
})();
