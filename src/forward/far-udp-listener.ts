import type { Clock } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { IncomingOpen } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';
import type { JsonObject } from '../wire/messages.ts';
import { FarListening, type FarListeningEvents } from './far-listening.ts';
import { ForwardCounters } from './forward-counters.ts';
import { type UdpBeginning, UdpFlows } from './udp-flows.ts';
import {
  DEFAULT_UDP_IDLE_MS,
  MAX_FORWARD_FLOWS,
  MAX_UDP_IDLE_MS,
  MIN_UDP_IDLE_MS,
} from './udp-limits.ts';
import { UdpListener, type UdpPlace, type UdpSource } from './udp-listener.ts';

export interface FarUdpListenerDeps extends FarListeningEvents {
  readonly clock: Clock;
  readonly mux: Mux;
}

/**
 * A place where this end waits for datagrams because the other end has asked for it. Each source becomes a channel of kind
 * `forwarded`, and ends with the place: replies would come from nowhere.
 */
export class FarUdpListener {
  readonly #incoming: IncomingOpen;
  readonly #listening: FarListening;
  readonly #flows: UdpFlows;

  /** @throws {EtError} ET_ERR_CHANNEL_METADATA */
  constructor(incoming: IncomingOpen, place: UdpPlace, deps: FarUdpListenerDeps) {
    this.#incoming = incoming;
    this.#flows = new UdpFlows({
      clock: deps.clock,
      idleMs: idleMsOf(incoming.metadata),
      maxFlows: MAX_FORWARD_FLOWS,
      counters: new ForwardCounters(),
    });
    this.#flows.attach(deps.mux);
    const listener = new UdpListener(place, {
      onDatagram: (bytes, source) => this.#received(bytes, source),
      onDropped: () => undefined,
    });
    this.#listening = new FarListening(incoming, listener, {
      objectionTo: (actual) => deps.objectionTo(actual),
      onOver: () => {
        this.#flows.close('the forward has ended');
        deps.onOver();
      },
    });
  }

  close(): void {
    this.#listening.close();
  }

  #received(bytes: Uint8Array, source: UdpSource): void {
    if (!this.#listening.isListening) return;
    this.#flows.send(source.key, bytes, () => this.#beginning(source));
  }

  #beginning(source: UdpSource): UdpBeginning {
    return {
      kind: 'forwarded',
      metadata: { of: this.#incoming.id, from: source.label },
      stream: this.#incoming.stream,
      onReply: (bytes) => source.reply(bytes),
    };
  }
}

/** How long a flow may be silent, as the other end has it. */
function idleMsOf({ idleMs }: JsonObject): number {
  if (idleMs === undefined) return DEFAULT_UDP_IDLE_MS;
  if (typeof idleMs === 'number' && idleMs >= MIN_UDP_IDLE_MS && idleMs <= MAX_UDP_IDLE_MS) {
    return idleMs;
  }
  throw new EtError(
    'ET_ERR_CHANNEL_METADATA',
    `idleMs ${JSON.stringify(idleMs).slice(0, 50)} outside ${MIN_UDP_IDLE_MS}..${MAX_UDP_IDLE_MS}`,
  );
}
