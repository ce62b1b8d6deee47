import { ClientKeys } from '../backed/client-keys.ts';
import { type LinkDialOptions, shakeHands } from '../backed/link-dial.ts';
import { toHex } from '../base/bytes.ts';
import { bootstrap } from '../bootstrap/bootstrap.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';
import type { SshConfig } from '../bootstrap/ssh-config.ts';
import type { SshProcess, SshRunner } from '../bootstrap/ssh-runner.ts';
import { linkCrypto } from '../crypto/link-crypto.ts';
import type { Dial } from '../link/carrier.ts';
import { DialFailure } from '../link/dial-failure.ts';
import { HostResolver } from '../link/host-resolver.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { TcpDialer } from '../link/tcp-dial.ts';
import type { BootstrapReply } from '../wire/bootstrap-reply.ts';
import { INSTANCE_ID_BYTES, PROTOCOL_VERSION } from '../wire/limits.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { ClientDeps } from './client-deps.ts';
import { CredentialKeeper } from './credential-keeper.ts';
import type { WorkEnd } from './exit.ts';
import { GoneCheck } from './gone-check.ts';
import { leftBehind, offerToResume } from './left-behind.ts';
import { planRoads } from './road-plan.ts';
import { type RunningSession, runSession } from './run-session.ts';
import { sentEnvironment } from './sent-environment.ts';
import { decideTerminal, makeService, type SessionWork } from './session-work.ts';
import { sshAlive, sshCarrier, sshDial } from './ssh-road.ts';

/** How the host is reached by ssh. */
export interface SshAccess {
  readonly runner: SshRunner;
  /** What ssh_config says of the host; `undefined` where no ssh is there to say it. */
  readonly config: () => Promise<SshConfig | undefined>;
}

/** A session server, and what it takes to speak to it. */
interface Server {
  readonly session: Uint8Array;
  readonly route: Uint8Array;
  readonly protocol: number;
  readonly features: readonly string[];
  readonly port: number;
  readonly keys: ClientKeys;
  /** A road that is there already: the channel of the bootstrap. */
  readonly channel: SshProcess | undefined;
  readonly createdMs: number;
  /** It runs a shell already. */
  readonly isResumed: boolean;
}

/** `et [user@]host`: bootstraps over ssh, then keeps the session alive over whatever there is. */
export async function connect(
  deps: ClientDeps,
  command: ConnectCommand,
  ssh: SshAccess,
): Promise<WorkEnd> {
  const destination = destinationOf(command);
  const found =
    command.work.kind === 'shell' && deps.io.isInputTerminal ? leftBehind(deps, destination) : [];
  const resumed = await offerToResume(deps, ssh.runner, found, command.serverPath);
  const config = ssh.config();
  const server = resumed === undefined ? await startServer(deps, command, ssh) : serverOf(resumed);
  return await serve(deps, command, ssh, server, await config).ended;
}

async function startServer(
  deps: ClientDeps,
  command: ConnectCommand,
  ssh: SshAccess,
): Promise<Server> {
  const starting = new AbortController();
  const unwatch = deps.onInterrupt(() => starting.abort());
  const request = {
    protocol: [PROTOCOL_VERSION, PROTOCOL_VERSION] as const,
    features: [],
    port: command.serverPort,
    bind: command.bind,
    graceSeconds: command.graceSeconds,
    // A hint: the server makes ready what a command needs while the reply travels.
    extra: { work: command.work.kind === 'command' ? 'exec' : 'terminal' },
  };
  try {
    const options = { serverPath: command.serverPath, signal: starting.signal };
    const { reply, channel } = await bootstrap(ssh.runner, request, options);
    if (!command.quiet) tell(deps, reply, command);
    const { session, route, protocol, features, port } = reply;
    const keys = ClientKeys.fromPasskey(reply.passkey);
    return {
      session,
      route,
      protocol,
      features,
      port,
      keys,
      channel,
      createdMs: deps.wallClock.now(),
      isResumed: false,
    };
  } finally {
    unwatch();
  }
}

function serverOf(credentials: SessionCredentials): Server {
  const { session, route, protocol, features, port, createdMs } = credentials;
  const keys = ClientKeys.fromRoot(credentials.rootSecret);
  return {
    session,
    route,
    protocol,
    features,
    port,
    keys,
    channel: undefined,
    createdMs,
    isResumed: true,
  };
}

function tell(deps: ClientDeps, reply: BootstrapReply, command: ConnectCommand): void {
  for (const notice of reply.notices ?? []) deps.io.say(`et: ${notice}`);
  const detached = reply.detached ?? 0;
  if (detached === 0 || command.work.kind !== 'shell' || !deps.io.isInputTerminal) return;
  deps.io.say(
    `et: ${detached} of your sessions on this host ${detached === 1 ? 'has' : 'have'} no client; etserver ls there shows them`,
  );
}

function serve(
  deps: ClientDeps,
  command: ConnectCommand,
  ssh: SshAccess,
  server: Server,
  config: SshConfig | undefined,
): RunningSession {
  const { clock, logger } = deps;
  const { host } = command.destination;
  const id = toHex(server.session);
  const link = linkOptions(deps, server);
  const plan = planRoads(clock, link, {
    tcp:
      command.via === 'ssh' || server.port === 0
        ? undefined
        : tcpDial(deps, config?.hostName ?? host, server.port, command),
    ssh:
      command.via === 'tcp' ? undefined : sshDial(clock, ssh.runner, host, id, command.serverPath),
    sshFirst: isBehindProxy(command, config),
  });
  const gone = new GoneCheck({
    logger,
    ask: sshAlive(ssh.runner, id, command.serverPath),
    onRefused: (error) => logger.log(1, `refused: ${error.message}`),
    onGone: () =>
      running.stop(
        {
          status: 255,
          message: 'the session is gone: its server has ended',
          advice: 'start another with et',
        },
        true,
      ),
    onUncertain: () =>
      logger.log(1, 'the host cannot be asked over ssh without a person; still trying'),
  });
  const work = workOf(deps, command, config, server.isResumed);
  const keeper = work.kind === 'terminal' ? keeperOf(deps, command, server) : undefined;
  const running = runSession(deps, {
    plan,
    keepaliveMs:
      command.keepaliveSeconds === undefined ? undefined : command.keepaliveSeconds * 1000,
    makeService: (client, over) => makeService(deps, work, client, over),
    begin: (client) => {
      const { channel } = server;
      if (channel === undefined || command.via === 'tcp') {
        channel?.release();
        client.start();
        return;
      }
      shakeHands(link, sshCarrier(clock, host, channel), (result) => {
        if (result.kind === 'link') client.addLink(result.link, plan.upgrade !== undefined);
        else client.start();
      });
    },
    onLink: () => {
      gone.onLink();
      keeper?.onFirstLink();
    },
    onDialFailed: (error) => {
      logger.log(1, `dial failed: ${error.message}`);
      gone.onDialFailed(error);
    },
    onEnded: (isEndedThere) => {
      if (isEndedThere) keeper?.forget(server.session);
      else keeper?.save();
    },
  });
  deps.watchSignals(running);
  return running;
}

function keeperOf(deps: ClientDeps, command: ConnectCommand, server: Server): CredentialKeeper {
  return new CredentialKeeper(deps.store, deps.clock, deps.logger, () => {
    const { session, route, protocol, features, port, createdMs, keys } = server;
    if (keys.root === undefined) return undefined;
    return {
      destination: destinationOf(command),
      session,
      route,
      rootSecret: keys.root,
      addresses: [],
      port,
      protocol,
      features,
      createdMs,
      clientPid: deps.pid,
    };
  });
}

function destinationOf({ destination: { user, host } }: ConnectCommand): string {
  return user === undefined ? host : `${user}@${host}`;
}

/** Such a host's address is not ours to dial: TCP is tried, and not waited for. */
function isBehindProxy(command: ConnectCommand, config: SshConfig | undefined): boolean {
  return (
    config?.proxyJump !== undefined ||
    config?.proxyCommand !== undefined ||
    command.ssh.jump !== undefined
  );
}

function linkOptions(deps: ClientDeps, server: Server): LinkDialOptions {
  return {
    clock: deps.clock,
    crypto: linkCrypto(),
    context: { sessionId: server.session, protocol: server.protocol, features: server.features },
    routeId: server.route,
    instance: deps.random.bytes(INSTANCE_ID_BYTES),
    keys: server.keys,
    isNoRoute: (error) => error instanceof DialFailure && error.kind === 'no-route',
  };
}

function tcpDial(deps: ClientDeps, host: string, port: number, command: ConnectCommand): Dial {
  const dialer = new TcpDialer(deps.clock, new SocketFactory(deps.clock), new HostResolver());
  const { family } = command.ssh;
  return dialer.to({ host, port, ...(family !== undefined && { family }) });
}

function workOf(
  deps: ClientDeps,
  command: ConnectCommand,
  config: SshConfig | undefined,
  isResumed: boolean,
): SessionWork {
  if (isResumed) return { kind: 'terminal', request: undefined };
  const { work } = command;
  const env = sentEnvironment(deps.environment, config?.sendEnv ?? [], config?.setEnv ?? {});
  // A command of the user's own takes the place of ssh_config's.
  const configured = work.kind === 'shell' ? config?.remoteCommand : undefined;
  const line = work.kind === 'shell' ? configured : work.command;
  const asked =
    configured === undefined
      ? command
      : { ...command, work: { kind: 'command', command: configured } as const };
  if (!decideTerminal(asked, deps.io, config?.requestTty ?? 'auto'))
    return { kind: 'exec', command: line ?? '', env };
  const noexit = work.kind === 'terminal-command' && work.stay;
  return {
    kind: 'terminal',
    request: { term: deps.environment['TERM'] ?? 'dumb', env, command: line, noexit },
  };
}
