import type { Clock } from '../base/clock.ts';
import type { StreamSocket } from '../link/stream-socket.ts';
import type { ForwardSession } from './forward.ts';
import type { ForwardCounters } from './forward-counters.ts';
import { sayGoodbye } from './say-goodbye.ts';
import { SocksAssociation } from './socks-association.ts';
import type { SocksRequest } from './socks-handshake.ts';
import { socksReply } from './socks-reply.ts';
import { DEFAULT_UDP_IDLE_MS, MAX_ASSOCIATIONS } from './udp-limits.ts';

/** The relays of datagrams that SOCKS clients have asked for. */
export class SocksAssociations {
  readonly #clock: Clock;
  readonly #idleMs: number;
  readonly #live = new Set<SocksAssociation>();

  /** `idleMs`: how long a flow to one destination may be silent. */
  constructor(clock: Clock, idleMs: number = DEFAULT_UDP_IDLE_MS) {
    this.#clock = clock;
    this.#idleMs = idleMs;
  }

  get count(): number {
    return this.#live.size;
  }

  /** Answers `request`, which came on `control`, and takes `control` over. */
  begin(
    session: ForwardSession,
    control: StreamSocket,
    request: SocksRequest,
    counters: ForwardCounters,
  ): void {
    if (this.#live.size >= MAX_ASSOCIATIONS) {
      counters.refuse(`${MAX_ASSOCIATIONS} associations are open`);
      sayGoodbye(control, socksReply(5, 'failed'), this.#clock);
      return;
    }
    const association: SocksAssociation = new SocksAssociation(control, request, {
      clock: this.#clock,
      idleMs: this.#idleMs,
      mux: session.mux,
      counters,
      onOver: () => this.#live.delete(association),
    });
    this.#live.add(association);
  }

  /** Ends all of them: the session that carries them is over. */
  close(): void {
    for (const association of this.#live) association.close();
  }
}
