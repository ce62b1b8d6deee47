import { networkInterfaces } from 'node:os';
import { KeyRing } from '../backed/key-ring.ts';
import { KeySet } from '../backed/key-set.ts';
import { toHex } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { linkCrypto } from '../crypto/link-crypto.ts';
import { warmUp } from '../crypto/warm-up.ts';
import { ownStdioCarrier } from '../link/own-stdio.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { keepYoungGenerationSmall } from '../process/young-generation.ts';
import {
  type BootstrapFailure,
  type BootstrapReply,
  formatFailure,
  formatReply,
} from '../wire/bootstrap-reply.ts';
import { type BootstrapRequest, parseRequest } from '../wire/bootstrap-request.ts';
import { BYE } from '../wire/frames.ts';
import { PROTOCOL_VERSION, SECRET_BYTES, SESSION_ID_BYTES } from '../wire/limits.ts';
import { AcceptedRoads } from './accept-roads.ts';
import { attachSession } from './attach-session.ts';
import {
  type ChooseSessionDeps,
  chooseSession,
  claimName,
  SessionRefusal,
} from './choose-session.ts';
import { answerQuestions, type SessionStatus } from './control-questions.ts';
import { keepWhenUserLeaves } from './keep-running.ts';
import { DEFAULT_LIFETIME, type LifetimePolicy } from './lifetime.ts';
import { type OwnRouteDeps, ownRoute } from './own-route.ts';
import { OwnSessions } from './own-sessions.ts';
import { parsePorts } from './parse-ports.ts';
import type { SessionRegistry } from './registry.ts';
import type { RouterRegistration } from './router-registration.ts';
import type { SessionMemory } from './session-memory.ts';
import type { SessionRecords } from './session-records.ts';
import { SessionServer, type SessionServerDeps } from './session-server.ts';
import { type SessionWish, sessionWish } from './session-wish.ts';
import type { Shell } from './shell.ts';
import { closeStandard, readLine, writeAll } from './stdio.ts';
import type { WorkStarter } from './work-starter.ts';

export interface ServeDeps extends OwnRouteDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: SessionRegistry;
  readonly version: string;
  readonly pid: number;
  readonly userName: string;
  /** The user's other sessions on this host that have no client. */
  readonly countDetached: () => Promise<number>;
  readonly makeForwards: SessionServerDeps['makeForwards'];
  /** What is remembered of a session, and what is written down of it. */
  readonly makeMemory: (session: {
    readonly id: string;
    readonly name: string;
    readonly historyBytes: number;
  }) => SessionMemory;
  readonly records: SessionRecords;
  /** Where a shell is; empty where nobody can tell. */
  readonly directoryOf: (shell: Shell) => string;
  /** Milliseconds since the epoch, for people. */
  readonly nowMs: () => number;
  readonly makeWork: (sessionId: string, isLocal: boolean) => WorkStarter;
  /** From now on no failure ends the process: somebody's work is in it. */
  readonly surviveFaults: () => void;
  /** Has `callback` called when the process is told to end (SIGTERM), in place of ending it. */
  readonly onTerminate: (callback: () => void) => void;
  /** Ends the process. */
  readonly exit: (status: number) => void;
}

/**
 * `etserver session`: reads the request, makes the secrets, listens, replies, and serves until the work is over.
 * The channel it was started over becomes the first road: a client that says hello on it has a link without another dial.
 */
export async function serveSession(deps: ServeDeps): Promise<void> {
  try {
    const request = parseRequest(await readLine(0, deps.clock));
    const wish = sessionWish(request);
    const choice = choiceDeps(deps);
    const there = await chooseSession(choice, wish);
    if (wish.killOthers) await choice.own.killOthers(there);
    const chosen = there ?? (await serve(deps, request, wish, choice));
    if (chosen !== undefined) {
      await attachSession(
        { ...deps, own: choice.own, socketOf: (id) => deps.registry.socketOf(id) },
        chosen,
      );
    }
  } catch (error) {
    writeAll(1, formatFailure(failureOf(error)));
    deps.exit(1);
  }
}

function failureOf(error: unknown): BootstrapFailure {
  if (error instanceof SessionRefusal) return error;
  const { message, advice } =
    error instanceof EtError ? error : { message: messageOf(error), advice: '' };
  return { code: 'session-failed', message, advice: advice ?? '' };
}

function choiceDeps({
  clock,
  registry,
  records,
  nowMs,
}: ServeDeps): ChooseSessionDeps & { readonly own: OwnSessions } {
  const own = new OwnSessions(clock, new SocketFactory(clock, ANSWER_BUFFER_BYTES), registry);
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      clock.schedule(LOOK_AGAIN_MS, resolve);
    });
  return { own, registry, records, nowMs: nowMs(), pause };
}

/** Begins a session. Returns another's id where that has the name meanwhile. */
async function serve(
  deps: ServeDeps,
  request: BootstrapRequest,
  wish: SessionWish,
  choice: ChooseSessionDeps,
): Promise<string | undefined> {
  const { clock, random, logger, registry } = deps;
  const protocol = chooseProtocol(request.protocol);
  const sessionId = random.bytes(SESSION_ID_BYTES);
  const id = toHex(sessionId);
  const passkey = random.bytes(SECRET_BYTES);
  const sockets = new SocketFactory(clock);
  const local = request.extra?.['local'] === true;
  const work = deps.makeWork(id, local);
  const crypto = linkCrypto();
  let roads: AcceptedRoads | undefined;
  const { router, ...route } = await ownRoute(deps, request, (carrier) => server.accept(carrier));
  const server: SessionServer = new SessionServer({
    clock,
    logger,
    crypto,
    random,
    keys: new KeySet(new KeyRing(passkey.slice(), random.bytes(SECRET_BYTES))),
    sessionId,
    protocol,
    features: [],
    lifetime: lifetimeFor(request),
    work,
    makeForwards: deps.makeForwards,
    routes: route.channels,
    makeShell: (onOver, onWarning) => memory.makeShell(onOver, onWarning),
    onOver: (why) => leave(deps, memory, why, roads, router),
  });
  const memory = deps.makeMemory({ id, name: wish.name, historyBytes: wish.historyBytes });
  const notices = keepWhenUserLeaves(deps, id);
  const detached = request.extra?.['work'] === 'terminal' ? countInTime(deps) : () => 0;
  roads = await AcceptedRoads.open(
    { clock, random, sockets, logger, interfaces: networkInterfaces },
    {
      ports: local || router !== undefined ? undefined : parsePorts(request.port),
      bind: request.bind,
      socket: registry.socketOf(id),
      ownerId: registry.ownerId,
    },
    {
      onLink: (road) => server.accept(road),
      onQuestion: (road) =>
        answerQuestions(road, {
          status: () => statusOf(deps, id, wish.name, server, router?.port ?? roads?.port ?? 0),
          kill: () => server.end('killed'),
          detach: () => server.detachAll(),
          attach: () => ({ reply: replyTo(server.offerKeys(), { attached: true }) }),
        }),
    },
  );
  const holder = await claimName(choice, wish, id);
  if (holder !== undefined) {
    router?.close();
    await roads.close();
    return holder;
  }
  /** Wipes the passkey. */
  const replyTo = (passkey: Uint8Array, more: Partial<BootstrapReply>): string => {
    const place = router ?? (roads as AcceptedRoads);
    const reply = formatReply({
      protocol,
      features: [],
      session: sessionId,
      route: route.id,
      passkey,
      port: place.port,
      ...udpOf(place),
      server: deps.version,
      ...(local && { addresses: [registry.socketOf(id)] }),
      ...(router !== undefined && { router: true }),
      ...(wish.name !== '' && { name: wish.name }),
      ...more,
    });
    passkey.fill(0);
    return reply;
  };
  writeAll(
    1,
    replyTo(passkey, {
      notices: await notices,
      ...(detached() > 0 && { detached: detached() }),
    }),
  );
  deps.surviveFaults();
  deps.onTerminate(() => server.endSoon('its host has ended it', BYE.terminated, FLUSH_MS));
  // While the reply travels: what the first link and the first command need.
  warmUp(crypto);
  if (request.extra?.['work'] === 'exec') work.prepare();
  keepYoungGenerationSmall();
  closeStandard(2);
  acceptOwnChannel(clock, server);
  return undefined;
}

function udpOf({ udpPort }: { readonly udpPort: number }): Pick<BootstrapReply, 'udpPort'> {
  return udpPort > 0 ? { udpPort } : {};
}

function lifetimeFor({ graceSeconds }: BootstrapRequest): LifetimePolicy {
  return { ...DEFAULT_LIFETIME, graceMs: graceSeconds === null ? undefined : graceSeconds * 1000 };
}

/** The channel of the bootstrap is the first road, if it can be one. */
function acceptOwnChannel(clock: Clock, server: SessionServer): void {
  const carrier = ownStdioCarrier(clock, 'ssh-stdio');
  if (carrier === undefined) {
    closeStandard(0);
    closeStandard(1);
  } else {
    server.accept(carrier);
  }
}

/** How many sessions have no client, if that is known by the time it is asked for: a session is not kept waiting for others. */
function countInTime(deps: ServeDeps): () => number {
  let known = 0;
  deps.countDetached().then(
    (count) => {
      known = count;
    },
    () => undefined,
  );
  return () => known;
}

function chooseProtocol([low, high]: readonly [number, number]): number {
  if (low <= PROTOCOL_VERSION && PROTOCOL_VERSION <= high) return PROTOCOL_VERSION;
  const older = high < PROTOCOL_VERSION ? 'the client' : 'this host';
  throw new EtError(
    'ET_ERR_FEATURE',
    `protocol ${low}..${high} asked for, ${PROTOCOL_VERSION} spoken here`,
    {
      advice: `update everterm on ${older}`,
    },
  );
}

function statusOf(
  deps: ServeDeps,
  id: string,
  name: string,
  server: SessionServer,
  port: number,
): SessionStatus {
  server.askWhoIsThere();
  const { shell } = server;
  const silentMs = shell?.silentMs;
  return {
    session: id,
    name,
    pid: deps.pid,
    port,
    command: server.workName,
    hasShell: shell !== undefined,
    ageSeconds: Math.round(server.ageMs / 1000),
    attached: server.isAttached,
    by: server.attachedBy,
    idleSeconds: Math.round(server.idleMs / 1000),
    over: server.isWorkOver,
    backlogBytes: shell === undefined ? 0 : shell.log.end - shell.delivered,
    historyBytes: shell === undefined ? 0 : shell.log.end - shell.log.start,
    ...(silentMs !== undefined && { outputSeconds: Math.round(silentMs / 1000) }),
    title: shell?.facts.title ?? '',
    cwd: shell === undefined ? '' : deps.directoryOf(shell),
  };
}

/** Lets what was said last leave, then ends the process. */
function leave(
  deps: ServeDeps,
  memory: SessionMemory,
  why: string,
  roads: AcceptedRoads | undefined,
  router: RouterRegistration | undefined,
): void {
  router?.close();
  memory.end(why);
  // Whatever becomes of the listeners: a server without work must not stay.
  deps.clock.schedule(LEAVE_MS, () => deps.exit(0));
  roads?.close().catch(() => undefined);
}

/** For the BYE to be written and the program to take its SIGHUP. */
const LEAVE_MS = 200;
/** For output that waits, when the host ends the session. */
const FLUSH_MS = 1000;
const ANSWER_BUFFER_BYTES = 4096;
const LOOK_AGAIN_MS = 100;
