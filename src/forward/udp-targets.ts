import type { Clock } from '../base/clock.ts';
import type { IncomingOpen } from '../mux/channel.ts';
import { MAX_EARLY_DATA_BYTES } from '../wire/limits.ts';
import { REASON } from '../wire/messages.ts';
import { ConnectFailure } from './connect-failure.ts';
import type { ForwardCounters } from './forward-counters.ts';
import type { UdpConnector, UdpTargetPlace } from './udp-connector.ts';
import { MAX_TARGET_FLOWS } from './udp-limits.ts';
import type { UdpSocket } from './udp-socket.ts';
import { UdpTarget } from './udp-target.ts';

/** The flows of datagrams whose targets are at this end. */
export class UdpTargets {
  readonly #clock: Clock;
  readonly #connector: UdpConnector;
  readonly #live = new Set<UdpTarget>();
  #connecting = 0;

  constructor(clock: Clock, connector: UdpConnector) {
    this.#clock = clock;
    this.#connector = connector;
  }

  get count(): number {
    return this.#live.size + this.#connecting;
  }

  /** The other end asks for a flow to `target`. */
  answer(incoming: IncomingOpen, target: UdpTargetPlace, counters: ForwardCounters): void {
    if (this.count >= MAX_TARGET_FLOWS) {
      incoming.refuse(REASON.limit, `${MAX_TARGET_FLOWS} flows of datagrams are open there`);
      return;
    }
    const flow: UdpTarget = new UdpTarget(target, this.#clock, counters, () =>
      this.#live.delete(flow),
    );
    this.#connecting += 1;
    counters.waiting += 1;
    const events = {
      onDatagram: (bytes: Uint8Array) => flow.receive(bytes),
      onDropped: (error: unknown) => flow.lose(error),
    };
    this.#connector.connect(target, events).then(
      (socket) => {
        this.#connecting -= 1;
        counters.waiting -= 1;
        this.#join(incoming, flow, socket);
      },
      (error: unknown) => {
        this.#connecting -= 1;
        counters.waiting -= 1;
        const isKnown = error instanceof ConnectFailure;
        const reason = isKnown ? error.reason : { code: REASON.failed, text: 'failed' };
        counters.refuse(reason.text);
        if (!incoming.isCancelled) incoming.refuse(reason.code, reason.text);
      },
    );
  }

  /** Ends all of them. */
  close(text: string): void {
    for (const flow of this.#live) flow.end(text);
  }

  #join(incoming: IncomingOpen, flow: UdpTarget, socket: UdpSocket): void {
    if (incoming.isCancelled) {
      socket.close();
      return;
    }
    this.#live.add(flow);
    const bounds = { credit: MAX_EARLY_DATA_BYTES, maxCredit: MAX_EARLY_DATA_BYTES };
    flow.start(incoming.accept({}, flow, { priority: 'forward', ...bounds }), socket);
  }
}
