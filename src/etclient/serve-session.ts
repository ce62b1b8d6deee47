import { type LinkDialOptions, shakeHands } from '../backed/link-dial.ts';
import { toHex } from '../base/bytes.ts';
import type { SshConfig } from '../bootstrap/ssh-config.ts';
import { linkCrypto } from '../crypto/link-crypto.ts';
import { warmUp } from '../crypto/warm-up.ts';
import type { Dial } from '../link/carrier.ts';
import { DialFailure } from '../link/dial-failure.ts';
import { HostResolver } from '../link/host-resolver.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { TcpDialer } from '../link/tcp-dial.ts';
import { keepYoungGenerationSmall } from '../process/young-generation.ts';
import { INSTANCE_ID_BYTES } from '../wire/limits.ts';
import { asksCompression } from './asks-compression.ts';
import { destinationOf, type Server, type SshAccess } from './begin-session.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { ClientDeps } from './client-deps.ts';
import type { ClientForwards } from './client-forwards.ts';
import { CredentialKeeper } from './credential-keeper.ts';
import { FAILURE_STATUS, type WorkEnd } from './exit.ts';
import { ForwardAccess } from './forward-access.ts';
import { lateForwards } from './forwards-for.ts';
import { GoneCheck } from './gone-check.ts';
import { planRoads } from './road-plan.ts';
import { type RunningSession, runSession } from './run-session.ts';
import { sentEnvironment } from './sent-environment.ts';
import { decideTerminal, keepaliveMs, makeService, type SessionWork } from './session-work.ts';
import { sshAlive, sshCarrier, sshDial } from './ssh-road.ts';

const GONE: WorkEnd = {
  isGone: true,
  status: FAILURE_STATUS,
  message: 'the session is gone: its server has ended',
  advice: 'start another with et',
};

/** Does beforehand what the first link would have to wait for. */
export function prepare(): void {
  warmUp(linkCrypto());
  keepYoungGenerationSmall();
}

/** Keeps a session alive over whatever roads there are, until its work or its server has ended. */
export function serveSession(
  deps: ClientDeps,
  command: ConnectCommand,
  ssh: SshAccess,
  server: Server,
  config: SshConfig | undefined,
  startedForwards?: ClientForwards,
): RunningSession {
  const { clock, logger } = deps;
  const { host } = command.destination;
  // It has no terminal whose title would say that something is wrong.
  const isStanding = command.work.kind === 'none';
  const id = toHex(server.session);
  const forwards = new ForwardAccess(startedForwards, () => lateForwards(deps, command, config));
  const link = linkOptions(deps, server);
  const isCompressed = asksCompression(command, config);
  const plan = planRoads(clock, link, roadsTo(deps, command, ssh, server, config));
  const gone = new GoneCheck({
    logger,
    ask: sshAlive(ssh.runner, id, command.serverPath),
    onRefused: (error) => {
      logger.log(1, `refused: ${error.message}`);
      // Later the terminal's title says it.
      if (!running.client.hasBeenUp) deps.io.say(`et: ${error.message}; still trying`);
    },
    onGone: () => running.stop(GONE, true),
    onUncertain: () => {
      const text = 'ssh would have to ask you whether the session still lives';
      logger.log(1, text);
      if (isStanding || !running.client.hasBeenUp) deps.io.say(`et: ${text}; still trying`);
    },
  });
  const work = workOf(deps, command, config, server.isResumed);
  const keeper = work.kind === 'terminal' ? keeperOf(deps, command, server) : undefined;
  const running = runSession(deps, {
    plan,
    hasStandby: command.hasStandby,
    isResumable: keeper !== undefined,
    keepaliveMs: keepaliveMs(command.keepaliveSeconds, config?.serverAliveIntervalSeconds),
    makeService: (client, over, received) =>
      makeService({ ...deps, forwards, isCompressed }, work, client, over, received),
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
      forwards.current?.set.detach('the session has ended');
      if (isEndedThere) keeper?.forget(server.session);
      else keeper?.save();
    },
  });
  deps.watchSignals(running);
  if (isStanding) deps.onNudge(() => gone.askNow());
  forwards.begin(
    {
      id,
      host: typedHost(command),
      needsLogin: () => gone.isUncertain,
      tryLogin: () => gone.askNow(),
    },
    running,
  );
  return running;
}

/** The ways to a session server that the command line leaves open. */
function roadsTo(
  deps: ClientDeps,
  command: ConnectCommand,
  ssh: SshAccess,
  server: Server,
  config: SshConfig | undefined,
): Parameters<typeof planRoads>[2] {
  const { host } = command.destination;
  const id = toHex(server.session);
  const hasTcp = command.via !== 'ssh' && server.port !== 0;
  return {
    tcp: hasTcp ? tcpDial(deps, config?.hostName ?? host, server.port, command) : undefined,
    ssh:
      command.via === 'tcp'
        ? undefined
        : sshDial(deps.clock, ssh.runner, host, id, command.serverPath),
    sshFirst: isBehindProxy(command, config),
  };
}

/** As people know the session. */
function typedHost({ destination, ssh }: ConnectCommand): string {
  const user = ssh.user ?? destination.user;
  return user === undefined ? destination.host : `${user}@${destination.host}`;
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
  const configuredEscape = config?.escapeChar;
  if (isResumed) return { kind: 'terminal', request: undefined, configuredEscape };
  const { work } = command;
  if (work.kind === 'none' || work.kind === 'stdio' || work.kind === 'bench') return work;
  const env = sentEnvironment(deps.environment, config?.sendEnv ?? [], config?.setEnv ?? {});
  // A command of the user's own takes the place of ssh_config's.
  const configured = work.kind === 'shell' ? config?.remoteCommand : undefined;
  const line = work.kind === 'shell' ? configured : work.command;
  const subsystem = work.kind === 'subsystem';
  const asked =
    configured === undefined
      ? command
      : { ...command, work: { kind: 'command', command: configured } as const };
  if (!decideTerminal(asked, deps.io, config?.requestTty ?? 'auto'))
    return { kind: 'exec', command: line ?? '', subsystem, env };
  const noexit = work.kind === 'terminal-command' && work.stay;
  return {
    kind: 'terminal',
    request: { term: deps.environment['TERM'] ?? 'dumb', env, command: line, subsystem, noexit },
    configuredEscape,
  };
}
