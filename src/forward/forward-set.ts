import type { Clock } from '../base/clock.ts';
import { invariant } from '../base/invariant.ts';
import type { RandomSource } from '../base/random.ts';
import { releasedSocket, SocketFactory } from '../link/socket-factory.ts';
import { COMPRESSED } from '../mux/compression.ts';
import type { Mux } from '../mux/mux.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';
import { Connections } from './connections.ts';
import { Connector, streamSockets } from './connector.ts';
import { dialDuplex, questionFor } from './dial-duplex.ts';
import { formatEndpoint, formatListenPlace, type ListenPlace } from './endpoint.ts';
import type { Forward, ForwardEvents, ForwardSession, ForwardState } from './forward.ts';
import type { ForwardCounters } from './forward-counters.ts';
import type { ForwardKind, ForwardSpec } from './forward-spec.ts';
import { HttpProxy } from './http-proxy.ts';
import { LocalForward, type ServeSocket } from './local-forward.ts';
import type { OpenPolicy } from './open-policy.ts';
import type { PlaceListenerDeps } from './place-listener.ts';
import { RemoteForward, type ServeIncoming } from './remote-forward.ts';
import { type PermitRemoteOpen, SocksAnswer } from './socks-answer.ts';
import { SocksAssociations } from './socks-associations.ts';
import { SocksProxy } from './socks-proxy.ts';
import { TunnelRefusal } from './tunnel-refusal.ts';
import { UdpConnector } from './udp-connector.ts';
import { UdpForward } from './udp-forward.ts';
import { UdpTargets } from './udp-targets.ts';

export interface ForwardSetDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly temporaryDirectory: string;
  readonly holderOf?: PlaceListenerDeps['holderOf'];
  /** How long a flow of datagrams may be silent, in milliseconds. */
  readonly udpIdleMs: number;
  /** What a SOCKS proxy at the far side may reach from here. Default: everything. */
  readonly permitRemoteOpen?: PermitRemoteOpen | undefined;
  /** Connections are compressed, but those to the agent. Default: they are not. */
  readonly isCompressed?: boolean | undefined;
}

/** What `et status` says of a forward. */
export interface ForwardStatus {
  readonly kind: ForwardKind;
  readonly listen: string;
  readonly target: string | undefined;
  readonly state: ForwardState;
  readonly open: number;
  readonly waiting: number;
  readonly refused: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
  readonly dropped: number;
  readonly lastError: string | undefined;
}

/** What the user asks to be reached from here is theirs to reach. */
const EVERYTHING: OpenPolicy = {
  objectionToName: () => undefined,
  objectionToOpen: () => undefined,
  objectionToOpenPath: () => undefined,
};

/** The forwards of a client. They are added and removed while it runs, and outlive the session that carries them. */
export class ForwardSet {
  readonly #deps: ForwardSetDeps & Pick<PlaceListenerDeps, 'probes'>;
  readonly #events: ForwardEvents;
  readonly #permits: PermitRemoteOpen;
  readonly #sockets = streamSockets();
  readonly #connector: Connector;
  readonly #associations: SocksAssociations;
  readonly #socks: SocksProxy;
  readonly #udpTargets: UdpTargets;
  readonly #forwards = new Set<Forward>();
  #session: ForwardSession | undefined;

  constructor(deps: ForwardSetDeps, events: ForwardEvents) {
    this.#deps = { ...deps, probes: new SocketFactory(deps.clock, 1024) };
    this.#events = events;
    this.#permits = deps.permitRemoteOpen ?? (() => true);
    this.#connector = new Connector(deps.clock, this.#sockets, EVERYTHING);
    this.#associations = new SocksAssociations(deps.clock, deps.udpIdleMs);
    this.#socks = new SocksProxy(deps.clock, this.#associations);
    this.#udpTargets = new UdpTargets(deps.clock, new UdpConnector(deps.clock, EVERYTHING));
  }

  get size(): number {
    return this.#forwards.size;
  }

  /** Starts a forward; whether it listens is told by the events. */
  add(spec: ForwardSpec): Forward {
    const forward = this.#make(spec);
    this.#forwards.add(forward);
    forward.start();
    if (this.#session !== undefined) forward.attach(this.#session);
    return forward;
  }

  /** The forward of this kind that was asked to listen there, or does. */
  find(kind: ForwardKind, place: ListenPlace): Forward | undefined {
    const wanted = formatListenPlace(place);
    return [...this.#forwards].find(
      ({ spec, place: actual }) =>
        spec.kind === kind &&
        (formatListenPlace(spec.listen) === wanted || formatListenPlace(actual) === wanted),
    );
  }

  /** Listens no more; connections that are open live on. */
  remove(forward: Forward): void {
    if (this.#forwards.delete(forward)) forward.close();
  }

  /** A session is there to carry connections. */
  attach(mux: Mux, serve: ForwardSession['serve'], workStream: number): void {
    const connections = new Connections(this.#deps.clock, mux, this.#deps.isCompressed);
    this.#session = { mux, connections, serve, workStream };
    for (const forward of this.#forwards) forward.attach(this.#session);
  }

  /** The session is over. */
  detach(text: string): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    for (const forward of this.#forwards) forward.detach();
    session.connections.close(text);
    this.#closeOthers(text);
  }

  close(): void {
    const text = 'the forwards have ended';
    for (const forward of this.#forwards) forward.close();
    this.#forwards.clear();
    this.#session?.connections.close(text);
    this.#closeOthers(text);
  }

  /** Leaves no file behind; the process is about to end. */
  vanish(): void {
    for (const forward of this.#forwards) forward.vanish?.();
  }

  /** Whether one of them listens on this TCP port of this machine. */
  listensOn(port: number): boolean {
    for (const { spec, place } of this.#forwards) {
      const isHere = spec.kind !== 'remote' && spec.kind !== 'udp' && spec.kind !== 'udp-reverse';
      if (isHere && place.kind === 'tcp' && place.port === port) return true;
    }
    return false;
  }

  status(): ForwardStatus[] {
    return [...this.#forwards].map((forward) => statusOf(forward));
  }

  /** What a session has carried that is no connection. */
  #closeOthers(text: string): void {
    this.#socks.close();
    this.#associations.close();
    this.#udpTargets.close(text);
  }

  #make(spec: ForwardSpec): Forward {
    switch (spec.kind) {
      case 'local':
      case 'dynamic':
      case 'http-proxy':
        return new LocalForward(spec, this.#deps, this.#serverOf(spec), this.#events);
      case 'remote':
        return new RemoteForward(spec, this.#answererOf(spec), this.#events, this.#wishFor(spec));
      case 'udp':
      case 'udp-reverse':
        return this.#makeUdp(spec);
    }
  }

  /** What is added to the question for a listener there: programs that sign, as an agent does, say little, and secrets. */
  #wishFor({ listen }: ForwardSpec): JsonObject {
    return this.#deps.isCompressed === true && listen.kind !== 'variable' ? COMPRESSED : {};
  }

  #makeUdp(spec: ForwardSpec): Forward {
    const { listen, target } = spec;
    invariant(listen.kind === 'tcp' && target?.kind === 'tcp', 'datagrams go to hosts and ports');
    if (spec.kind === 'udp') {
      return new UdpForward({ ...spec, listen, target }, this.#deps, this.#events);
    }
    return new RemoteForward(
      spec,
      (_session, incoming, counters) => this.#udpTargets.answer(incoming, target, counters),
      this.#events,
      { udp: true, idleMs: this.#deps.udpIdleMs },
    );
  }

  #serverOf(spec: ForwardSpec): ServeSocket {
    const { target } = spec;
    if (spec.kind === 'http-proxy') return this.#httpServer();
    return (session, socket, origin, counters) => {
      const own = this.#sockets.accepted(socket, { ...origin, localAddress: undefined });
      if (target === undefined) this.#socks.accept(session, own, counters);
      else session.connections.ask(own, questionFor(target), counters);
    };
  }

  /** A program may keep its connection, and ask again in a later session. */
  #httpServer(): ServeSocket {
    let counters: ForwardCounters;
    const proxy = new HttpProxy({
      clock: this.#deps.clock,
      dial: async (target) => {
        if (this.#session === undefined) {
          throw new TunnelRefusal(REASON.failed, 'no session carries it at the moment');
        }
        return await dialDuplex(this.#session, { kind: 'tcp', ...target }, counters);
      },
    });
    return (_session, socket, _origin, ownCounters) => {
      counters = ownCounters;
      proxy.accept(releasedSocket(socket));
    };
  }

  #answererOf(spec: ForwardSpec): ServeIncoming {
    const { target } = spec;
    const priority = spec.listen.kind === 'variable' ? 'interactive' : 'forward';
    return (session, incoming, counters) => {
      const { connections } = session;
      const connector = this.#connector;
      if (target !== undefined) connections.answer(incoming, connector, target, counters, priority);
      else if (!connections.channels.refuses(incoming))
        new SocksAnswer(incoming, { connections, connector, counters, permits: this.#permits });
    };
  }
}

function statusOf({ spec, state, place, counters }: Forward): ForwardStatus {
  const { open, waiting, refused, bytesIn, bytesOut, dropped, lastError } = counters;
  return {
    kind: spec.kind,
    listen: formatListenPlace(place),
    target: spec.target === undefined ? undefined : formatEndpoint(spec.target),
    state,
    open,
    waiting,
    refused,
    bytesIn,
    bytesOut,
    dropped,
    lastError,
  };
}
