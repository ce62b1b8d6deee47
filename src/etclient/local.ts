import { spawn } from 'node:child_process';
import { ClientKeys } from '../backed/client-keys.ts';
import { toHex } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import { failureReported } from '../bootstrap/bootstrap.ts';
import { linkCrypto } from '../crypto/link-crypto.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { unixDial } from '../link/unix-dial.ts';
import { withOneArena } from '../process/one-arena.ts';
import type { BootstrapReply } from '../wire/bootstrap-reply.ts';
import { formatRequest } from '../wire/bootstrap-request.ts';
import { INSTANCE_ID_BYTES, PROTOCOL_VERSION } from '../wire/limits.ts';
import { ReplyScanner } from '../wire/reply-scanner.ts';
import { type AttachWish, sessionMembers } from './begin-session.ts';
import type { LocalCommand } from './cli/client-command.ts';
import type { ClientDeps } from './client-deps.ts';
import { decideTerminal } from './decide-terminal.ts';
import type { WorkEnd } from './exit.ts';
import { DIALLED } from './first-link.ts';
import { ForwardAccess } from './forward-access.ts';
import { forwardsFor, lateForwards } from './forwards-for.ts';
import { GoneCheck } from './gone-check.ts';
import { planRoads } from './road-plan.ts';
import { runSession } from './run-session.ts';
import { sentEnvironment } from './sent-environment.ts';
import { makeService, type SessionWork } from './session-work.ts';
import { callOf, leftEnd } from './way-back.ts';

/** `et --local`: a session on this machine, reached over a unix socket that only this user can open. */
export async function local(
  deps: ClientDeps,
  command: LocalCommand,
  program: readonly string[],
  attach?: AttachWish,
): Promise<WorkEnd> {
  const reply = await startServer(deps, command, program, attach);
  const [socket] = reply.addresses ?? [];
  if (socket === undefined)
    throw new EtError('ET_ERR_BOOTSTRAP', 'the session server named no socket');
  const { clock } = deps;
  const link = {
    clock,
    crypto: linkCrypto(),
    context: { sessionId: reply.session, protocol: reply.protocol, features: reply.features },
    routeId: () => reply.route,
    instance: deps.random.bytes(INSTANCE_ID_BYTES),
    keys: ClientKeys.fromPasskey(reply.passkey),
    isNoRoute: () => false,
  };
  const forwards = new ForwardAccess(await forwardsFor(deps, command, undefined), () =>
    lateForwards(deps, command, undefined),
  );
  const dial = unixDial(clock, new SocketFactory(clock), socket);
  // A socket is dialled as an address would be.
  const { dial: start, roads } = planRoads(clock, {
    link,
    dials: { dialOf: () => dial, nameOf: () => `unix ${socket}` },
    plan: { kind: 'direct', road: { kind: 'tcp' } },
    isSshStraight: false,
  });
  const work = workOf(deps, command, reply.attached === true);
  const id = toHex(reply.session);
  const call = callOf({ name: reply.name, id });
  const called = { call, place: 'this machine', isQuiet: command.quiet };
  const onRoot = (root: Uint8Array): void => link.keys.renew(root);
  const running = runSession(deps, {
    plan: { dial: start, roads, roadOf: () => 'unix', betterThan: () => undefined },
    keepaliveMs:
      command.keepaliveSeconds === undefined ? undefined : command.keepaliveSeconds * 1000,
    // Nothing is thin between two processes of one machine.
    makeService: (client, ends) =>
      makeService({ ...deps, forwards, isCompressed: false, onRoot }, work, client, ends),
    firstLink: DIALLED,
    hasWork: reply.attached === true,
    isVisitor: work.kind === 'history',
    leftBy: work.kind === 'terminal' ? (left, by) => leftEnd(left, called, by) : undefined,
    onEnded: () => forwards.current?.set.detach('the session has ended'),
    onLink: () => gone.onLink(),
    onDialFailed: (error) => {
      deps.logger.log(1, `dial failed: ${error.message}`);
      gone.onDialFailed(error);
    },
  });
  const gone = new GoneCheck({
    logger: deps.logger,
    // Nobody listens on this machine's own socket, three times in a row: the server has ended.
    ask: async () => ({ kind: 'gone', why: undefined }),
    onRefused: () => undefined,
    onGone: () =>
      running.stop({ status: 255, message: 'the session is gone: its server has ended' }, true),
    onUncertain: () => undefined,
  });
  deps.watchSignals(running);
  forwards.begin(
    { id, host: 'local', needsLogin: () => false, tryLogin: () => undefined },
    running,
  );
  return await running.ended;
}

/** Starts `etserver session` as a process session of its own, and has its reply. */
function startServer(
  deps: ClientDeps,
  command: LocalCommand,
  program: readonly string[],
  attach: AttachWish | undefined,
): Promise<BootstrapReply> {
  const [file = '', ...args] = program;
  return new Promise((resolve, reject) => {
    const child = spawn(file, [...args, 'session', '--detached'], {
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
      env: withOneArena(deps.environment),
    });
    const scanner = new ReplyScanner();
    const fail = (message: string): void => reject(new EtError('ET_ERR_BOOTSTRAP', message));
    child.once('error', (error) => fail(`cannot start the session server: ${error.message}`));
    child.once('exit', (status) =>
      fail(`the session server ended with status ${status ?? 'unknown'} before it replied`),
    );
    child.stdin.on('error', () => undefined);
    child.stdin.end(
      formatRequest({
        protocol: [PROTOCOL_VERSION, PROTOCOL_VERSION],
        features: [],
        port: '0',
        bind: '',
        graceSeconds: command.graceSeconds,
        extra: {
          local: true,
          ...sessionMembers(command, attach),
        },
      }),
    );
    child.stdout.on('data', (bytes: Uint8Array) => {
      const outcome = scanner.push(bytes);
      if (outcome === undefined) return;
      child.stdout.destroy();
      child.removeAllListeners();
      child.unref();
      if (outcome.kind === 'reply') resolve(outcome.reply);
      else reject(failureReported(outcome.failure));
    });
  });
}

function workOf(deps: ClientDeps, command: LocalCommand, isResumed: boolean): SessionWork {
  const { work } = command;
  if (work.kind === 'history') return work;
  if (isResumed) return { kind: 'terminal', request: undefined, configuredEscape: undefined };
  if (work.kind === 'none' || work.kind === 'stdio' || work.kind === 'bench') return work;
  const env = sentEnvironment(deps.environment, [], {});
  const line = work.kind === 'shell' ? undefined : work.command;
  const subsystem = work.kind === 'subsystem';
  if (!decideTerminal(command, deps.io, 'auto'))
    return { kind: 'exec', command: line ?? '', subsystem, env };
  const noexit = work.kind === 'terminal-command' && work.stay;
  return {
    kind: 'terminal',
    request: { term: deps.environment['TERM'] ?? 'dumb', env, command: line, subsystem, noexit },
    configuredEscape: undefined,
  };
}
