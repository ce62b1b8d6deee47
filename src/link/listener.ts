import {
  createServer,
  type ListenOptions,
  type Server,
  type ServerOpts,
  type Socket,
} from 'node:net';
import type { Clock, Timer } from '../base/clock.ts';
import type { RandomSource } from '../base/random.ts';
import type { Carrier } from './carrier.ts';
import type { SocketFactory } from './socket-factory.ts';

/** Accepting again after an accept failed: at least this, at most twice this, in milliseconds. */
export const ACCEPT_AGAIN_AFTER_MS = 100;
/**
 * Connections the kernel completes before we accept them. Beyond it the kernel drops what knocks, and the true client among
 * strangers waits a second for its next try.
 */
const BACKLOG = 1024;

export interface ListeningDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** `net.createServer`, unless a test wants to be the system. */
  readonly makeServer?: (options: ServerOpts) => Server;
}

export interface ListenerDeps extends ListeningDeps {
  readonly sockets: SocketFactory;
}

export interface ListenerEvents<Owner = Carrier> {
  onCarrier(carrier: Owner): void;
  /** Accepting failed and goes on by itself; for the log. */
  onTrouble?(error: Error): void;
}

/** A place where carriers come in. */
export interface Listener {
  /** For people: `tcp 0.0.0.0:60000`. */
  readonly label: string;
  /** The TCP port; 0 where there is none. */
  readonly port: number;
  /** Accepts no more. What was accepted lives on. Resolves once the address is free. */
  close(): Promise<void>;
}

/**
 * One listening socket. Without free descriptors (EMFILE) libuv accepts and closes what comes in,
 * so that the peer dials again; where it cannot, `accept` itself fails, and listening starts over
 * a jittered moment later. Nothing that a peer does ends it.
 *
 *   made --listen--> listening <--accept failed, listens--> waiting     any --close--> closed (final)
 */
export class ListeningSocket<Owner = Carrier> {
  readonly #deps: ListeningDeps;
  readonly #adopt: (socket: Socket) => Owner;
  readonly #events: ListenerEvents<Owner>;
  #server: Server | undefined;
  #again: Timer | undefined;
  /** The attempt to listen that is under way; it never rejects. */
  #starting: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(
    deps: ListeningDeps,
    adopt: (socket: Socket) => Owner,
    events: ListenerEvents<Owner>,
  ) {
    this.#deps = deps;
    this.#adopt = adopt;
    this.#events = events;
  }

  /** The port it listens on; 0 on a unix socket. */
  get port(): number {
    const address = this.#server?.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Rejects with the system's error (EADDRINUSE), and may then be called again. */
  listen(where: ListenOptions): Promise<void> {
    const started = this.#listen(where);
    this.#starting = started.catch(() => undefined);
    return started;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#again?.cancel();
    await this.#starting;
    const server = this.#server;
    this.#server = undefined;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  #listen(where: ListenOptions): Promise<void> {
    // Paused and half-open, as SocketFactory.accepted needs it.
    const make = this.#deps.makeServer ?? createServer;
    const server = make({ pauseOnConnect: true, allowHalfOpen: true });
    server.on('connection', (socket) => {
      if (this.#isClosed) socket.destroy();
      else this.#events.onCarrier(this.#adopt(socket));
    });
    return new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen({ backlog: BACKLOG, ...where }, () => {
        server.removeListener('error', reject);
        this.#server = server;
        const again = { ...where, ...(this.port > 0 && { port: this.port }) };
        server.on('error', (error) => this.#startOver(server, again, error));
        resolve();
      });
    });
  }

  #startOver(failed: Server, where: ListenOptions, error: Error): void {
    this.#events.onTrouble?.(error);
    if (this.#server !== failed) return;
    this.#server = undefined;
    failed.close();
    this.#listenLater(where);
  }

  #listenLater(where: ListenOptions): void {
    const delayMs = ACCEPT_AGAIN_AFTER_MS * (1 + this.#deps.random.uniform());
    this.#again = this.#deps.clock.schedule(delayMs, () => {
      this.listen(where).catch((error: Error) => {
        this.#events.onTrouble?.(error);
        if (!this.#isClosed) this.#listenLater(where);
      });
    });
  }
}
