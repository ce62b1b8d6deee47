import { Acceptor } from '../backed/acceptor.ts';
import type { KeyRing } from '../backed/key-ring.ts';
import type { KeySet } from '../backed/key-set.ts';
import type { SecureLink } from '../backed/secure-link.ts';
import type { SessionEnd } from '../backed/session-events.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import { printable } from '../base/printable.ts';
import type { RandomSource } from '../base/random.ts';
import type { ForwardServer } from '../forward/forward-server.ts';
import type { Carrier } from '../link/carrier.ts';
import type { IncomingOpen } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';
import { BYE } from '../wire/frames.ts';
import type { LinkCrypto } from '../wire/link-crypto.ts';
import { REASON } from '../wire/messages.ts';
import { Attachments } from './attachments.ts';
import { BenchChannels } from './bench-channels.ts';
import { ExecChannel } from './exec-channel.ts';
import { HistoryChannel } from './history-channel.ts';
import {
  endsAtMs,
  initialLifetime,
  type LifetimeEvent,
  type LifetimePolicy,
  type LifetimeState,
  nextLifetime,
} from './lifetime.ts';
import type { RouteChannels } from './route-channels.ts';
import { ServerSession } from './server-session.ts';
import type { Shell } from './shell.ts';
import type { ShellRequest } from './terminal-channel.ts';
import { TerminalChannel } from './terminal-channel.ts';
import type { WorkStarter } from './work-starter.ts';

export interface SessionServerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly crypto: LinkCrypto;
  readonly random: RandomSource;
  readonly keys: KeySet;
  readonly sessionId: Uint8Array;
  readonly protocol: number;
  readonly features: readonly string[];
  readonly lifetime: LifetimePolicy;
  readonly work: WorkStarter;
  /** What serves the forwards of a client. */
  readonly makeForwards: (mux: Mux) => ForwardServer;
  /** A shell that has not started; `onOver` when it is over. */
  readonly makeShell: (onOver: () => void, onWarning: (text: string) => void) => Shell;
  /** What gives clients fresh route ids; `undefined` where there is no router. */
  readonly routes?: Pick<RouteChannels, 'open'> | undefined;
  /** Nothing is left to do; the process may end. `why`: in words for people; empty: its work was over, and its client has seen that. */
  readonly onOver: (why: string) => void;
}

const MAX_ENDED = 64;
const LOOK_EVERY_MS = 20;
const MAX_BY_LENGTH = 128;
/** Kinds of channels that are a forward's. */
const FORWARD_KINDS: ReadonlySet<string> = new Set(['tcp', 'udp', 'listen']);

/** A BYE. */
interface Farewell {
  readonly code: number;
  readonly text: string;
}

/**
 * Serves one shell, or one command, to the clients that hold the session's keys.
 *
 *   waiting --- work asked for ---> working --- shell over, BYE or time is up ---> over (final)
 */
export class SessionServer {
  readonly #deps: SessionServerDeps;
  readonly #acceptor: Acceptor;
  readonly #sessions = new Map<string, ServerSession>();
  /** Client processes whose session is over, and what they are told should they come back. */
  readonly #ended = new Map<string, Farewell>();
  readonly #attachments: Attachments;
  readonly #execs = new Set<ExecChannel>();
  readonly #benches = new BenchChannels();
  readonly #forwards = new Map<ServerSession, ForwardServer>();
  readonly #startedMs: number;
  #shell: Shell | undefined;
  #workName = '';
  #lifetime: LifetimeState;
  #timer: Timer | undefined;
  #lastSeenMs: number;
  #isOver = false;

  constructor(deps: SessionServerDeps) {
    this.#deps = deps;
    const { clock, crypto, keys, logger, sessionId, protocol, features } = deps;
    this.#attachments = new Attachments(deps);
    this.#startedMs = clock.now();
    this.#lastSeenMs = this.#startedMs;
    this.#lifetime = initialLifetime(this.#startedMs);
    const sessions = this.#sessions;
    this.#acceptor = new Acceptor(crypto, { sessionId, protocol, features }, keys, clock, logger, {
      onJoin: (instance, link, ring) => this.#join(instance, link, ring),
      get instanceCount() {
        return sessions.size;
      },
      hasInstance: (instance) => sessions.has(instance),
      // Whoever had the shell is told that another has it; nobody else is told anything.
      isGood: (ring, instance) => keys.stateOf(ring) !== 'revoked' || this.#ended.has(instance),
    });
    this.#arm();
  }

  accept(carrier: Carrier): void {
    if (this.#isOver) carrier.reset();
    else this.#acceptor.accept(carrier);
  }

  get isAttached(): boolean {
    for (const session of this.#sessions.values()) if (session.isPresent) return true;
    return false;
  }

  get isWorkOver(): boolean {
    return this.#lifetime.status !== 'none';
  }

  get workName(): string {
    return this.#workName;
  }

  get ageMs(): number {
    return this.#deps.clock.now() - this.#startedMs;
  }

  /** Milliseconds since a client could be reached; 0 while one can. */
  get idleMs(): number {
    return this.isAttached ? 0 : this.#deps.clock.now() - this.#lastSeenMs;
  }

  /**
   * Asks each client that seems to be there for a sign of life: one that was killed does not end a link of datagrams, and who asks again in
   * a moment knows.
   */
  askWhoIsThere(): void {
    for (const { session } of this.#sessions.values()) session.probe();
  }

  /** Who has the shell, in a user's words. */
  get attachedBy(): string {
    return this.isAttached ? this.#attachments.by : '';
  }

  /** The shell that runs here, if it is one. */
  get shell(): Shell | undefined {
    return this.#shell;
  }

  /** The passkey for a client that the host has let in, which is the caller's to hand on and wipe. */
  offerKeys(): Uint8Array {
    return this.#attachments.offer();
  }

  /** Has the clients leave; the work goes on. Returns how many there were. */
  detachAll(): number {
    const there = [...this.#sessions.values()].filter(({ isVisitor }) => !isVisitor);
    for (const { session } of there) session.end(BYE.detached, '');
    return there.length;
  }

  /** What was put out so far is given to whoever is there, for at most so many milliseconds; then `end`. */
  endSoon(text: string, code: number, withinMs: number): void {
    const endMs = this.#deps.clock.now() + withinMs;
    const look = (): void => {
      const isWaiting = [...this.#sessions.values()].some(
        ({ isPresent, hasUndelivered }) => isPresent && hasUndelivered,
      );
      if (!isWaiting || this.#deps.clock.now() >= endMs) this.end(text, code);
      else this.#deps.clock.schedule(LOOK_EVERY_MS, look);
    };
    this.#deps.clock.schedule(LOOK_EVERY_MS, look);
  }

  /** Ends everything: the shell is hung up, clients are told. */
  end(text: string, code: number = BYE.over): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#acceptor.close();
    this.#shell?.hangUp();
    this.#shell?.close();
    for (const session of this.#sessions.values()) session.session.end(code, text);
    for (const forwards of this.#forwards.values()) forwards.close();
    this.#deps.onOver(text);
  }

  #join(instance: string, link: SecureLink, keys: KeyRing): void {
    const farewell = this.#ended.get(instance);
    const session = this.#sessionOf(instance, keys);
    session.addLink(link);
    if (farewell !== undefined) session.session.end(farewell.code, farewell.text);
  }

  #sessionOf(instance: string, keys: KeyRing): ServerSession {
    const known = this.#sessions.get(instance);
    if (known !== undefined) return known;
    const { clock, logger } = this.#deps;
    const session = new ServerSession(instance, keys, clock, logger, {
      onOpen: (owner, incoming) => this.#open(owner, incoming),
      onPresence: () => this.#onPresence(),
      onEnding: (owner) => {
        if (this.#attachments.isOwner(owner)) this.#shell?.noteDelivered();
      },
      onEnd: (owner, end) => this.#onSessionEnd(owner, end),
    });
    this.#sessions.set(instance, session);
    return session;
  }

  #open(owner: ServerSession, incoming: IncomingOpen): void {
    try {
      if (incoming.kind === 'history') {
        this.#openHistory(owner, incoming);
        return;
      }
      owner.isVisitor = false;
      if (incoming.kind === 'terminal') this.#openTerminal(owner, incoming);
      else if (incoming.kind === 'exec') this.#openExec(owner, incoming);
      else if (incoming.kind === 'bench') this.#benches.open(incoming);
      else if (incoming.kind === 'routes') this.#openRoutes(incoming);
      else if (FORWARD_KINDS.has(incoming.kind)) this.#forwardsOf(owner).open(incoming);
      else incoming.refuse(REASON.unknownKind, `kind ${incoming.kind} is not known`);
    } catch (error) {
      if (incoming.isCancelled) return;
      incoming.refuse(REASON.protocol, messageOf(error));
    }
  }

  #openRoutes(incoming: IncomingOpen): void {
    const { routes } = this.#deps;
    if (routes === undefined) incoming.refuse(REASON.notFound, 'there is no router');
    else routes.open(incoming);
  }

  /** It is read beside whoever has the shell. */
  #openHistory(owner: ServerSession, incoming: IncomingOpen): void {
    const shell = this.#shell;
    if (shell === undefined) {
      incoming.refuse(REASON.notFound, 'there is no shell whose output would be kept');
      return;
    }
    if (!this.#attachments.isOwner(owner)) owner.isVisitor = true;
    new HistoryChannel(incoming, shell.log);
  }

  #openTerminal(owner: ServerSession, incoming: IncomingOpen): void {
    const shell = this.#shell ?? this.#makeShell();
    const { by } = incoming.metadata;
    const name = typeof by === 'string' ? printable(by).slice(0, MAX_BY_LENGTH) : '';
    this.#attachments.claim(owner);
    this.#takeOver(owner, name);
    new TerminalChannel(incoming, {
      clock: this.#deps.clock,
      owner,
      shell,
      newRoot: this.#attachments.attach(owner, name),
      onKept: () => this.#attachments.kept(owner),
      start: (request) => this.#startShell(owner, shell, request),
      onStatusSent: () => this.#feed('status-sent'),
    });
  }

  #makeShell(): Shell {
    return this.#deps.makeShell(
      () => this.#feed('work-over'),
      (text) => this.#warn(text),
    );
  }

  #warn(text: string): void {
    this.#deps.logger.log(0, text);
    for (const viewer of this.#shell?.viewers ?? []) viewer.warn(text);
  }

  #startShell(owner: ServerSession, shell: Shell, request: ShellRequest): void {
    this.#workName = this.#deps.work.startShell(shell, request, this.#variablesOf(owner));
    this.#shell = shell;
  }

  #openExec(owner: ServerSession, incoming: IncomingOpen): void {
    const exec: ExecChannel = new ExecChannel(incoming, owner.mux, {
      spawn: (options, events) => {
        this.#workName = options.command;
        return this.#deps.work.startExec(options, events);
      },
      environment: (sent) => this.#deps.work.environment(sent, undefined, this.#variablesOf(owner)),
      onOver: () => {
        this.#execs.delete(exec);
        if (this.#execs.size > 0 || this.#shell !== undefined) return;
        this.#feed('work-over');
        this.#feed('status-sent');
      },
    });
    this.#execs.add(exec);
  }

  /** Made when it is first asked for: most sessions forward nothing. */
  #forwardsOf(owner: ServerSession): ForwardServer {
    const known = this.#forwards.get(owner);
    if (known !== undefined) return known;
    const made = this.#deps.makeForwards(owner.mux);
    this.#forwards.set(owner, made);
    return made;
  }

  /** Where the client's forwards have a socket for the programs it starts. */
  #variablesOf(owner: ServerSession): Readonly<Record<string, string>> {
    return this.#forwards.get(owner)?.variables ?? {};
  }

  #onPresence(): void {
    if (this.#isOver) return;
    this.#lastSeenMs = this.#deps.clock.now();
    this.#shell?.decide();
    this.#feed(this.isAttached ? 'link-joined' : 'last-link-lost');
  }

  /** BYE ends the work too, unless the client detaches, or somebody else looks at it; a session that failed leaves it to the next client. */
  #onSessionEnd(owner: ServerSession, end: SessionEnd): void {
    this.#sessions.delete(owner.instance);
    this.#attachments.left(owner);
    this.#forwards.get(owner)?.close();
    this.#forwards.delete(owner);
    if (this.#isOver) return;
    this.#remember(owner.instance, end.kind === 'bye' ? end : { code: 0, text: end.error.message });
    this.#deps.logger.log(
      1,
      `session ended: ${end.kind === 'bye' ? `bye ${end.text}` : end.error.message}`,
    );
    this.#onPresence();
    if (end.kind !== 'bye' || end.by !== 'peer' || end.code !== BYE.over || owner.isVisitor) return;
    const hasOthers = [...this.#sessions.values()].some(({ isVisitor }) => !isVisitor);
    if (!hasOthers) this.end('');
  }

  #remember(instance: string, { code, text }: Farewell): void {
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size < MAX_ENDED) break;
      this.#ended.delete(oldest);
    }
    this.#ended.set(instance, { code, text });
  }

  /** Who attaches has the shell: others are told so, now or when they come back. */
  #takeOver(owner: ServerSession, by: string): void {
    const text = by === '' ? 'another client' : by;
    for (const other of this.#sessions.values()) {
      if (other !== owner && !other.isVisitor) other.session.end(BYE.takenOver, text);
    }
  }

  #feed(event: LifetimeEvent): void {
    if (this.#isOver) return;
    this.#lifetime = nextLifetime(this.#lifetime, event, this.#deps.clock.now());
    this.#arm();
  }

  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const endsMs = endsAtMs(this.#lifetime, this.#deps.lifetime);
    if (endsMs === undefined) return;
    this.#timer = this.#deps.clock.schedule(Math.max(0, endsMs - this.#deps.clock.now()), () =>
      this.#timeIsUp(),
    );
  }

  /** A status counts as sent once it is in the session; a client that sleeps, or reads nothing, has not seen it. */
  #timeIsUp(): void {
    const isUndelivered = [...this.#sessions.values()].some((session) => session.hasUndelivered);
    if (this.#lifetime.status === 'sent' && isUndelivered) this.#feed('status-undelivered');
    else this.end('nobody came for this session any more');
  }
}
