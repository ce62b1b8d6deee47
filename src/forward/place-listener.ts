import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { unlink } from 'node:fs/promises';
import type { ListenOptions, Server, ServerOpts, Socket } from 'node:net';
import { join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import { EtError, systemCodeOf } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import { ListeningSocket } from '../link/listener.ts';
import { formatEndpoint, plainAddress } from '../link/plain-address.ts';
import type { SocketFactory } from '../link/socket-factory.ts';
import { unixDial } from '../link/unix-dial.ts';
import { isUsableUnixPath, MAX_UNIX_PATH_BYTES } from '../link/unix-path.ts';
import type { ListenPlace } from './endpoint.ts';
import { listenFailure } from './listen-failure.ts';
import { PrivateServer } from './private-server.ts';

export interface PlaceListenerDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** To find out whether anybody listens on a socket file that is there. */
  readonly probes: SocketFactory;
  /** Below it, sockets of a `variable` get a directory of their own. */
  readonly temporaryDirectory: string;
  /** Who has a port already, for people, where the system tells. */
  readonly holderOf?: ((port: number) => Promise<string | undefined>) | undefined;
}

/** Where an accepted connection comes from. */
export interface Origin {
  /** `127.0.0.1:53210`, or the path of the socket. */
  readonly label: string;
  /** Whether the system has resets for it: TCP does. */
  readonly isResettable: boolean;
}

export interface PlaceListenerEvents {
  /** A connection, paused and half-open. */
  onSocket(socket: Socket, origin: Origin): void;
  /** Accepting failed for a moment. */
  onTrouble(error: Error): void;
}

/**
 * Where a forward waits for connections.
 *
 *   made --listen--> starting --listens on all addresses--> listening      starting --cannot--> closed      any --close--> closed (final)
 *
 * Between any two calls: what is bound, or is being bound, is in `#listening` or is `#starting`, so that `close` reaches it.
 */
export class PlaceListener {
  readonly #deps: PlaceListenerDeps;
  readonly #events: PlaceListenerEvents;
  readonly #listening: ListeningSocket<void>[] = [];
  #starting: ListeningSocket<void> | undefined;
  #isClosed = false;
  #place: ListenPlace;
  readonly #directory: string | undefined;

  /** A `variable` has its path from here on; nothing listens before `listen`. */
  constructor(deps: PlaceListenerDeps, place: ListenPlace, events: PlaceListenerEvents) {
    this.#deps = deps;
    this.#events = events;
    this.#place = place;
    if (place.kind !== 'variable') return;
    this.#directory = mkdtempSync(join(deps.temporaryDirectory, 'everterm-'));
    this.#place = { kind: 'unix', path: join(this.#directory, place.name.toLowerCase()) };
  }

  /** Where it listens: with the port that was chosen, and the path of a `variable`. */
  get place(): ListenPlace {
    return this.#place;
  }

  /** Rejects with ET_ERR_FORWARD, and is then closed. Where it was closed meanwhile it may resolve, and nothing listens. */
  async listen(): Promise<void> {
    try {
      if (this.#place.kind === 'tcp') await this.#listenTcp(this.#place.bind, this.#place.port);
      else if (this.#place.kind === 'unix') await this.#listenUnix(this.#place.path);
    } catch (error) {
      await this.close();
      throw await this.#failure(error);
    }
  }

  /** What was accepted lives on. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const all = this.#starting === undefined ? [] : [this.#starting];
    all.push(...this.#listening);
    await Promise.all(all.map((one) => one.close()));
    if (this.#directory !== undefined) rmSync(this.#directory, { recursive: true, force: true });
  }

  /** Removes its socket file at once, for a process that ends. */
  vanish(): void {
    if (this.#place.kind === 'unix' && this.#listening.length > 0) {
      rmSync(this.#place.path, { force: true });
    }
  }

  async #listenTcp(bind: string, firstPort: number): Promise<void> {
    const addresses = addressesOf(bind);
    let port = firstPort;
    let failure: unknown;
    for (const address of addresses) {
      const one = this.#make(tcpOrigin);
      try {
        await this.#start(one, { port, ...(address !== '' && { host: address }) });
      } catch (error) {
        // A machine without IPv6 has one loopback address; a port that is taken on either is taken.
        if (systemCodeOf(error) === 'EADDRINUSE' || addresses.length === 1) throw error;
        failure = error;
        continue;
      }
      port = one.port;
    }
    if (this.#listening.length === 0) throw failure;
    this.#place = { kind: 'tcp', bind, port };
  }

  async #listenUnix(path: string): Promise<void> {
    if (!isUsableUnixPath(path)) {
      throw new EtError('ET_ERR_FORWARD', `its path is longer than ${MAX_UNIX_PATH_BYTES} bytes`);
    }
    const origin = { label: path, isResettable: false };
    const one = this.#make(
      () => origin,
      (options) => new PrivateServer(options),
    );
    try {
      await this.#start(one, { path });
    } catch (error) {
      if (systemCodeOf(error) !== 'EADDRINUSE' || (await this.#isServed(path))) throw error;
      if (this.#isClosed) return;
      await unlink(path);
      await this.#start(one, { path });
    }
  }

  async #start(one: ListeningSocket<void>, where: ListenOptions): Promise<void> {
    if (this.#isClosed) return;
    this.#starting = one;
    await one.listen(where);
    this.#listening.push(one);
  }

  #make(
    originOf: (socket: Socket) => Origin,
    makeServer?: (options: ServerOpts) => Server,
  ): ListeningSocket<void> {
    return new ListeningSocket<void>(
      { ...this.#deps, ...(makeServer && { makeServer }) },
      (socket) => this.#events.onSocket(socket, originOf(socket)),
      { onCarrier: () => undefined, onTrouble: (error) => this.#events.onTrouble(error) },
    );
  }

  /** Whether anybody answers there; what is no socket at all stays. */
  async #isServed(path: string): Promise<boolean> {
    if (!lstatSync(path).isSocket()) return true;
    try {
      const { signal } = new AbortController();
      (await unixDial(this.#deps.clock, this.#deps.probes, path)(signal)).reset();
      return true;
    } catch (error) {
      return !(error instanceof EtError && systemCodeOf(error.cause) === 'ECONNREFUSED');
    }
  }

  async #failure(cause: unknown): Promise<EtError> {
    const port = this.#place.kind === 'tcp' ? this.#place.port : 0;
    const isTaken = systemCodeOf(cause) === 'EADDRINUSE' && port !== 0;
    const holder = isTaken ? await this.#deps.holderOf?.(port) : undefined;
    return listenFailure(this.#place, cause, holder);
  }
}

function tcpOrigin(socket: Socket): Origin {
  const address = plainAddress(socket.remoteAddress ?? '?');
  return { label: formatEndpoint(address, socket.remotePort ?? 0), isResettable: true };
}

/** '' is all addresses of both families. */
function addressesOf(bind: string): readonly string[] {
  if (bind === '*') return [''];
  return bind === 'localhost' ? ['127.0.0.1', '::1'] : [bind];
}
