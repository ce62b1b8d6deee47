import type { IncomingOpen } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';
import type { Connections } from './connections.ts';
import type { ListenPlace } from './endpoint.ts';
import type { ForwardCounters } from './forward-counters.ts';
import type { ForwardSpec } from './forward-spec.ts';

/** `closed` is final; a failed forward that listens at the far side is asked for again in the next session. */
export type ForwardState = 'starting' | 'listening' | 'failed' | 'closed';

/** The session that carries connections at the moment. */
export interface ForwardSession {
  readonly mux: Mux;
  readonly connections: Connections;
  /** Channels of `kind` that the server opens because of our channel `of`, until the returned function is called. */
  readonly serve: (kind: string, of: number, take: (incoming: IncomingOpen) => void) => () => void;
  /** The stream of what runs in the session: what it must find ready goes before it. */
  readonly workStream: number;
}

/** The stream of all forwards but those that programs are given by a variable. */
export const FORWARD_STREAM = 1;

/** What a forward tells its owner. */
export interface ForwardEvents {
  /** It listens, at `forward.place`. */
  onListening(forward: Forward): void;
  /** It does not, or not any more. */
  onFailed(forward: Forward, text: string): void;
  /** A connection through it could not be made. */
  onRefused(forward: Forward, text: string): void;
}

/** One forward of a client: it waits for connections here or there, and outlives sessions. */
export interface Forward {
  readonly spec: ForwardSpec;
  readonly state: ForwardState;
  /** Where it listens: with the port that was chosen. */
  readonly place: ListenPlace;
  readonly counters: ForwardCounters;
  /** Waits for connections, if that is here. */
  start(): void;
  /** From now on `session` carries its connections. */
  attach(session: ForwardSession): void;
  /** The session is over, and its connections with it. Those that come wait for another. */
  detach(): void;
  /** Waits no more; connections that are open live on. */
  close(): void;
  /** Removes what it has on disk, at once. */
  vanish?(): void;
}
