import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { SystemClock, systemWallClock } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import { lineLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import { stateDirectory } from '../base/state-directory.ts';
import { registryHere } from '../registry/session-registry.ts';
import { ALIVE_MARKER, CONNECT_MARKER } from '../wire/remote-markers.ts';
import { parseCommandLine } from './cli/parse-command-line.ts';
import type { ServerCommand } from './cli/server-command.ts';
import { ROUTER_SOCKET } from './router-socket.ts';
import type { SessionRecords } from './session-records.ts';
import { writeAll } from './stdio.ts';

const clock = new SystemClock();
const registry = registryHere(process.getuid?.() ?? 0, process.env);

/** Each subcommand loads only what it needs: a session is started for every `et`. */
async function run(command: ServerCommand): Promise<number | undefined> {
  switch (command.kind) {
    case 'help': {
      const { serverHelp } = await import('./cli/help-text.ts');
      process.stdout.write(serverHelp());
      return 0;
    }
    case 'version':
      process.stdout.write(`etserver ${version()}\n`);
      return 0;
    case 'router':
      return await router(command);
    case 'router-status': {
      const { routerStatus } = await import('./router-command.ts');
      return await routerStatus(clock, routerSocket(command.socket), command.json, (text) =>
        writeAll(1, text),
      );
    }
    case 'session':
      return command.detached ? await session() : await detach();
    case 'connect':
      return await connect(command.id);
    case 'alive':
    case 'detach':
    case 'list':
    case 'kill':
      return await own(command);
  }
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { version: unknown }).version);
}

function routerSocket(asked: string | undefined): string {
  const configured = process.env['EVERTERM_ROUTER_SOCKET'] ?? '';
  return asked ?? (configured === '' ? ROUTER_SOCKET : configured);
}

async function router(command: ServerCommand & { kind: 'router' }): Promise<undefined> {
  const { startRouter } = await import('./router-command.ts');
  process.on('SIGPIPE', () => undefined);
  const logger = lineLogger(
    0,
    () => clock.now(),
    (line) => writeAll(2, line),
  );
  const running = await startRouter({
    clock,
    random: systemRandom,
    logger,
    command: { ...command, socket: routerSocket(command.socket) },
    environment: process.env,
    pid: process.pid,
    ownUid: process.getuid?.() ?? 0,
    version: version(),
    onLost: () => process.exit(1),
  });
  const stop = (): void => {
    void running.close().then(() => process.exit(0));
    // A connection that Node does not let go of must not keep the next router from starting.
    clock.schedule(1000, () => process.exit(0));
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // The end of the terminal it was started from is not its own, and Node forgets what nohup has set. There is nothing to read again.
  process.on('SIGHUP', () => undefined);
  return undefined;
}

/** Where things stay that outlive a session. */
function stateHere(): string {
  return stateDirectory(process.env, homedir());
}

async function recordsHere(): Promise<SessionRecords> {
  const records = await import('./session-records.ts');
  return new records.SessionRecords(join(stateHere(), 'ended'));
}

async function session(): Promise<undefined> {
  const { sessionCommand } = await import('./session-command.ts');
  await sessionCommand({
    self: process,
    clock,
    registry,
    records: await recordsHere(),
    version: version(),
    stateDirectory: stateHere(),
    routerSocket: routerSocket(undefined),
  });
  return undefined;
}

/** Where setsid(1) did not do it: starts this program again as the leader of a process session of its own. */
async function detach(): Promise<number> {
  const { spawn } = await import('node:child_process');
  const [script = ''] = process.argv.slice(1);
  const child = spawn(process.execPath, [...process.execArgv, script, 'session', '--detached'], {
    detached: true,
    stdio: 'inherit',
  });
  return await new Promise((resolve) => {
    child.once('spawn', () => resolve(0));
    child.once('error', () => resolve(1));
  });
}

async function connect(id: string): Promise<number> {
  const [{ joinCarriers, reachSession }, { SocketFactory }, { unixDial }, { ownStdioCarrier }] =
    await Promise.all([
      import('./connect.ts'),
      import('../link/socket-factory.ts'),
      import('../link/unix-dial.ts'),
      import('../link/own-stdio.ts'),
    ]);
  const server = await reachSession(
    unixDial(clock, new SocketFactory(clock), registry.socketOf(id)),
    () => writeAll(1, `${ALIVE_MARKER} gone\n`),
  );
  writeAll(1, CONNECT_MARKER);
  const stdio = ownStdioCarrier(clock, 'ssh-stdio');
  if (stdio === undefined)
    throw new EtError('ET_ERR_USAGE', 'etserver connect speaks over pipes; et runs it over ssh');
  return await new Promise((resolve) =>
    joinCarriers(stdio, server, () => clock.schedule(100, () => resolve(0))),
  );
}

async function own(
  command: ServerCommand & { kind: 'alive' | 'detach' | 'list' | 'kill' },
): Promise<number> {
  const [{ OwnSessions }, { SocketFactory }, { formatSessions }] = await Promise.all([
    import('../registry/own-sessions.ts'),
    import('../link/socket-factory.ts'),
    import('./format-sessions.ts'),
  ]);
  const sessions = new OwnSessions(clock, new SocketFactory(clock, 4096), registry);
  if (command.kind === 'list') {
    const found = await sessions.list();
    process.stdout.write(command.json ? `${JSON.stringify(found)}\n` : formatSessions(found));
    return 0;
  }
  if (command.kind === 'alive') {
    if (!(await sessions.isGone(command.id))) {
      process.stdout.write(`${ALIVE_MARKER} alive\n`);
      return 0;
    }
    const records = await recordsHere();
    const why = await records.whyGone(command.id, systemWallClock.now());
    const told = why === undefined ? '' : ` ${JSON.stringify({ why })}`;
    process.stdout.write(`${ALIVE_MARKER} gone${told}\n`);
    return 1;
  }
  if (command.kind === 'detach') {
    process.stdout.write(`detached ${await sessions.detach(command.session)}\n`);
    return 0;
  }
  for (const id of await sessions.kill(command.ids)) process.stdout.write(`killed ${id}\n`);
  return 0;
}

void (async () => {
  try {
    const status = await run(parseCommandLine(process.argv.slice(2)));
    if (status !== undefined) process.exit(status);
  } catch (error) {
    const advice =
      error instanceof EtError && error.advice !== undefined ? `etserver: ${error.advice}\n` : '';
    process.stderr.write(`etserver: ${messageOf(error)}\n${advice}`);
    process.exit(error instanceof EtError && error.code === 'ET_ERR_USAGE' ? 2 : 255);
  }
})();
