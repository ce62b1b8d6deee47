import { Acceptor } from '../backed/acceptor.ts';
import type { KeyRing } from '../backed/key-ring.ts';
import type { SecureLink } from '../backed/secure-link.ts';
import type { SessionEnd } from '../backed/session-events.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { ForwardServer } from '../forward/forward-server.ts';
import type { Carrier } from '../link/carrier.ts';
import type { IncomingOpen } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';
import { BYE } from '../wire/frames.ts';
import type { LinkCrypto } from '../wire/link-crypto.ts';
import { REASON } from '../wire/messages.ts';
import { BenchChannels } from './bench-channels.ts';
import { ExecChannel } from './exec-channel.ts';
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
import { Shell } from './shell.ts';
import type { ShellRequest } from './terminal-channel.ts';
import { TerminalChannel } from './terminal-channel.ts';
import type { WorkStarter } from './work-starter.ts';

export interface SessionServerDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly crypto: LinkCrypto;
  readonly keys: KeyRing;
  readonly sessionId: Uint8Array;
  readonly protocol: number;
  readonly features: readonly string[];
  readonly lifetime: LifetimePolicy;
  readonly work: WorkStarter;
  /** What serves the forwards of a client. */
  readonly makeForwards: (mux: Mux) => ForwardServer;
  /** What gives clients fresh route ids; `undefined` where there is no router. */
  readonly routes?: Pick<RouteChannels, 'open'> | undefined;
  /** Nothing is left to do; the process may end. */
  readonly onOver: () => void;
}

const MAX_ENDED = 64;
/** Kinds of channels that are a forward's. */
const FORWARD_KINDS: ReadonlySet<string> = new Set(['tcp', 'udp', 'listen']);

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
  readonly #ended = new Map<string, string>();
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
    this.#startedMs = clock.now();
    this.#lastSeenMs = this.#startedMs;
    this.#lifetime = initialLifetime(this.#startedMs);
    const sessions = this.#sessions;
    this.#acceptor = new Acceptor(crypto, { sessionId, protocol, features }, keys, clock, logger, {
      onJoin: (instance, link) => this.#join(instance, link),
      get instanceCount() {
        return sessions.size;
      },
      hasInstance: (instance) => sessions.has(instance),
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

  /** Ends everything: the shell is hung up, clients are told. */
  end(text: string, code: number = BYE.over): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer?.cancel();
    this.#acceptor.close();
    this.#shell?.hangUp();
    for (const session of this.#sessions.values()) session.session.end(code, text);
    for (const forwards of this.#forwards.values()) forwards.close();
    this.#deps.onOver();
  }

  #join(instance: string, link: SecureLink): void {
    const farewell = this.#ended.get(instance);
    const session = this.#sessionOf(instance);
    session.addLink(link);
    if (farewell !== undefined) session.session.end(0, farewell);
  }

  #sessionOf(instance: string): ServerSession {
    const known = this.#sessions.get(instance);
    if (known !== undefined) return known;
    const { clock, logger } = this.#deps;
    const session = new ServerSession(instance, clock, logger, {
      onOpen: (owner, incoming) => this.#open(owner, incoming),
      onPresence: () => this.#onPresence(),
      onEnd: (owner, end) => this.#onSessionEnd(owner, end),
    });
    this.#sessions.set(instance, session);
    return session;
  }

  #open(owner: ServerSession, incoming: IncomingOpen): void {
    try {
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

  #openTerminal(owner: ServerSession, incoming: IncomingOpen): void {
    const shell = this.#shell ?? new Shell(this.#deps.clock, () => this.#feed('work-over'));
    this.#takeOver(owner);
    new TerminalChannel(incoming, {
      clock: this.#deps.clock,
      owner,
      shell,
      start: (request) => this.#startShell(owner, shell, request),
      onStatusSent: () => this.#feed('status-sent'),
    });
  }

  #startShell(owner: ServerSession, shell: Shell, request: ShellRequest): void {
    if (this.#shell === shell) {
      shell.redraw(request.columns, request.rows);
      return;
    }
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

  /** BYE ends the work too, unless somebody else looks at it; a session that failed leaves it to the next client. */
  #onSessionEnd(owner: ServerSession, end: SessionEnd): void {
    this.#sessions.delete(owner.instance);
    this.#forwards.get(owner)?.close();
    this.#forwards.delete(owner);
    if (this.#isOver) return;
    this.#remember(owner.instance, end.kind === 'bye' ? end.text : end.error.message);
    this.#deps.logger.log(
      1,
      `session ended: ${end.kind === 'bye' ? `bye ${end.text}` : end.error.message}`,
    );
    this.#onPresence();
    if (end.kind === 'bye' && end.by === 'peer' && end.code === 0 && this.#sessions.size === 0)
      this.end('');
  }

  #remember(instance: string, farewell: string): void {
    for (const oldest of this.#ended.keys()) {
      if (this.#ended.size < MAX_ENDED) break;
      this.#ended.delete(oldest);
    }
    this.#ended.set(instance, farewell);
  }

  /** Who attaches has the shell: clients that are away would hold its output back, and are told when they return. */
  #takeOver(owner: ServerSession): void {
    for (const other of this.#sessions.values()) {
      if (other !== owner && !other.isPresent)
        other.session.end(0, 'another client has taken over the shell');
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
