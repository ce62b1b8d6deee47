import { EMPTY_BYTES } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { Carrier, CarrierEvents, DatagramPath } from '../link/carrier.ts';
import { canBeHello } from '../wire/hello.ts';
import {
  HANDSHAKE_BYTES,
  HANDSHAKE_TIMEOUT_MS,
  REFUSED,
  REFUSED_AFTER_MS,
} from '../wire/limits.ts';
import type { HelloPayload, RecordKeys } from '../wire/link-crypto.ts';
import { SecureLink, type SecureLinkEvents } from './secure-link.ts';

/** An authentic hello, answered. */
export interface Answered {
  readonly answer: Uint8Array;
  readonly keys: RecordKeys;
  readonly payload: HelloPayload;
}

export interface ServerHandshakeEvents {
  /** Judges a whole hello; `undefined` refuses it. */
  onHello(hello: Uint8Array): Answered | undefined;
  /**
   * An authentic record of the client has arrived: the link has joined. `link` is given its owner within this call;
   * the record is handed to it right after.
   */
  onJoin(link: SecureLink, payload: HelloPayload): void;
  /** The carrier ended before the link joined. */
  onOver(): void;
}

/**
 * One accepted carrier, until its link joins.
 *
 *   hello --- authentic ---> answered --- authentic record ---> joined
 *     |                         |
 *     +-- anything else --> refused or silent --> over <-- 10 s, closed, not authentic
 *
 * Whatever is wrong with a hello, a stranger sees the same eight bytes 50 ms after its last one (PROTOCOL.md section 3).
 */
export class HandshakeServer implements CarrierEvents, SecureLinkEvents {
  readonly #carrier: Carrier;
  readonly #clock: Clock;
  readonly #events: ServerHandshakeEvents;
  readonly #hello: Uint8Array;
  #received = 0;
  #timer: Timer;
  #link: SecureLink | undefined;
  #payload: HelloPayload | undefined;
  #phase: 'hello' | 'refusing' | 'answered' | 'joined' | 'over' = 'hello';

  constructor(carrier: Carrier, clock: Clock, events: ServerHandshakeEvents) {
    this.#carrier = carrier;
    this.#clock = clock;
    this.#events = events;
    this.#hello = new Uint8Array(carrier.kind === 'bytes' ? HANDSHAKE_BYTES.bytes : 0);
    this.#timer = clock.schedule(HANDSHAKE_TIMEOUT_MS, () => this.#refuseSoon());
    carrier.start(this);
  }

  /** True once the hello was found authentic, until the link joins or ends. */
  get isHalfOpen(): boolean {
    return this.#phase === 'answered';
  }

  /** Ends the carrier at once. No event follows. */
  drop(): void {
    if (this.#phase === 'over' || this.#phase === 'joined') return;
    this.#phase = 'over';
    this.#timer.cancel();
    this.#carrier.reset();
  }

  onBytes(bytes: Uint8Array, from?: DatagramPath): void {
    if (this.#phase === 'answered' || this.#phase === 'joined') {
      this.#link?.onBytes(bytes, from);
      return;
    }
    if (this.#phase !== 'hello') return;
    if (this.#carrier.kind === 'datagrams') this.#judge(bytes, EMPTY_BYTES);
    else this.#readHello(bytes);
  }

  #readHello(bytes: Uint8Array): void {
    const part = bytes.subarray(0, this.#hello.length - this.#received);
    this.#hello.set(part, this.#received);
    this.#received += part.length;
    if (!canBeHello(this.#hello.subarray(0, this.#received))) this.#refuseSoon();
    else if (this.#received === this.#hello.length)
      this.#judge(this.#hello, bytes.subarray(part.length));
  }

  onClose(error: EtError | undefined): void {
    if (this.#phase === 'joined') {
      this.#link?.onClose(error);
      return;
    }
    this.#finish();
  }

  /** The first authentic record: from here on the link has an owner, who gets this very record too. */
  onRecord(number: number, plaintext: Uint8Array, sealedBytes: number, from?: DatagramPath): void {
    const link = this.#link;
    const payload = this.#payload;
    if (this.#phase !== 'answered' || link === undefined || payload === undefined) return;
    this.#phase = 'joined';
    this.#timer.cancel();
    this.#events.onJoin(link, payload);
    link.redeliver(number, plaintext, sealedBytes, from);
  }

  #judge(hello: Uint8Array, rest: Uint8Array): void {
    const answered = this.#events.onHello(hello);
    if (answered === undefined) {
      this.#refuseSoon();
      return;
    }
    this.#phase = 'answered';
    this.#timer.cancel();
    this.#timer = this.#clock.schedule(HANDSHAKE_TIMEOUT_MS, () => {
      this.#carrier.reset();
      this.#finish();
    });
    const { keys, payload } = answered;
    this.#payload = payload;
    this.#link = new SecureLink(payload.dialNumber, this.#carrier, keys, 0, payload.padBytes);
    this.#link.attach({ onRecord: this.onRecord.bind(this), onClose: () => this.#finish() });
    this.#carrier.write([answered.answer]);
    if (rest.length > 0) this.#link.onBytes(rest);
  }

  #refuseSoon(): void {
    if (this.#phase !== 'hello') return;
    this.#phase = 'refusing';
    this.#timer.cancel();
    if (this.#carrier.kind === 'datagrams') {
      // Silence, and nothing that is kept for a stranger.
      this.#carrier.reset();
      this.#finish();
      return;
    }
    this.#timer = this.#clock.schedule(REFUSED_AFTER_MS, () => {
      this.#carrier.write([REFUSED.slice()]);
      this.#carrier.close();
      this.#finish();
    });
  }

  #finish(): void {
    if (this.#phase === 'over' || this.#phase === 'joined') return;
    this.#phase = 'over';
    this.#timer.cancel();
    this.#events.onOver();
  }
}
