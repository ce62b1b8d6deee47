import type { Clock, Timer } from '../base/clock.ts';
import { EtError } from '../base/errors.ts';
import type { Carrier, CarrierEvents } from '../link/carrier.ts';
import { isRefused } from '../wire/hello.ts';
import { HANDSHAKE_BYTES, HANDSHAKE_TIMEOUT_MS, REFUSED } from '../wire/limits.ts';
import type { ClientHandshake } from '../wire/link-crypto.ts';
import { SecureLink } from './secure-link.ts';

type HandshakeResult = NonNullable<ReturnType<ClientHandshake['finish']>>;

export interface ClientHandshakeEvents {
  /** The link is ready to send; `root` came when the hello was under the passkey. */
  onLink(link: SecureLink, root: Uint8Array | undefined): void;
  /** The carrier has been ended. */
  onFail(error: EtError): void;
}

/**
 * Sends the hello over a byte carrier and awaits the answer.
 *
 *   waiting --- answer ---> linked     (the carrier's bytes go to the link)
 *      |
 *      +------ refused, not authentic, closed, 10 s, cancelled ---> failed
 *
 * Before 8 bytes are there nothing is decided: they may be a refusal (PROTOCOL.md section 3).
 */
export class HandshakeClient implements CarrierEvents {
  readonly #carrier: Carrier;
  readonly #handshake: ClientHandshake;
  readonly #dialNumber: number;
  readonly #clock: Clock;
  readonly #events: ClientHandshakeEvents;
  readonly #startedMs: number;
  readonly #timer: Timer;
  readonly #answer: Uint8Array;
  #received = 0;
  #link: SecureLink | undefined;
  #over = false;

  constructor(
    carrier: Carrier,
    handshake: ClientHandshake,
    dialNumber: number,
    clock: Clock,
    events: ClientHandshakeEvents,
    timeoutMs: number = HANDSHAKE_TIMEOUT_MS,
  ) {
    this.#carrier = carrier;
    this.#handshake = handshake;
    this.#dialNumber = dialNumber;
    this.#clock = clock;
    this.#events = events;
    this.#startedMs = clock.now();
    this.#answer = new Uint8Array(HANDSHAKE_BYTES.bytes);
    this.#timer = clock.schedule(timeoutMs, () => {
      this.#fail(
        new EtError(
          'ET_ERR_LINK_TIMEOUT',
          `${carrier.label}: no answer to the hello for ${timeoutMs / 1000} s`,
        ),
      );
    });
    carrier.start(this);
    carrier.write([handshake.hello]);
  }

  /** The carrier's. */
  get label(): string {
    return this.#carrier.label;
  }

  /** Gives the attempt up. No event follows. */
  cancel(): void {
    if (this.#over) return;
    this.#end();
    this.#carrier.reset();
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#link !== undefined) {
      this.#link.onBytes(bytes);
      return;
    }
    if (this.#over) return;
    const part = bytes.subarray(0, this.#answer.length - this.#received);
    this.#answer.set(part, this.#received);
    this.#received += part.length;
    if (this.#received >= REFUSED.length && isRefused(this.#answer.subarray(0, REFUSED.length))) {
      this.#fail(
        new EtError('ET_ERR_LINK_REFUSED', `${this.#carrier.label}: the server refused the hello`),
      );
      return;
    }
    if (this.#received === this.#answer.length) this.#finish(bytes.subarray(part.length));
  }

  onClose(error: EtError | undefined): void {
    if (this.#link !== undefined) this.#link.onClose(error);
    else
      this.#fail(
        error ??
          new EtError('ET_ERR_HANDSHAKE', `${this.#carrier.label}: closed during the handshake`),
      );
  }

  #finish(rest: Uint8Array): void {
    const result = this.#handshake.finish(this.#answer);
    if (result === undefined) {
      this.#fail(
        new EtError(
          'ET_ERR_HANDSHAKE',
          `${this.#carrier.label}: the server's answer is not authentic`,
        ),
      );
      return;
    }
    this.#linkUp(result, rest);
  }

  #linkUp({ keys, root }: HandshakeResult, rest: Uint8Array): void {
    this.#end();
    const tookMs = this.#clock.now() - this.#startedMs;
    this.#link = new SecureLink(this.#dialNumber, this.#carrier, keys, tookMs);
    this.#events.onLink(this.#link, root);
    if (rest.length > 0) this.#link.onBytes(rest);
  }

  #end(): void {
    this.#over = true;
    this.#timer.cancel();
  }

  #fail(error: EtError): void {
    if (this.#over) return;
    this.#end();
    this.#carrier.reset();
    this.#events.onFail(error);
  }
}
