import type { Socket } from 'node:net';
import { messageOf } from '../base/errors.ts';
import type { ListenPlace } from './endpoint.ts';
import type { Forward, ForwardEvents, ForwardSession, ForwardState } from './forward.ts';
import { ForwardCounters } from './forward-counters.ts';
import type { ForwardSpec } from './forward-spec.ts';
import { NearListening } from './near-listening.ts';
import { type Origin, PlaceListener, type PlaceListenerDeps } from './place-listener.ts';

/** Connections that wait for a session, where there is none at the moment. */
const MAX_WAITING = 1024;

/** Does what a forward is for with a connection that came in. */
export type ServeSocket = (
  session: ForwardSession,
  socket: Socket,
  origin: Origin,
  counters: ForwardCounters,
) => void;

/** A forward that listens on this machine. */
export class LocalForward implements Forward {
  readonly spec: ForwardSpec;
  readonly counters: ForwardCounters;
  readonly #listening: NearListening;
  readonly #listener: PlaceListener;
  readonly #serve: ServeSocket;
  readonly #waiting = new Map<Socket, Origin>();
  #session: ForwardSession | undefined;

  constructor(
    spec: ForwardSpec,
    deps: PlaceListenerDeps,
    serve: ServeSocket,
    events: ForwardEvents,
  ) {
    this.spec = spec;
    this.#listening = new NearListening(this, events);
    this.#serve = serve;
    this.counters = new ForwardCounters((text) => events.onRefused(this, text));
    this.#listener = new PlaceListener(deps, spec.listen, {
      onSocket: (socket, origin) => this.#accepted(socket, origin),
      onTrouble: (error) => {
        this.counters.lastError = messageOf(error);
      },
    });
  }

  get state(): ForwardState {
    return this.#listening.state;
  }

  get place(): ListenPlace {
    return this.#listener.place;
  }

  start(): void {
    this.#listening.begin(this.#listener.listen());
  }

  attach(session: ForwardSession): void {
    this.#session = session;
    for (const [socket, origin] of this.#waiting) {
      this.counters.waiting -= 1;
      this.#serve(session, socket, origin, this.counters);
    }
    this.#waiting.clear();
  }

  detach(): void {
    this.#session = undefined;
  }

  close(): void {
    this.#listening.close();
    for (const socket of this.#waiting.keys()) socket.destroy();
    this.counters.waiting -= this.#waiting.size;
    this.#waiting.clear();
    this.#listener.close().catch(() => undefined);
  }

  vanish(): void {
    this.#listener.vanish();
  }

  #accepted(socket: Socket, origin: Origin): void {
    if (this.#session !== undefined) {
      this.#serve(this.#session, socket, origin, this.counters);
    } else {
      if (this.#waiting.size >= MAX_WAITING) this.#dropOldest();
      this.counters.waiting += 1;
      this.#waiting.set(socket, origin);
    }
  }

  /** Who has waited the longest has most probably given up: of a socket that is not read nobody hears that. */
  #dropOldest(): void {
    const [oldest] = this.#waiting.keys();
    if (oldest === undefined) return;
    this.#waiting.delete(oldest);
    this.counters.waiting -= 1;
    this.counters.refuse('no session carries it at the moment');
    oldest.destroy();
  }
}
