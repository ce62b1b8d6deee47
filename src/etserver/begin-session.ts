import { networkInterfaces } from 'node:os';
import { KeyRing } from '../backed/key-ring.ts';
import { KeySet } from '../backed/key-set.ts';
import { toHex } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import { linkCrypto } from '../crypto/link-crypto.ts';
import { warmUp } from '../crypto/warm-up.ts';
import { ownStdioCarrier } from '../link/own-stdio.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import type { BootstrapRequest } from '../wire/bootstrap-request.ts';
import { BYE } from '../wire/frames.ts';
import { PROTOCOL_VERSION, SECRET_BYTES, SESSION_ID_BYTES } from '../wire/limits.ts';
import type { LinkCrypto } from '../wire/link-crypto.ts';
import type { SessionStatus } from '../wire/session-status.ts';
import { AcceptedRoads } from './accept-roads.ts';
import { type ChooseSessionDeps, claimName } from './choose-session.ts';
import { answerQuestions, type QuestionHandler } from './control-questions.ts';
import { keepWhenUserLeaves } from './keep-running.ts';
import { DEFAULT_LIFETIME, type LifetimePolicy } from './lifetime.ts';
import { ownRoute } from './own-route.ts';
import { parsePorts } from './parse-ports.ts';
import type { RouterRegistration } from './router-registration.ts';
import type { ServeDeps } from './serve-session.ts';
import type { SessionMemory } from './session-memory.ts';
import { type OnPort, type SessionPlace, sessionReply } from './session-reply.ts';
import { SessionServer } from './session-server.ts';
import type { SessionWish } from './session-wish.ts';
import { closeStandard, writeAll } from './stdio.ts';
import type { WorkStarter } from './work-starter.ts';

/** Begins a session. Returns another's id where that has the name meanwhile. */
export async function beginSession(
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
  const place = {
    protocol,
    session: sessionId,
    route: route.id,
    server: deps.version,
    name: wish.name,
    isRouted: router !== undefined,
    socket: local ? registry.socketOf(id) : undefined,
  };
  const portOf = (): OnPort => router ?? roads ?? NOWHERE;
  const notices = keepWhenUserLeaves(deps, id);
  const detached = request.extra?.['work'] === 'terminal' ? countInTime(deps) : () => 0;
  roads = await AcceptedRoads.open(
    { clock, random, sockets: new SocketFactory(clock), logger, interfaces: networkInterfaces },
    {
      ports: local || router !== undefined ? undefined : parsePorts(request.port),
      bind: request.bind,
      socket: registry.socketOf(id),
      ownerId: registry.ownerId,
    },
    {
      onLink: (road) => server.accept(road),
      onQuestion: (road) => answerQuestions(road, questionsOf(deps, place, server, portOf)),
    },
  );
  const holder = await claimName(choice, wish, id);
  if (holder !== undefined) {
    router?.close();
    await roads.close();
    return holder;
  }
  const more = { notices: await notices, ...(detached() > 0 && { detached: detached() }) };
  writeAll(1, sessionReply(place, router ?? roads, passkey, more));
  deps.surviveFaults();
  deps.onTerminate(() => server.endSoon('its host has ended it', BYE.terminated, FLUSH_MS));
  makeReady(crypto, work, request);
  acceptOwnChannel(clock, server);
  return undefined;
}

/** While the reply travels: what the first link and the first command need. */
function makeReady(crypto: LinkCrypto, work: WorkStarter, { extra }: BootstrapRequest): void {
  warmUp(crypto);
  if (extra?.['work'] === 'exec') work.prepare();
  closeStandard(2);
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

function questionsOf(
  deps: ServeDeps,
  place: SessionPlace,
  server: SessionServer,
  portOf: () => OnPort,
): QuestionHandler {
  return {
    status: () => statusOf(deps, place, server, portOf()),
    kill: () => server.end('killed'),
    detach: () => server.detachAll(),
    attach: () => ({
      reply: sessionReply(place, portOf(), server.offerKeys(), { attached: true }),
    }),
  };
}

function statusOf(
  deps: ServeDeps,
  { session, name }: SessionPlace,
  server: SessionServer,
  { port }: OnPort,
): SessionStatus {
  server.askWhoIsThere();
  const { shell } = server;
  const silentMs = shell?.silentMs;
  return {
    session: toHex(session),
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
/** While the roads are being opened. */
const NOWHERE: OnPort = { port: 0, udpPort: 0 };
