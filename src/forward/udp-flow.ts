import { messageOf } from '../base/errors.ts';
import type { Channel, ChannelEvents, ChannelReason } from '../mux/channel.ts';
import type { Mux } from '../mux/mux.ts';
import { MAX_EARLY_DATA_BYTES } from '../wire/limits.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';
import { encodeEarlyDatagram } from './early-datagrams.ts';
import type { ForwardCounters } from './forward-counters.ts';
import { UdpWaiting, type WaitingTotal } from './udp-waiting.ts';

/** Nothing but notes comes as data, and they are few. */
const FLOW_CREDIT_BYTES = 4096;
const LENGTH_BYTES = 2;
const MAX_ERROR_CHARACTERS = 200;

/** What is asked of the other end, for one flow. */
export interface UdpQuestion {
  readonly kind: string;
  readonly metadata: JsonObject;
  readonly stream: number;
}

export interface UdpFlowEvents {
  /** A datagram of the target, valid until the call returns. */
  onReply(bytes: Uint8Array): void;
  /** Nothing of it is left. */
  onOver(): void;
}

/**
 * The datagrams of one source, at the end that listens, and their channel to the end that has the target.
 *
 *   waiting --session--> asked --ACCEPT--> open        any --end, RESET, EOF, end of the session--> over (final)
 *                          |
 *                          +--REFUSE--> refused (drops what comes, until it is ended)
 *
 * Between any two calls: something is in `#waiting` only while `waiting` or `asked`, and then nothing may overtake it.
 */
export class UdpFlow implements ChannelEvents {
  readonly #question: UdpQuestion;
  readonly #counters: ForwardCounters;
  readonly #events: UdpFlowEvents;
  readonly #waiting: UdpWaiting;
  #state: 'waiting' | 'asked' | 'open' | 'refused' | 'over' = 'waiting';
  #channel: Channel | undefined;
  #earlyBytes = 0;
  #droppedByMux = 0;

  constructor(
    question: UdpQuestion,
    counters: ForwardCounters,
    total: WaitingTotal,
    events: UdpFlowEvents,
  ) {
    this.#question = question;
    this.#counters = counters;
    this.#events = events;
    this.#waiting = new UdpWaiting(total);
    counters.waiting += 1;
  }

  get isRefused(): boolean {
    return this.#state === 'refused';
  }

  /** Asks the other end. */
  ask(mux: Mux): void {
    if (this.#state !== 'waiting') return;
    try {
      const request = { ...this.#question, priority: 'forward' as const };
      const credit = { credit: FLOW_CREDIT_BYTES, maxCredit: FLOW_CREDIT_BYTES };
      this.#channel = mux.open({ ...request, ...credit }, this);
    } catch (error) {
      this.#refuse(messageOf(error));
      return;
    }
    this.#state = 'asked';
    this.#sendEarly();
  }

  /** A datagram of the source; nothing of `bytes` is kept. */
  send(bytes: Uint8Array): void {
    this.#counters.bytesOut += bytes.length;
    if (this.#state === 'open') {
      this.#channel?.sendDatagram(bytes);
      this.#countDropped();
    } else if (this.#state === 'waiting' || this.#state === 'asked') {
      this.#counters.dropped += this.#waiting.push(bytes);
      if (this.#state === 'asked') this.#sendEarly();
    } else {
      this.#counters.dropped += 1;
    }
  }

  end(code: number, text: string): void {
    this.#channel?.reset(code, text);
    this.#finish();
  }

  onAccept(): void {
    this.#state = 'open';
    this.#counters.waiting -= 1;
    this.#counters.open += 1;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      this.#channel?.sendDatagram(next);
    }
    this.#countDropped();
  }

  onRefuse(_error: unknown, { text }: ChannelReason): void {
    this.#refuse(text);
  }

  onReset(_error: unknown, { code, text }: ChannelReason): void {
    if (code !== REASON.none) this.#counters.lastError = text;
  }

  /** The end that has the target sends datagrams only. */
  onData(): void {
    this.end(REASON.protocol, 'DATA in a flow of datagrams');
  }

  onNote({ error }: JsonObject): void {
    if (typeof error !== 'string') return;
    this.#counters.lastError = error.slice(0, MAX_ERROR_CHARACTERS);
  }

  onEof(): void {
    this.#channel?.end();
    this.#finish();
  }

  onDatagram(bytes: Uint8Array): void {
    this.#counters.bytesIn += bytes.length;
    this.#events.onReply(bytes);
  }

  onClose(): void {
    if (!this.isRefused) this.#finish();
  }

  /** As many as may go before the answer, in order. */
  #sendEarly(): void {
    for (;;) {
      const room = MAX_EARLY_DATA_BYTES - this.#earlyBytes - LENGTH_BYTES;
      const datagram = this.#waiting.shiftWithin(room);
      if (datagram === undefined) return;
      this.#earlyBytes += LENGTH_BYTES + datagram.length;
      this.#channel?.write(encodeEarlyDatagram(datagram));
    }
  }

  #refuse(text: string): void {
    this.#state = 'refused';
    this.#counters.waiting -= 1;
    this.#counters.dropped += this.#waiting.clear();
    this.#counters.refuse(text);
  }

  /** What the mux has dropped since. */
  #countDropped(): void {
    const dropped = this.#channel?.droppedDatagramCount ?? 0;
    this.#counters.dropped += dropped - this.#droppedByMux;
    this.#droppedByMux = dropped;
  }

  #finish(): void {
    if (this.#state === 'over') return;
    if (this.#state === 'open') this.#counters.open -= 1;
    else if (this.#state !== 'refused') this.#counters.waiting -= 1;
    this.#state = 'over';
    this.#countDropped();
    this.#counters.dropped += this.#waiting.clear();
    this.#events.onOver();
  }
}
