import { rmSync } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { toHex } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { Logger } from '../base/logger.ts';
import type { RandomSource } from '../base/random.ts';
import type { Carrier } from '../link/carrier.ts';
import type { Listener } from '../link/listener.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { listenUnix } from '../link/unix-listener.ts';
import type { ControlHandler } from './control-answers.ts';
import { ControlConnection } from './control-connection.ts';
import { controlDial } from './control-dial.ts';
import { controlSocketFiles, controlSocketName } from './control-directory.ts';

/** Connections at a time. A program that leaks them shuts out nobody else for longer than they may be idle. */
const MAX_CONNECTIONS = 64;
/** Questions are short, and all sockets read into this. */
const READ_BUFFER_BYTES = 16_384;

export interface ControlSocketDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly logger: Logger;
  /** The first that can be used is. */
  readonly directories: readonly string[];
  readonly ownerId: number;
  readonly pid: number;
  /** It cannot be asked anywhere, and why. */
  readonly onNowhere: (text: string) => void;
}

/**
 * Where a running client can be asked. Only its owner reaches it: mode 0600 in a directory of mode 0700.
 *
 *   made --listen--> listening, or nowhere to listen      any --close--> closed (final)
 */
export class ControlSocket {
  readonly #deps: ControlSocketDeps;
  readonly #handler: ControlHandler;
  readonly #sockets: SocketFactory;
  readonly #connections = new Set<ControlConnection>();
  #path: string | undefined;
  #listener: Listener | undefined;
  #isClosed = false;

  constructor(deps: ControlSocketDeps, handler: ControlHandler) {
    this.#deps = deps;
    this.#handler = handler;
    this.#sockets = new SocketFactory(deps.clock, READ_BUFFER_BYTES);
  }

  /** Where it listens; `undefined` where it does not. */
  get path(): string | undefined {
    return this.#listener === undefined ? undefined : this.#path;
  }

  /** Never rejects: a client does its work also where it cannot be asked. */
  async listen(): Promise<void> {
    const { directories, random, pid, logger } = this.#deps;
    const name = controlSocketName(pid, toHex(random.bytes(4)));
    let failure = '';
    for (const directory of directories) {
      try {
        await this.#listenIn(directory, name);
        break;
      } catch (error) {
        failure = messageOf(error);
        logger.log(1, `no control socket there: ${failure}`);
      }
    }
    if (this.#listener === undefined && !this.#isClosed) this.#deps.onNowhere(failure);
    if (this.#isClosed) this.close();
    else await this.#removeStale();
  }

  /** The file is gone when it returns: also when the process is about to exit. */
  close(): void {
    this.#isClosed = true;
    for (const connection of this.#connections) connection.close();
    this.#listener?.close().catch(() => undefined);
    this.#listener = undefined;
    if (this.#path !== undefined) removeQuietly(this.#path);
  }

  async #listenIn(directory: string, name: string): Promise<void> {
    const { ownerId } = this.#deps;
    // A runtime directory that is left in the environment by su or sudo is another user's, or not there.
    const above = await lstat(dirname(directory)).catch(() => undefined);
    const isRuntime = directory !== this.#deps.directories.at(-1);
    if (isRuntime && above?.uid !== ownerId) {
      throw new EtError('ET_ERR_STATE', `${dirname(directory)} is no directory of this user`);
    }
    this.#path = join(directory, name);
    const deps = { ...this.#deps, sockets: this.#sockets };
    this.#listener = await listenUnix(deps, this.#path, ownerId, {
      onCarrier: (carrier) => this.#accept(carrier),
      onTrouble: (error) => this.#deps.logger.log(1, `control socket: ${error.message}`),
    });
  }

  #accept(carrier: Carrier): void {
    if (this.#connections.size >= MAX_CONNECTIONS) {
      carrier.reset();
      return;
    }
    const connection = new ControlConnection(carrier, this.#deps.clock, this.#handler, () =>
      this.#connections.delete(connection),
    );
    this.#connections.add(connection);
  }

  /** What clients have left that were killed. */
  async #removeStale(): Promise<void> {
    const { clock, directories, ownerId } = this.#deps;
    for (const directory of directories) {
      const files = await controlSocketFiles(directory, ownerId).catch(() => []);
      for (const { path } of files) {
        const found = await controlDial(clock, this.#sockets, path);
        if (typeof found !== 'string') found.reset();
      }
    }
  }
}

/** It is called when the process ends, which must not fail. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Its directory is not there either.
  }
}
