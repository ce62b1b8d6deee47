import type { Clock } from '../base/clock.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';
import { listenPlaceToJson } from './endpoint.ts';
import { ForwardCounters } from './forward-counters.ts';
import { type UdpBeginning, UdpFlows } from './udp-flows.ts';
import {
  DEFAULT_UDP_IDLE_MS,
  MAX_FORWARD_FLOWS,
  MAX_UDP_IDLE_MS,
  MIN_UDP_IDLE_MS,
} from './udp-limits.ts';
import { UdpListener, type UdpPlace, type UdpSource } from './udp-listener.ts';

export interface FarUdpListenerDeps {
  readonly clock: Clock;
  readonly mux: Mux;
  /** Asked again with the port that was chosen. */
  readonly objectionTo: (place: UdpPlace) => string | undefined;
  readonly onOver: () => void;
}

/**
 * A place where this end waits for datagrams because the other end has asked for it, by a channel of kind `listen` that lives as
 * long. Each source becomes a channel of kind `forwarded`.
 *
 *   starting --listens--> listening --EOF or end of the channel--> over       starting --cannot listen--> over
 */
export class FarUdpListener implements ChannelEvents {
  readonly #deps: FarUdpListenerDeps;
  readonly #incoming: IncomingOpen;
  readonly #listener: UdpListener;
  readonly #flows: UdpFlows;
  readonly #counters = new ForwardCounters();
  #channel: Channel | undefined;
  #isOver = false;

  /** @throws {EtError} ET_ERR_CHANNEL_METADATA */
  constructor(incoming: IncomingOpen, place: UdpPlace, deps: FarUdpListenerDeps) {
    this.#incoming = incoming;
    this.#deps = deps;
    this.#flows = new UdpFlows({
      clock: deps.clock,
      idleMs: idleMsOf(incoming.metadata),
      maxFlows: MAX_FORWARD_FLOWS,
      counters: this.#counters,
    });
    this.#flows.attach(deps.mux);
    this.#listener = new UdpListener(place, {
      onDatagram: (bytes, source) => this.#received(bytes, source),
      onDropped: () => undefined,
    });
    this.#listener.listen().then(
      () => this.#started(),
      (error: unknown) => this.#refuse(REASON.failed, messageOf(error)),
    );
  }

  onData(bytes: Uint8Array): void {
    this.#channel?.consumed(bytes.length);
  }

  onEof(): void {
    this.#channel?.end();
    this.close();
  }

  onClose(): void {
    this.close();
  }

  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#listener.close();
    this.#flows.close('the forward has ended');
    this.#deps.onOver();
  }

  #started(): void {
    if (this.#isOver || this.#incoming.isCancelled) {
      this.close();
      return;
    }
    const { place } = this.#listener;
    const objection = this.#deps.objectionTo(place);
    if (objection !== undefined) this.#refuse(REASON.notPermitted, objection);
    else
      this.#channel = this.#incoming.accept(listenPlaceToJson(place), this, {
        priority: 'control',
      });
  }

  #refuse(code: number, text: string): void {
    if (this.#isOver) return;
    this.close();
    if (!this.#incoming.isCancelled) this.#incoming.refuse(code, text);
  }

  /** What comes before the other end knows that we listen is for nobody. */
  #received(bytes: Uint8Array, source: UdpSource): void {
    if (this.#channel === undefined || this.#isOver) return;
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
