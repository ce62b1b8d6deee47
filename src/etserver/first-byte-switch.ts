import type { Clock, Timer } from '../base/clock.ts';
import type { EtError } from '../base/errors.ts';
import type { Carrier, CarrierEvents } from '../link/carrier.ts';

/** A carrier that says nothing for this long is dropped. */
const FIRST_BYTE_MS = 10_000;
const OPEN_BRACE = 0x7b;

export interface SwitchTargets {
  /** A link's hello begins. */
  onLink(carrier: Carrier): void;
  /** A line of JSON begins: a question from the same user. */
  onQuestion(carrier: Carrier): void;
}

/** Tells by a carrier's first byte what it is for, and hands it on with that byte still to come. */
export function switchByFirstByte(carrier: Carrier, clock: Clock, targets: SwitchTargets): void {
  const waiting = new FirstByte(carrier, clock, targets);
  carrier.start(waiting);
}

/** Stands between a started carrier and whoever starts it again. */
class FirstByte implements CarrierEvents, Carrier {
  readonly #carrier: Carrier;
  readonly #targets: SwitchTargets;
  readonly #timer: Timer;
  #events: CarrierEvents | undefined;

  constructor(carrier: Carrier, clock: Clock, targets: SwitchTargets) {
    this.#carrier = carrier;
    this.#targets = targets;
    this.#timer = clock.schedule(FIRST_BYTE_MS, () => carrier.reset());
  }

  get kind(): Carrier['kind'] {
    return this.#carrier.kind;
  }

  get label(): string {
    return this.#carrier.label;
  }

  get localAddress(): string | undefined {
    return this.#carrier.localAddress;
  }

  get queuedBytes(): number {
    return this.#carrier.queuedBytes;
  }

  start(events: CarrierEvents): void {
    this.#events = events;
  }

  write(pieces: readonly Uint8Array[]): void {
    this.#carrier.write(pieces);
  }

  close(): void {
    this.#carrier.close();
  }

  reset(): void {
    this.#carrier.reset();
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#events === undefined) {
      this.#timer.cancel();
      if (bytes[0] === OPEN_BRACE) this.#targets.onQuestion(this);
      else this.#targets.onLink(this);
    }
    this.#events?.onBytes(bytes);
  }

  onClose(error: EtError | undefined): void {
    this.#timer.cancel();
    this.#events?.onClose(error);
  }
}
