import type { Clock } from '../base/clock.ts';
import type { StreamSocket } from '../link/stream-socket.ts';
import { endpointToJson } from './endpoint.ts';
import { FORWARD_STREAM, type ForwardSession } from './forward.ts';
import type { ForwardCounters } from './forward-counters.ts';
import { sayGoodbye } from './say-goodbye.ts';
import type { SocksAssociations } from './socks-associations.ts';
import { SocksHandshake, type SocksRequest, type SocksStep } from './socks-handshake.ts';
import { socksOutcomeOf, socksReply } from './socks-reply.ts';

/** Programs at a time that have connected and not said yet what they want. A browser has some dozens. */
export const MAX_HANDSHAKES = 1024;
/** A program that has not said by then what it wants is cut off, in milliseconds. */
export const HANDSHAKE_TIMEOUT_MS = 60_000;

/**
 * Speaks SOCKS with programs, and has what they ask for reached by the far side: names are resolved there. It listens nowhere; the
 * sockets are handed to it.
 *
 *   handshake --request--> handed on      handshake --refused--> last words      handshake --too late, session's end--> reset
 *
 * Between any two calls: the sockets in `#handshakes` are those in their handshake, each with the timer that ends it.
 */
export class SocksProxy {
  readonly #clock: Clock;
  readonly #associations: SocksAssociations;
  readonly #handshakes = new Map<StreamSocket, () => void>();

  constructor(clock: Clock, associations: SocksAssociations) {
    this.#clock = clock;
    this.#associations = associations;
  }

  /** Takes a connection over that no byte was read of. */
  accept(session: ForwardSession, socket: StreamSocket, counters: ForwardCounters): void {
    if (this.#handshakes.size >= MAX_HANDSHAKES) {
      counters.refuse(`${MAX_HANDSHAKES} programs are connected and have not said what they want`);
      socket.reset();
      return;
    }
    const handshake = new SocksHandshake();
    this.#await(socket);
    socket.start({
      onBytes: (bytes) => this.#step(handshake.push(bytes), session, socket, counters),
      onEnd: () => socket.end(),
      onDrain: () => undefined,
      onClose: () => this.#leave(socket),
    });
  }

  /** Cuts those that have not said what they want: the session that would have carried it is over. */
  close(): void {
    for (const socket of this.#handshakes.keys()) this.#cut(socket);
  }

  #step(
    step: SocksStep,
    session: ForwardSession,
    socket: StreamSocket,
    counters: ForwardCounters,
  ): void {
    const { reply, request, rest } = step;
    if (step.isRefused === true) {
      this.#leave(socket);
      sayGoodbye(socket, reply, this.#clock);
      return;
    }
    if (reply !== undefined) socket.write(reply);
    if (request === undefined) return;
    this.#leave(socket);
    socket.pause();
    if (request.command === 'udp-associate') {
      this.#associations.begin(session, socket, request, counters);
    } else {
      this.#connect(session, socket, request, rest, counters);
    }
  }

  #connect(
    session: ForwardSession,
    socket: StreamSocket,
    { version, host, port }: SocksRequest,
    rest: Uint8Array | undefined,
    counters: ForwardCounters,
  ): void {
    session.connections.ask(
      socket,
      {
        kind: 'tcp',
        metadata: endpointToJson({ kind: 'tcp', host, port }),
        stream: FORWARD_STREAM,
        priority: 'forward',
        first: rest,
        onAccept: () => socket.write(socksReply(version, 'granted')),
        onRefuse: ({ code, text }) => {
          sayGoodbye(socket, socksReply(version, socksOutcomeOf(code, text)), this.#clock);
          return true;
        },
      },
      counters,
    );
  }

  #await(socket: StreamSocket): void {
    const timer = this.#clock.schedule(HANDSHAKE_TIMEOUT_MS, () => this.#cut(socket));
    this.#handshakes.set(socket, () => timer.cancel());
  }

  #leave(socket: StreamSocket): void {
    this.#handshakes.get(socket)?.();
    this.#handshakes.delete(socket);
  }

  #cut(socket: StreamSocket): void {
    this.#leave(socket);
    socket.reset();
  }
}
