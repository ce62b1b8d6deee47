import type { Socket } from 'node:net';
import type { BufferedSockets } from '../link/socket-factory.ts';
import type { StreamSocket } from '../link/stream-socket.ts';
import type { IncomingOpen } from '../mux/channel.ts';
import type { Connections } from './connections.ts';
import type { ListenPlace } from './endpoint.ts';
import { FarListening, type FarListeningEvents } from './far-listening.ts';
import { ForwardCounters } from './forward-counters.ts';
import { type Origin, PlaceListener, type PlaceListenerDeps } from './place-listener.ts';

export interface FarListenerDeps extends PlaceListenerDeps, FarListeningEvents {
  readonly sockets: BufferedSockets<StreamSocket>;
  readonly connections: Connections;
  /** Its connections are compressed. */
  readonly isCompressed: boolean;
}

/**
 * A place where this end waits for connections because the other end has asked for it. Each becomes a channel of kind `forwarded`, and
 * lives on when the place is given up.
 */
export class FarListener {
  readonly #deps: FarListenerDeps;
  readonly #incoming: IncomingOpen;
  readonly #listener: PlaceListener;
  readonly #listening: FarListening;
  readonly #counters = new ForwardCounters();
  readonly #isVariable: boolean;

  constructor(incoming: IncomingOpen, place: ListenPlace, deps: FarListenerDeps) {
    this.#incoming = incoming;
    this.#deps = deps;
    this.#isVariable = place.kind === 'variable';
    this.#listener = new PlaceListener(deps, place, {
      onSocket: (socket, origin) => this.#accepted(socket, origin),
      onTrouble: () => undefined,
    });
    this.#listening = new FarListening(incoming, this.#listener, deps);
  }

  /** The path of a `variable`, known before anything listens there. */
  get path(): string | undefined {
    const { place } = this.#listener;
    return place.kind === 'unix' ? place.path : undefined;
  }

  close(): void {
    this.#listening.close();
  }

  #accepted(socket: Socket, origin: Origin): void {
    const { sockets, connections, isCompressed } = this.#deps;
    const own = sockets.accepted(socket, { ...origin, localAddress: undefined });
    if (!this.#listening.isListening) {
      own.reset();
      return;
    }
    connections.ask(
      own,
      {
        kind: 'forwarded',
        metadata: { of: this.#incoming.id, from: own.label.slice(0, 200) },
        stream: this.#incoming.stream,
        // What signs for the user is waited for as a key is.
        priority: this.#isVariable ? 'interactive' : 'forward',
        isCompressed,
      },
      this.#counters,
    );
  }
}
