import { realpath } from 'node:fs/promises';
import type { Clock } from '../base/clock.ts';
import { HostResolver } from '../link/host-resolver.ts';
import { BufferedSockets } from '../link/socket-factory.ts';
import { StreamSocket } from '../link/stream-socket.ts';
import { TcpDialer } from '../link/tcp-dial.ts';
import { unixDial } from '../link/unix-dial.ts';
import { REASON } from '../wire/messages.ts';
import { filterFor } from './address-filter.ts';
import { ConnectFailure, connectFailureOf } from './connect-failure.ts';
import type { Endpoint } from './endpoint.ts';
import type { OpenPolicy } from './open-policy.ts';

/** A target that does not answer is given up after this, in milliseconds: sooner than most programs give up by themselves. */
const CONNECT_TIMEOUT_MS = 30_000;
/** One read of a forward's socket; a link's reads are larger, as there are fewer of them. */
const READ_BUFFER_BYTES = 65_536;

/** Makes the sockets of forwards; all of them read into one buffer. */
export function streamSockets(): BufferedSockets<StreamSocket> {
  return new BufferedSockets(
    (socket, options) => new StreamSocket(socket, options),
    READ_BUFFER_BYTES,
  );
}

/** Connects to targets, if the policy has nothing against what their names resolve to. */
export class Connector {
  readonly #clock: Clock;
  readonly #sockets: BufferedSockets<StreamSocket>;
  readonly #policy: OpenPolicy;
  readonly #resolver: HostResolver;

  constructor(
    clock: Clock,
    sockets: BufferedSockets<StreamSocket>,
    policy: OpenPolicy,
    resolver: HostResolver = new HostResolver(),
  ) {
    this.#clock = clock;
    this.#sockets = sockets;
    this.#policy = policy;
    this.#resolver = resolver;
  }

  /** Rejects with a ConnectFailure; an abort counts as a timeout. */
  async connect(target: Endpoint, signal: AbortSignal): Promise<StreamSocket> {
    const giveUp = new AbortController();
    const stop = (): void => giveUp.abort();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    const timer = this.#clock.schedule(CONNECT_TIMEOUT_MS, stop);
    try {
      return target.kind === 'unix'
        ? await this.#connectUnix(target.path, giveUp.signal)
        : await this.#connectTcp(target, giveUp.signal);
    } finally {
      timer.cancel();
      signal.removeEventListener('abort', stop);
    }
  }

  async #connectUnix(path: string, signal: AbortSignal): Promise<StreamSocket> {
    // Where symbolic links lead is what is opened.
    const real = await realpath(path).catch(() => path);
    const objection = this.#policy.objectionToOpenPath(real);
    if (objection !== undefined) throw new ConnectFailure(REASON.notPermitted, objection);
    try {
      return await unixDial(this.#clock, this.#sockets, real)(signal);
    } catch (error) {
      throw connectFailureOf({ kind: 'unix', path }, error);
    }
  }

  async #connectTcp(
    target: Extract<Endpoint, { kind: 'tcp' }>,
    signal: AbortSignal,
  ): Promise<StreamSocket> {
    const filter = filterFor(this.#policy, this.#resolver, target);
    try {
      return await new TcpDialer(this.#clock, this.#sockets, filter).to(target)(signal);
    } catch (error) {
      if (filter.objection !== undefined && !filter.hasPermitted) {
        throw new ConnectFailure(REASON.notPermitted, filter.objection, error);
      }
      throw connectFailureOf(target, error);
    }
  }
}
