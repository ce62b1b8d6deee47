import { messageOf } from '../base/errors.ts';
import type { BufferedSockets } from '../link/socket-factory.ts';
import type { StreamSocket } from '../link/stream-socket.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../mux/channel.ts';
import { REASON } from '../wire/messages.ts';
import type { Connections } from './connections.ts';
import { type ListenPlace, listenPlaceToJson } from './endpoint.ts';
import { ForwardCounters } from './forward-counters.ts';
import { PlaceListener, type PlaceListenerDeps } from './place-listener.ts';

export interface FarListenerDeps extends PlaceListenerDeps {
  readonly sockets: BufferedSockets<StreamSocket>;
  readonly connections: Connections;
  /** Its connections are compressed. */
  readonly isCompressed: boolean;
  /** Why it may not listen there, asked again once the system has chosen a port. */
  readonly objectionTo: (place: ListenPlace) => string | undefined;
  readonly onOver: () => void;
}

/**
 * A place where this end listens because the other end has asked for it, by a channel of kind `listen` that lives as long.
 * Each connection becomes a channel of kind `forwarded`.
 *
 *   starting --listens--> listening --EOF or end of the channel--> over       starting --cannot listen--> over
 */
export class FarListener implements ChannelEvents {
  readonly #deps: FarListenerDeps;
  readonly #incoming: IncomingOpen;
  readonly #listener: PlaceListener;
  readonly #counters = new ForwardCounters();
  readonly #isAgent: boolean;
  #channel: Channel | undefined;
  #isOver = false;

  constructor(incoming: IncomingOpen, place: ListenPlace, deps: FarListenerDeps) {
    this.#incoming = incoming;
    this.#deps = deps;
    // What signs for the user is waited for as a key is.
    this.#isAgent = place.kind === 'variable';
    this.#listener = new PlaceListener(deps, place, {
      onSocket: (socket, origin) =>
        this.#accepted(deps.sockets.accepted(socket, { ...origin, localAddress: undefined })),
      onTrouble: () => undefined,
    });
    this.#listener.listen().then(
      () => this.#started(),
      (error: unknown) => this.#failed(REASON.failed, messageOf(error)),
    );
  }

  /** The path of a `variable`, known before anything listens there. */
  get path(): string | undefined {
    const { place } = this.#listener;
    return place.kind === 'unix' ? place.path : undefined;
  }

  onData(bytes: Uint8Array): void {
    this.#channel?.consumed(bytes.length);
  }

  /** Connections that are open live on. */
  onEof(): void {
    this.#channel?.end();
  }

  onClose(): void {
    this.close();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.close().catch(() => undefined);
    this.#deps.onOver();
  }

  #started(): void {
    const { place } = this.#listener;
    const objection = place.kind === 'tcp' ? this.#deps.objectionTo(place) : undefined;
    if (this.#isOver || this.#incoming.isCancelled || objection !== undefined) {
      this.#listener.close().catch(() => undefined);
      this.#failed(REASON.notPermitted, objection ?? '');
      return;
    }
    this.#channel = this.#incoming.accept(listenPlaceToJson(place), this, { priority: 'control' });
  }

  #failed(code: number, text: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deps.onOver();
    if (!this.#incoming.isCancelled) this.#incoming.refuse(code, text);
  }

  #accepted(socket: StreamSocket): void {
    this.#deps.connections.ask(
      socket,
      {
        kind: 'forwarded',
        metadata: { of: this.#incoming.id, from: socket.label.slice(0, 200) },
        stream: this.#incoming.stream,
        priority: this.#isAgent ? 'interactive' : 'forward',
        isCompressed: this.#deps.isCompressed,
      },
      this.#counters,
    );
  }
}
