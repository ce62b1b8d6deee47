import type { Clock, Timer } from '../base/clock.ts';
import { messageOf, systemCodeOf } from '../base/errors.ts';
import type { Channel, ChannelEvents } from '../mux/channel.ts';
import { REASON } from '../wire/messages.ts';
import { EarlyDatagrams } from './early-datagrams.ts';
import { formatEndpoint } from './endpoint.ts';
import type { ForwardCounters } from './forward-counters.ts';
import type { UdpTargetPlace } from './udp-connector.ts';
import { TARGET_IDLE_MS } from './udp-limits.ts';
import type { UdpSocket } from './udp-socket.ts';

/** What a flow does with its socket. */
export type TargetSocket = Pick<UdpSocket, 'send' | 'close'>;

/** The other end is told of a target's trouble once in so long, in milliseconds. */
const NOTE_EVERY_MS = 1000;

/**
 * One flow at the end that has its target: a socket there, a channel to the end that listens, which ends it when it is idle.
 *
 *   made --start--> open --EOF, RESET, end of the session, forgotten by the other end--> over (final)
 */
export class UdpTarget implements ChannelEvents {
  readonly #target: UdpTargetPlace;
  readonly #clock: Clock;
  readonly #counters: ForwardCounters;
  readonly #onOver: () => void;
  readonly #early = new EarlyDatagrams();
  #socket: TargetSocket | undefined;
  #channel: Channel | undefined;
  #timer: Timer | undefined;
  #usedMs = 0;
  #notedMs = Number.NEGATIVE_INFINITY;
  #droppedByMux = 0;

  constructor(target: UdpTargetPlace, clock: Clock, counters: ForwardCounters, onOver: () => void) {
    this.#target = target;
    this.#clock = clock;
    this.#counters = counters;
    this.#onOver = onOver;
  }

  /** `channel` was made with this as its events; `socket` calls `receive` and `lose`. */
  start(channel: Channel, socket: TargetSocket): void {
    this.#channel = channel;
    this.#socket = socket;
    this.#counters.open += 1;
    this.#usedMs = this.#clock.now();
    this.#arm();
  }

  end(text: string): void {
    this.#channel?.reset(REASON.cancelled, text);
  }

  /** Datagrams that came before the answer; nothing else comes as data. */
  onData(bytes: Uint8Array): void {
    const datagrams = this.#early.push(bytes);
    this.#channel?.consumed(bytes.length);
    if (datagrams === undefined) {
      this.#channel?.reset(REASON.protocol, 'DATA is no datagrams from before the answer');
      return;
    }
    for (const datagram of datagrams) this.#toTarget(datagram);
  }

  onEof(): void {
    this.#channel?.end();
  }

  onClose(): void {
    this.#timer?.cancel();
    this.#socket?.close();
    this.#countDropped();
    this.#counters.open -= 1;
    this.#onOver();
  }

  /** From the other end. */
  onDatagram(bytes: Uint8Array): void {
    this.#toTarget(bytes);
  }

  /** From the target. */
  receive(bytes: Uint8Array): void {
    this.#usedMs = this.#clock.now();
    this.#counters.bytesIn += bytes.length;
    this.#channel?.sendDatagram(bytes);
    this.#countDropped();
  }

  /** A datagram for the target got nowhere. That does not end the flow: the next one may. */
  lose(error: unknown): void {
    const where = formatEndpoint(this.#target);
    const isRefused = systemCodeOf(error) === 'ECONNREFUSED';
    const text = isRefused ? `connection refused by ${where}` : `${where}: ${messageOf(error)}`;
    this.#counters.dropped += 1;
    this.#counters.lastError = text;
    const nowMs = this.#clock.now();
    if (nowMs < this.#notedMs + NOTE_EVERY_MS) return;
    this.#notedMs = nowMs;
    this.#channel?.note({ error: text });
  }

  #toTarget(bytes: Uint8Array): void {
    this.#usedMs = this.#clock.now();
    this.#counters.bytesOut += bytes.length;
    this.#socket?.send(bytes);
  }

  #countDropped(): void {
    const dropped = this.#channel?.droppedDatagramCount ?? 0;
    this.#counters.dropped += dropped - this.#droppedByMux;
    this.#droppedByMux = dropped;
  }

  #arm(): void {
    const delayMs = this.#usedMs + TARGET_IDLE_MS - this.#clock.now();
    this.#timer = this.#clock.schedule(delayMs, () => {
      if (this.#usedMs + TARGET_IDLE_MS > this.#clock.now()) this.#arm();
      else this.#channel?.reset(REASON.none, 'idle');
    });
  }
}
