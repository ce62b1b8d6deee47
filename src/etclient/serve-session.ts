import { type LinkDialOptions, shakeHands } from '../backed/link-dial.ts';
import { toHex } from '../base/bytes.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';
import type { SshConfig } from '../bootstrap/ssh-config.ts';
import { linkCrypto } from '../crypto/link-crypto.ts';
import { warmUp } from '../crypto/warm-up.ts';
import { DialFailure } from '../link/dial-failure.ts';
import { keepYoungGenerationSmall } from '../process/young-generation.ts';
import { INSTANCE_ID_BYTES } from '../wire/limits.ts';
import { asksCompression } from './asks-compression.ts';
import { destinationOf, type Server, type SshAccess } from './begin-session.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { ClientDeps } from './client-deps.ts';
import type { ClientForwards } from './client-forwards.ts';
import { CredentialKeeper } from './credential-keeper.ts';
import { decideTerminal } from './decide-terminal.ts';
import { DialWatch } from './dial-watch.ts';
import { BootstrapLink, DIALLED, type FirstLink } from './first-link.ts';
import { ForwardAccess } from './forward-access.ts';
import { lateForwards } from './forwards-for.ts';
import { NetworkRoutes, networkOf } from './network-routes.ts';
import { type RunningSession, runSession } from './run-session.ts';
import { sentEnvironment } from './sent-environment.ts';
import { sessionRoads } from './session-roads.ts';
import { keepaliveMs, makeService, type SessionWork } from './session-work.ts';
import { sshAlive, sshCarrier } from './ssh-road.ts';
import { callOf, leftEnd, wayOf } from './way-back.ts';

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
  const { clock } = deps;
  const { host } = command.destination;
  // It has no terminal whose title would say that something is wrong.
  const isStanding = command.work.kind === 'none';
  const id = toHex(server.session);
  const forwards = new ForwardAccess(startedForwards, () => lateForwards(deps, command, config));
  const routes = new NetworkRoutes(server.route, () => networkOf(deps.interfaces()));
  const link = linkOptions(deps, server, () => routes.current(), command.padBytes);
  const isCompressed = asksCompression(command, config);
  const roads = sessionRoads(deps, command, ssh, server, config, link, {
    isOwnPort: (port) => forwards.listensOn(port),
    onRoadFailed: (error) => watch.onRoadFailed(error),
  });
  const watch = new DialWatch(deps, {
    ask: sshAlive(ssh.runner, id, command.serverPath),
    isKept: server.isKept,
    isStanding,
    running: () => running,
  });
  const work = workOf(deps, command, config, server.isResumed);
  const keeper = work.kind === 'terminal' ? keeperOf(deps, command, server) : undefined;
  const call = callOf({ name: server.name, id });
  const called = { call, place: typedHost(command), isQuiet: command.quiet };
  const onRoot = (root: Uint8Array): void => {
    server.keys.renew(root);
    keeper?.save();
  };
  const running = runSession(deps, {
    plan: roads.plan,
    hasStandby: command.hasStandby,
    isResumable: keeper !== undefined,
    hasWork: server.isResumed,
    isVisitor: work.kind === 'history',
    leftBy: keeper && ((left, by) => leftEnd(left, called, by)),
    keepaliveMs: keepaliveMs(command.keepaliveSeconds, config?.serverAliveIntervalSeconds),
    makeService: (client, ends) =>
      makeService({ ...deps, forwards, isCompressed, onRoot }, work, client, ends),
    firstLink: firstLinkOf(server, roads.hasSsh, (channel, done) => {
      shakeHands(link, sshCarrier(clock, host, channel), done);
    }),
    onLink: () => {
      watch.onLink();
      if (server.isRouted) routes.refill(running.client.mux);
      keeper?.onFirstLink();
    },
    onDialFailed: (error) => watch.onDialFailed(error),
    onEnded: (isEndedThere, end) => {
      watch.stop();
      roads.memory.save();
      forwards.current?.set.detach('the session has ended');
      if (isEndedThere) keeper?.forget(server.session);
      else if (running.client.hasBeenUp) keeper?.leave(end.left);
      // Another follows in its place.
      if (end.isReplaced === true) unwatch();
    },
  });
  const unwatch = deps.watchSignals(running);
  if (isStanding) deps.onNudge(() => watch.askNow());
  forwards.begin(
    {
      id,
      host: typedHost(command),
      needsLogin: () => watch.isUncertain,
      tryLogin: () => watch.askNow(),
    },
    running,
  );
  return running;
}

/** On the ssh that started the session, where it may carry it; else by dialling. */
function firstLinkOf(
  { channel }: Server,
  hasSsh: boolean,
  shake: ConstructorParameters<typeof BootstrapLink>[1],
): FirstLink {
  if (channel !== undefined && hasSsh) return new BootstrapLink(channel, shake);
  channel?.release();
  return DIALLED;
}

/** As people know the session. */
function typedHost({ destination, ssh }: ConnectCommand): string {
  const user = ssh.user ?? destination.user;
  return user === undefined ? destination.host : `${user}@${destination.host}`;
}

function keeperOf(deps: ClientDeps, command: ConnectCommand, server: Server): CredentialKeeper {
  const way = wayOf(command, deps.directory);
  const make = (): SessionCredentials | undefined => {
    const { session, route, protocol, features, port, udpPort, createdMs, keys, name } = server;
    if (keys.root === undefined) return undefined;
    return {
      destination: destinationOf(command),
      session,
      route,
      rootSecret: keys.root,
      addresses: [],
      port,
      udpPort,
      protocol,
      features,
      createdMs,
      clientPid: deps.pid,
      ...(name !== undefined && { name }),
      ...(way.length > 0 && { way }),
      seenMs: deps.wallClock.now(),
    };
  };
  return new CredentialKeeper({ ...deps, make });
}

function linkOptions(
  deps: ClientDeps,
  server: Server,
  routeId: LinkDialOptions['routeId'],
  padBytes: number | undefined,
): LinkDialOptions {
  return {
    clock: deps.clock,
    crypto: linkCrypto(),
    context: { sessionId: server.session, protocol: server.protocol, features: server.features },
    routeId,
    instance: deps.random.bytes(INSTANCE_ID_BYTES),
    keys: server.keys,
    padBytes,
    isNoRoute: (error) => error instanceof DialFailure && error.kind === 'no-route',
  };
}

function workOf(
  deps: ClientDeps,
  command: ConnectCommand,
  config: SshConfig | undefined,
  isResumed: boolean,
): SessionWork {
  const configuredEscape = config?.escapeChar;
  const { work } = command;
  if (work.kind === 'history') return work;
  if (isResumed) return { kind: 'terminal', request: undefined, configuredEscape };
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
