import type { Clock, Timer } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { Carrier, CarrierEvents, DatagramPath } from '../link/carrier.ts';
import { HANDSHAKE_TIMEOUT_MS } from '../wire/limits.ts';
import type { ClientHandshake, HelloPayload } from '../wire/link-crypto.ts';
import type { ClientHandshakeEvents } from './handshake-client.ts';
import { SecureLink } from './secure-link.ts';

/**
 * When each hello is sent, in milliseconds after the first. As many as a server has half open at a time (PROTOCOL.md section 3): one more
 * would end the oldest, whose answer may be on its way. Longer and longer apart, as whoever is far away answers late.
 */
const HELLO_AT_MS: readonly number[] = [0, 250, 500, 1000, 2000, 3500, 5500, 8000];

/** Each may cost a Diffie-Hellman for each hello: beyond this many somebody sends rubbish, and another road has to do. */
const MAX_ANSWERS = 256;

/** One hello, and what reads its answer. */
export interface StartedHello {
  readonly handshake: ClientHandshake;
  readonly payload: HelloPayload;
}

interface SentHello extends StartedHello {
  readonly sentMs: number;
}

/**
 * Sends hellos over a carrier that loses some, each with a number and a key of its own, until one is answered.
 *
 *   asking --- answer to any of them ---> linked     (the carrier's datagrams go to the link)
 *      |
 *      +------ closed, 10 s, cancelled ---> failed
 *
 * Anybody may send a datagram: what is no answer is not there. Of several answers the first counts; what the server has ready for the
 * other hellos it forgets after 10 s.
 */
export class DatagramHandshake implements CarrierEvents {
  readonly #carrier: Carrier;
  readonly #nextHello: () => StartedHello;
  readonly #clock: Clock;
  readonly #events: ClientHandshakeEvents;
  readonly #startedMs: number;
  readonly #timeout: Timer;
  readonly #sent: SentHello[] = [];
  #again: Timer | undefined;
  #answers = 0;
  #link: SecureLink | undefined;
  #isOver = false;

  constructor(
    carrier: Carrier,
    nextHello: () => StartedHello,
    clock: Clock,
    events: ClientHandshakeEvents,
    timeoutMs: number = HANDSHAKE_TIMEOUT_MS,
  ) {
    this.#carrier = carrier;
    this.#nextHello = nextHello;
    this.#clock = clock;
    this.#events = events;
    this.#startedMs = clock.now();
    this.#timeout = clock.schedule(timeoutMs, () => {
      const text = `${carrier.label}: no answer to ${this.#sent.length} hellos for ${timeoutMs / 1000} s`;
      this.#fail(new EtError('ET_ERR_LINK_TIMEOUT', text));
    });
    carrier.start(this);
    this.#ask();
  }

  /** The carrier's. */
  get label(): string {
    return this.#carrier.label;
  }

  /** Gives the attempt up. No event follows. */
  cancel(): void {
    if (this.#isOver) return;
    this.#end();
    this.#carrier.reset();
  }

  onBytes(datagram: Uint8Array, from?: DatagramPath): void {
    if (this.#link !== undefined) this.#link.onBytes(datagram, from);
    else if (!this.#isOver) this.#read(datagram);
  }

  onClose(error: EtError | undefined): void {
    if (this.#link !== undefined) this.#link.onClose(error);
    else
      this.#fail(
        error ??
          new EtError('ET_ERR_HANDSHAKE', `${this.#carrier.label}: closed during the handshake`),
      );
  }

  #ask(): void {
    const hello = this.#nextHello();
    this.#sent.push({ ...hello, sentMs: this.#clock.now() });
    const nextAtMs = HELLO_AT_MS[this.#sent.length];
    this.#again =
      nextAtMs === undefined
        ? undefined
        : this.#clock.schedule(this.#startedMs + nextAtMs - this.#clock.now(), () => this.#ask());
    this.#carrier.write([hello.handshake.hello]);
  }

  #read(datagram: Uint8Array): void {
    this.#answers += 1;
    if (this.#answers > MAX_ANSWERS) return;
    for (const { handshake, payload, sentMs } of this.#sent) {
      const result = handshake.finish(datagram);
      if (result === undefined) continue;
      this.#end();
      const tookMs = this.#clock.now() - sentMs;
      const { dialNumber, padBytes } = payload;
      this.#link = new SecureLink(dialNumber, this.#carrier, result.keys, tookMs, padBytes);
      this.#events.onLink(this.#link, result.root);
      return;
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#timeout.cancel();
    this.#again?.cancel();
    this.#sent.length = 0;
  }

  #fail(error: EtError): void {
    if (this.#isOver) return;
    this.#end();
    this.#carrier.reset();
    this.#events.onFail(error);
  }
}
