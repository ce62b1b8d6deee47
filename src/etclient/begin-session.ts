import { ClientKeys } from '../backed/client-keys.ts';
import { bootstrap } from '../bootstrap/bootstrap.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';
import type { SshConfig } from '../bootstrap/ssh-config.ts';
import type { SshProcess, SshRunner } from '../bootstrap/ssh-runner.ts';
import type { BootstrapReply } from '../wire/bootstrap-reply.ts';
import { PROTOCOL_VERSION } from '../wire/limits.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import { DEFAULT_SERVER_PORT } from './cli/server-port.ts';
import type { ClientDeps } from './client-deps.ts';
import { leftBehind, offerToResume } from './left-behind.ts';

/** How the host is reached by ssh. */
export interface SshAccess {
  readonly runner: SshRunner;
  /** What ssh_config says of the host; `undefined` where no ssh is there to say it. */
  readonly config: () => Promise<SshConfig | undefined>;
}

/** A session server, and what it takes to speak to it. */
export interface Server {
  readonly session: Uint8Array;
  readonly route: Uint8Array;
  readonly protocol: number;
  readonly features: readonly string[];
  readonly port: number;
  /** Of UDP; 0: it takes no datagrams. */
  readonly udpPort: number;
  readonly keys: ClientKeys;
  /** A road that is there already: the channel of the bootstrap. */
  readonly channel: SshProcess | undefined;
  readonly createdMs: number;
  /** It runs a shell already. */
  readonly isResumed: boolean;
  /** It may have a router, and other route ids then. */
  readonly isRouted: boolean;
}

/**
 * Has a session server on the host: one that is left behind and that the user resumes, or another, started over ssh. Apart from what
 * serves the session, so that ssh is on its way while that is still being loaded.
 */
export async function beginSession(
  deps: ClientDeps,
  command: ConnectCommand,
  runner: SshRunner,
): Promise<Server> {
  const isInteractive = command.work.kind === 'shell' && deps.io.isInputTerminal;
  const found = isInteractive ? leftBehind(deps, destinationOf(command)) : [];
  const resumed =
    found.length === 0 ? undefined : await offerToResume(deps, runner, found, command.serverPath);
  return resumed === undefined ? await startServer(deps, command, runner) : serverOf(resumed);
}

/** `batch`: where a person would have to be asked, it fails. */
export async function startServer(
  deps: ClientDeps,
  command: ConnectCommand,
  runner: SshRunner,
  batch = false,
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
    extra: {
      work: isForTerminal(command.work) ? 'terminal' : 'exec',
      // Who asks for a port wants the session server there, and not the host's router.
      ...(command.serverPort !== DEFAULT_SERVER_PORT && { portAsked: true }),
    },
  };
  try {
    const options = { serverPath: command.serverPath, signal: starting.signal, batch };
    const { reply, channel } = await bootstrap(runner, request, options);
    if (!command.quiet) tell(deps, reply, command);
    const { session, route, protocol, features, port } = reply;
    const keys = ClientKeys.fromPasskey(reply.passkey);
    return {
      session,
      route,
      protocol,
      features,
      port,
      udpPort: reply.udpPort ?? 0,
      keys,
      channel,
      createdMs: deps.wallClock.now(),
      isResumed: false,
      isRouted: reply.router === true,
    };
  } finally {
    unwatch();
  }
}

/** Where it is given one, as it mostly is. */
function isForTerminal({ kind }: ConnectCommand['work']): boolean {
  return kind === 'shell' || kind === 'terminal-command';
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
    udpPort: credentials.udpPort ?? 0,
    keys,
    channel: undefined,
    createdMs,
    isResumed: true,
    isRouted: true,
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

/** As the user named it; sessions that are left behind are kept under it. Another login or sshd is another destination. */
export function destinationOf(command: Pick<ConnectCommand, 'destination' | 'ssh'>): string {
  const { destination, ssh } = command;
  const user = ssh.user ?? destination.user;
  const port = ssh.port ?? destination.sshPort;
  const name = user === undefined ? destination.host : `${user}@${destination.host}`;
  return port === undefined ? name : `${name} -p ${port}`;
}
