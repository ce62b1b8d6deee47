import { realpathSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import { HostResolver } from '../link/host-resolver.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import type { IncomingOpen } from '../mux/channel.ts';
import { wantsCompression } from '../mux/compression.ts';
import type { Mux } from '../mux/mux.ts';
import { REASON } from '../wire/messages.ts';
import { Connections } from './connections.ts';
import { Connector, streamSockets } from './connector.ts';
import { endpointFromJson, type ListenPlace, listenPlaceFromJson } from './endpoint.ts';
import { FarListener } from './far-listener.ts';
import { FarUdpListener } from './far-udp-listener.ts';
import { ForwardCounters } from './forward-counters.ts';
import type { ForwardPolicy } from './open-policy.ts';
import type { PlaceListenerDeps } from './place-listener.ts';
import { UdpConnector } from './udp-connector.ts';
import { UdpTargets } from './udp-targets.ts';

const KINDS: readonly string[] = ['tcp', 'udp', 'listen'];
/** Listeners that a client may have here at a time. */
const MAX_LISTENERS = 1024;

export interface ForwardServerDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly mux: Mux;
  readonly policy: ForwardPolicy;
  readonly temporaryDirectory: string;
  readonly holderOf?: PlaceListenerDeps['holderOf'];
  /** What the names of targets lead to. Default: what the system says. */
  readonly resolver?: HostResolver;
}

/** The server's end of a client's forwards: it reaches targets, and listens, where the policy permits it. */
export class ForwardServer {
  readonly #deps: ForwardServerDeps;
  readonly #sockets = streamSockets();
  readonly #connections: Connections;
  readonly #connector: Connector;
  readonly #probes: SocketFactory;
  readonly #udpTargets: UdpTargets;
  readonly #counters = new ForwardCounters();
  readonly #listeners = new Set<FarListener | FarUdpListener>();
  readonly #variables = new Map<string, string>();

  constructor(deps: ForwardServerDeps) {
    this.#deps = deps;
    this.#connections = new Connections(deps.clock, deps.mux);
    const { clock, policy, resolver = new HostResolver() } = deps;
    this.#connector = new Connector(clock, this.#sockets, policy, resolver);
    this.#probes = new SocketFactory(clock, 1024);
    this.#udpTargets = new UdpTargets(clock, new UdpConnector(clock, policy, resolver));
  }

  /** Sockets for the programs of this client, by the name of the variable that says where. */
  get variables(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#variables);
  }

  /**
   * Answers what asks for a forward; false when `incoming` asks for something else.
   *
   * @throws {EtError} of scope channel when its metadata is wrong.
   */
  open(incoming: IncomingOpen): boolean {
    if (!KINDS.includes(incoming.kind)) return false;
    const objection = this.#deps.policy.objectionToTunnels();
    if (objection !== undefined) incoming.refuse(REASON.notPermitted, objection);
    else if (incoming.kind === 'tcp') this.#reach(incoming);
    else if (incoming.kind === 'udp') this.#reachUdp(incoming);
    else this.#listen(incoming);
    return true;
  }

  close(): void {
    for (const listener of this.#listeners) listener.close();
    this.#connections.close('the session has ended');
    this.#udpTargets.close('the session has ended');
  }

  #reach(incoming: IncomingOpen): void {
    const target = endpointFromJson(incoming.metadata);
    this.#connections.answer(incoming, this.#connector, target, this.#counters);
  }

  #reachUdp(incoming: IncomingOpen): void {
    const target = endpointFromJson(incoming.metadata);
    if (target.kind !== 'tcp') throw pathForDatagrams();
    this.#udpTargets.answer(incoming, target, this.#counters);
  }

  #listen(incoming: IncomingOpen): void {
    const place = listenPlaceFromJson(incoming.metadata);
    const objection = this.#objectionTo(place);
    if (objection !== undefined) {
      incoming.refuse(REASON.notPermitted, objection);
      return;
    }
    if (this.#listeners.size >= MAX_LISTENERS) {
      incoming.refuse(REASON.limit, `${MAX_LISTENERS} forwards listen already`);
      return;
    }
    if (incoming.metadata['udp'] === true) {
      this.#startUdp(incoming, place);
      return;
    }
    const isCompressed = place.kind !== 'variable' && wantsCompression(incoming.metadata);
    try {
      this.#start(incoming, place, isCompressed);
    } catch (error) {
      // A directory for the socket cannot be made.
      incoming.refuse(REASON.failed, messageOf(error));
    }
  }

  #start(incoming: IncomingOpen, place: ListenPlace, isCompressed: boolean): void {
    const listener: FarListener = new FarListener(incoming, place, {
      ...this.#deps,
      sockets: this.#sockets,
      probes: this.#probes,
      connections: this.#connections,
      isCompressed,
      objectionTo: (actual) => this.#objectionTo(actual),
      onOver: () => {
        this.#listeners.delete(listener);
        if (place.kind === 'variable') this.#forget(place.name, listener.path);
      },
    });
    this.#listeners.add(listener);
    if (place.kind === 'variable' && listener.path !== undefined)
      this.#variables.set(place.name, listener.path);
  }

  /** Unless another listener has it by now. */
  #forget(variable: string, path: string | undefined): void {
    if (this.#variables.get(variable) === path) this.#variables.delete(variable);
  }

  /** @throws {EtError} ET_ERR_CHANNEL_METADATA */
  #startUdp(incoming: IncomingOpen, place: ListenPlace): void {
    if (place.kind !== 'tcp') throw pathForDatagrams();
    const listener: FarUdpListener = new FarUdpListener(incoming, place, {
      ...this.#deps,
      objectionTo: (actual) => this.#objectionTo(actual),
      onOver: () => this.#listeners.delete(listener),
    });
    this.#listeners.add(listener);
  }

  #objectionTo(place: ListenPlace): string | undefined {
    const { policy } = this.#deps;
    switch (place.kind) {
      case 'tcp':
        return policy.objectionToListen(place.bind, place.port);
      case 'unix':
        return policy.objectionToListenPath(realPlaceOf(place.path));
      case 'variable':
        return place.name === 'SSH_AUTH_SOCK' ? policy.objectionToAgent() : undefined;
    }
  }
}

/** Where a socket would be made, after symbolic links. */
function realPlaceOf(path: string): string {
  try {
    return join(realpathSync(dirname(path)), basename(path));
  } catch {
    return path;
  }
}

function pathForDatagrams(): EtError {
  return new EtError('ET_ERR_CHANNEL_METADATA', 'datagrams go to a host and a port');
}
