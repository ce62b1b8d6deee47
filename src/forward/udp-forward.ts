import type { Clock } from '../base/clock.ts';
import { messageOf } from '../base/errors.ts';
import { type Endpoint, endpointToJson, type ListenPlace } from './endpoint.ts';
import {
  FORWARD_STREAM,
  type Forward,
  type ForwardEvents,
  type ForwardSession,
  type ForwardState,
} from './forward.ts';
import { ForwardCounters } from './forward-counters.ts';
import type { ForwardSpec } from './forward-spec.ts';
import { NearListening } from './near-listening.ts';
import type { UdpBeginning } from './udp-flows.ts';
import { UdpFlows } from './udp-flows.ts';
import { MAX_FORWARD_FLOWS } from './udp-limits.ts';
import { UdpListener, type UdpPlace, type UdpSource } from './udp-listener.ts';

export interface UdpForwardDeps {
  readonly clock: Clock;
  readonly udpIdleMs: number;
}

/** A forward of datagrams that waits for them on this machine. Its flows end with it, as replies would come from nowhere. */
export class UdpForward implements Forward {
  readonly spec: ForwardSpec;
  readonly counters: ForwardCounters;
  readonly #target: Endpoint;
  readonly #listening: NearListening;
  readonly #listener: UdpListener;
  readonly #flows: UdpFlows;

  constructor(
    spec: ForwardSpec & { readonly listen: UdpPlace; readonly target: Endpoint },
    deps: UdpForwardDeps,
    events: ForwardEvents,
  ) {
    this.spec = spec;
    this.#target = spec.target;
    this.#listening = new NearListening(this, events);
    this.counters = new ForwardCounters((text) => events.onRefused(this, text));
    this.#flows = new UdpFlows({
      clock: deps.clock,
      idleMs: deps.udpIdleMs,
      maxFlows: MAX_FORWARD_FLOWS,
      counters: this.counters,
    });
    this.#listener = new UdpListener(spec.listen, {
      onDatagram: (bytes, source) =>
        this.#flows.send(source.key, bytes, () => this.#beginning(source)),
      onDropped: (error) => {
        this.counters.dropped += 1;
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
    this.#flows.attach(session.mux);
  }

  detach(): void {
    this.#flows.detach();
  }

  close(): void {
    this.#listening.close();
    this.#listener.close();
    this.#flows.close('the forward has ended');
  }

  #beginning(source: UdpSource): UdpBeginning {
    return {
      kind: 'udp',
      metadata: { ...endpointToJson(this.#target), from: source.label },
      stream: FORWARD_STREAM,
      onReply: (bytes) => source.reply(bytes),
    };
  }
}
