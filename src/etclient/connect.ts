import { ClientKeys } from '../backed/client-keys.ts';
import { type LinkDialOptions, shakeHands } from '../backed/link-dial.ts';
import { toHex } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import { type Bootstrapped, bootstrap } from '../bootstrap/bootstrap.ts';
import type { SshConfig } from '../bootstrap/ssh-config.ts';
import type { SshRunner } from '../bootstrap/ssh-runner.ts';
import { linkCrypto } from '../crypto/link-crypto.ts';
import { DialFailure } from '../link/dial-failure.ts';
import { HostResolver } from '../link/host-resolver.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { TcpDialer } from '../link/tcp-dial.ts';
import type { BootstrapReply } from '../wire/bootstrap-reply.ts';
import { INSTANCE_ID_BYTES, PROTOCOL_VERSION } from '../wire/limits.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { ClientDeps } from './client-deps.ts';
import type { WorkEnd } from './exit.ts';
import { GoneCheck } from './gone-check.ts';
import { planRoads } from './road-plan.ts';
import { type RunningSession, runSession } from './run-session.ts';
import { sentEnvironment } from './sent-environment.ts';
import { decideTerminal, makeService, type SessionWork } from './session-work.ts';
import { sshAlive, sshCarrier, sshDial } from './ssh-road.ts';

/** Everything known of the host when a session begins. */
interface Target {
  readonly name: string;
  /** Where TCP is dialled; `undefined` where that makes no sense. */
  readonly tcpHost: string | undefined;
  /** The host is behind others: TCP is tried, and not waited for. */
  readonly isBehindProxy: boolean;
}

/** `et [user@]host`: bootstraps over ssh, then keeps the session alive over whatever there is. */
export async function connect(
  deps: ClientDeps,
  command: ConnectCommand,
  ssh: SshAccess,
): Promise<WorkEnd> {
  const starting = new AbortController();
  const unwatch = deps.onInterrupt(() => starting.abort());
  const request = {
    protocol: [PROTOCOL_VERSION, PROTOCOL_VERSION] as const,
    features: [],
    port: command.serverPort,
    bind: command.bind,
    graceSeconds: command.graceSeconds,
  };
  let started: Bootstrapped;
  let config: SshConfig | undefined;
  try {
    [started, config] = await Promise.all([
      bootstrap(ssh.runner, request, { serverPath: command.serverPath, signal: starting.signal }),
      ssh.config(),
    ]);
  } finally {
    unwatch();
  }
  const { reply } = started;
  if (!command.quiet) for (const notice of reply.notices ?? []) deps.io.say(`et: ${notice}`);
  return await serveSession(deps, command, ssh, started, config).ended;
}

/** How the host is reached by ssh. */
export interface SshAccess {
  readonly runner: SshRunner;
  /** What ssh_config says of the host; `undefined` where no ssh is there to say it. */
  readonly config: () => Promise<SshConfig | undefined>;
}

function serveSession(
  deps: ClientDeps,
  command: ConnectCommand,
  ssh: SshAccess,
  { reply, channel }: Bootstrapped,
  config: SshConfig | undefined,
): RunningSession {
  const { clock, logger, io } = deps;
  const target = targetOf(command, config);
  const keys = ClientKeys.fromPasskey(reply.passkey);
  const link = linkOptions(deps, reply, keys);
  const plan = planRoads(clock, link, {
    tcp:
      command.via === 'ssh' || reply.port === 0 ? undefined : tcpDial(deps, target, reply, command),
    ssh:
      command.via === 'tcp'
        ? undefined
        : sshDial(clock, ssh.runner, target.name, toHex(reply.session), command.serverPath),
    sshFirst: target.isBehindProxy,
  });
  const gone = new GoneCheck({
    logger,
    ask: sshAlive(ssh.runner, toHex(reply.session), command.serverPath),
    onRefused: (error) => logger.log(0, `et: ${error.message}; asking again`),
    onGone: () =>
      running.stop({
        status: 255,
        message: 'the session is gone: its server has ended',
        advice: 'start another with et',
      }),
    onUncertain: () =>
      logger.log(0, 'et: the host cannot be asked without a password; still trying'),
  });
  const running = runSession(deps, {
    plan,
    makeService: (client, over) => makeService(deps, workOf(deps, command, config), client, over),
    begin: (client) => {
      if (command.via === 'tcp') {
        channel.release();
        client.start();
        return;
      }
      // The channel of the bootstrap is a road that is there already.
      const carrier = sshCarrier(clock, target.name, channel);
      shakeHands(link, carrier, (result) => {
        if (result.kind === 'link') client.addLink(result.link, plan.upgrade !== undefined);
        else client.start();
      });
    },
    onFirstLink: () => gone.onLink(),
    onDialFailed: (error) => {
      logger.log(1, `dial failed: ${error.message}`);
      gone.onDialFailed(error);
    },
  });
  deps.watchSignals(running);
  void io;
  return running;
}

function linkOptions(deps: ClientDeps, reply: BootstrapReply, keys: ClientKeys): LinkDialOptions {
  return {
    clock: deps.clock,
    crypto: linkCrypto(),
    context: { sessionId: reply.session, protocol: reply.protocol, features: reply.features },
    routeId: reply.route,
    instance: deps.random.bytes(INSTANCE_ID_BYTES),
    keys,
    isNoRoute: (error) => error instanceof DialFailure && error.kind === 'no-route',
  };
}

function targetOf(command: ConnectCommand, config: SshConfig | undefined): Target {
  const { host } = command.destination;
  const isBehindProxy =
    config?.proxyJump !== undefined ||
    config?.proxyCommand !== undefined ||
    command.ssh.jump !== undefined;
  return { name: host, tcpHost: config?.hostName ?? host, isBehindProxy };
}

function tcpDial(deps: ClientDeps, target: Target, reply: BootstrapReply, command: ConnectCommand) {
  if (target.tcpHost === undefined) throw new EtError('ET_ERR_INTERNAL', 'no host to dial');
  const dialer = new TcpDialer(deps.clock, new SocketFactory(deps.clock), new HostResolver());
  const { family } = command.ssh;
  return dialer.to({
    host: target.tcpHost,
    port: reply.port,
    ...(family !== undefined && { family }),
  });
}

function workOf(
  deps: ClientDeps,
  command: ConnectCommand,
  config: SshConfig | undefined,
): SessionWork {
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
