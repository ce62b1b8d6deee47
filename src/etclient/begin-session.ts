import { ClientKeys } from '../backed/client-keys.ts';
import { usageError } from '../base/usage-error.ts';
import { bootstrap } from '../bootstrap/bootstrap.ts';
import type { SessionCredentials } from '../bootstrap/session-credentials.ts';
import type { SshConfig } from '../bootstrap/ssh-config.ts';
import type { SshProcess, SshRunner } from '../bootstrap/ssh-runner.ts';
import type { BootstrapReply } from '../wire/bootstrap-reply.ts';
import { PROTOCOL_VERSION } from '../wire/limits.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { LeavingFlags } from './cli/leaving-flags.ts';
import { DEFAULT_SERVER_PORT } from './cli/server-port.ts';
import type { ClientDeps } from './client-deps.ts';
import { decideTerminal } from './decide-terminal.ts';
import { detachedLine, leftBehind, offerToResume } from './left-behind.ts';

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
  /** As the user has named it. */
  readonly name: string | undefined;
  /** It runs a shell already. */
  readonly isResumed: boolean;
  /** Nobody but our own disk has said so: other credentials may have taken the place of these. */
  readonly isKept: boolean;
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
  requireTerminal(deps, command);
  const isOffered = isInteractive(deps, command) && command.name === undefined && !command.isNew;
  const found = isOffered ? leftBehind(deps, destinationOf(command)) : [];
  const resumed =
    found.length === 0 ? undefined : await offerToResume(deps, runner, found, command.serverPath);
  return resumed === undefined ? await startServer(deps, command, runner) : serverOf(resumed);
}

function isInteractive({ io }: ClientDeps, { work }: ConnectCommand): boolean {
  return work.kind === 'shell' && io.isInputTerminal;
}

/** What is named is to be come back to. @throws {EtError} ET_ERR_USAGE */
function requireTerminal({ io }: ClientDeps, command: ConnectCommand): void {
  if (command.name === undefined || decideTerminal(command, io, 'auto')) return;
  throw usageError(
    '--name is for a shell on a terminal, and standard input is none: write --tty, or leave it out',
  );
}

/** Which of the host's sessions to attach to: a name, or the beginning of an id; `undefined`: the only one. */
export interface AttachWish {
  readonly session: string | undefined;
}

export interface StartOptions {
  /** Where a person would have to be asked, it fails. */
  readonly batch?: boolean;
  /** Begins no session, and attaches to one that runs. */
  readonly attach?: AttachWish;
}

export async function startServer(
  deps: ClientDeps,
  command: ConnectCommand,
  runner: SshRunner,
  { batch = false, attach }: StartOptions = {},
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
      ...sessionMembers(command, attach),
    },
  };
  try {
    const options = { serverPath: command.serverPath, signal: starting.signal, batch };
    const { reply, channel } = await bootstrap(runner, request, options);
    if (!command.quiet) tell(deps, reply, command);
    return serverFrom(reply, channel, deps.wallClock.now());
  } finally {
    unwatch();
  }
}

export function serverFrom(
  reply: BootstrapReply,
  channel: SshProcess | undefined,
  createdMs: number,
): Server {
  const { session, route, protocol, features, port } = reply;
  return {
    session,
    route,
    protocol,
    features,
    port,
    udpPort: reply.udpPort ?? 0,
    keys: ClientKeys.fromPasskey(reply.passkey),
    channel,
    createdMs,
    name: reply.name,
    isResumed: reply.attached === true,
    isKept: false,
    isRouted: reply.router === true,
  };
}

/** The members of a request that say which session is meant. */
export function sessionMembers(
  { name, isNew, killOthers, historyBytes }: LeavingFlags,
  attach: AttachWish | undefined,
): Readonly<Record<string, unknown>> {
  const mode = attach !== undefined ? 'only' : isNew && name !== undefined ? 'new' : undefined;
  return {
    ...(name !== undefined && { name }),
    ...(mode !== undefined && { attach: mode }),
    ...(attach?.session !== undefined && { session: attach.session }),
    ...(killOthers && { killOthers }),
    ...(historyBytes !== undefined && { historyBytes }),
  };
}

/** Where it is given one, as it mostly is. */
function isForTerminal({ kind }: ConnectCommand['work']): boolean {
  return kind === 'shell' || kind === 'terminal-command';
}

/** What is known of a session here. */
export function serverOf(credentials: SessionCredentials): Server {
  const { session, route, protocol, features, port, createdMs, name } = credentials;
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
    name,
    isResumed: true,
    isKept: true,
    isRouted: true,
  };
}

function tell(deps: ClientDeps, reply: BootstrapReply, command: ConnectCommand): void {
  for (const notice of reply.notices ?? []) deps.io.say(`et: ${notice}`);
  if (!isInteractive(deps, command) || reply.attached === true) return;
  const line = detachedLine(deps, destinationOf(command), reply.detached ?? 0);
  if (line !== undefined) deps.io.say(`et: ${line}`);
}

/** As the user named it; sessions that are left behind are kept under it. Another login or sshd is another destination. */
export function destinationOf(command: Pick<ConnectCommand, 'destination' | 'ssh'>): string {
  const { destination, ssh } = command;
  const user = ssh.user ?? destination.user;
  const port = ssh.port ?? destination.sshPort;
  const name = user === undefined ? destination.host : `${user}@${destination.host}`;
  return port === undefined ? name : `${name} -p ${port}`;
}
