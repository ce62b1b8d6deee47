import { existsSync } from 'node:fs';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { type Clock, systemWallClock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { silentLogger } from '../base/logger.ts';
import { systemRandom } from '../base/random.ts';
import { SpoolCipher } from '../crypto/spool-cipher.ts';
import { ForwardServer } from '../forward/forward-server.ts';
import { portHolder } from '../link/port-holder.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { loginShell } from '../process/login-shell.ts';
import { readMotd } from '../process/motd.ts';
import { OwnSessions } from '../registry/own-sessions.ts';
import type { SessionRegistry } from '../registry/session-registry.ts';
import { policyHere } from './policy-here.ts';
import { type ServeDeps, serveSession } from './serve-session.ts';
import { SessionMemory } from './session-memory.ts';
import type { SessionRecords } from './session-records.ts';
import { directoryOf } from './shell-directory.ts';
import { loginOpenFiles } from './soft-limit.ts';
import { WorkStarter } from './work-starter.ts';

export interface SessionCommandDeps {
  readonly clock: Clock;
  readonly registry: SessionRegistry;
  readonly records: SessionRecords;
  readonly version: string;
  /** Where things stay that outlive a session. */
  readonly stateDirectory: string;
  /** This process. */
  readonly self: Pick<NodeJS.Process, 'env' | 'exit' | 'on' | 'once' | 'pid' | 'ppid'>;
  /** Where a router would listen for session servers. */
  readonly routerSocket: string;
}

const logger = silentLogger;
const random = systemRandom;
const ANSWER_BUFFER_BYTES = 4096;

/** `etserver session`, as this process and this machine are. */
export async function sessionCommand(deps: SessionCommandDeps): Promise<void> {
  const { clock, registry, records, self, version } = deps;
  self.on('SIGHUP', () => undefined);
  self.on('SIGPIPE', () => undefined);
  const own = new OwnSessions(clock, new SocketFactory(clock, ANSWER_BUFFER_BYTES), registry);
  await serveSession({
    clock,
    random,
    logger,
    registry,
    records,
    version,
    directoryOf,
    pid: self.pid,
    userName: userInfo().username,
    nowMs: () => systemWallClock.now(),
    surviveFaults: () => {
      // What throws between two sessions, in a timer or a stream, is a bug of ours; the shell must not pay for it.
      self.on('uncaughtException', (error) => logger.log(0, messageOf(error)));
    },
    onTerminate: (callback) => self.once('SIGTERM', callback),
    exit: (status) => self.exit(status),
    countDetached: async () =>
      (await own.list()).filter((one) => !one.attached && !one.over).length,
    joinRouter: routerJoiner(deps),
    makeMemory: (session) =>
      new SessionMemory({
        ...session,
        clock,
        logger,
        pid: self.pid,
        spoolRoot: join(deps.stateDirectory, 'spool'),
        records,
        registry,
        makeCipher: () => new SpoolCipher(),
        isGone: (id) => own.isGone(id),
        nowMs: () => systemWallClock.now(),
      }),
    ...(await workHere(deps)),
  });
}

function routerJoiner({
  clock,
  routerSocket: socket,
}: SessionCommandDeps): ServeDeps['joinRouter'] {
  return async (secret, events) => {
    if (!existsSync(socket)) return undefined;
    const { joinRouter } = await import('./join-router.ts');
    return await joinRouter({ clock, random, socket, ...events }, secret);
  };
}

/** What runs, and what is forwarded, as this user's login has it. */
async function workHere({
  clock,
  version,
  self,
}: SessionCommandDeps): Promise<Pick<ServeDeps, 'makeForwards' | 'makeWork'>> {
  const home = homedir();
  const inherited = { ...self.env };
  const policy = await policyHere({ clock, logger, environment: self.env, home });
  return {
    makeForwards: (mux) =>
      new ForwardServer({
        clock,
        random,
        mux,
        policy,
        temporaryDirectory: tmpdir(),
        holderOf: portHolder,
      }),
    makeWork: (sessionId, isLocal) =>
      new WorkStarter({
        clock,
        inherited,
        shell: loginShell(inherited['SHELL']),
        home: existsSync(home) ? home : '/',
        openFiles: loginOpenFiles(self.ppid),
        isLocal,
        version,
        sessionId,
        motd: () => readMotd(home),
      }),
  };
}
