import type { Carrier, CarrierEvents } from '../../src/link/carrier.ts';

export interface CarrierTap {
  onWrite(pieces: readonly Uint8Array[]): void;
  /** May change what arrives; bytes stay valid until the call returns. */
  onArrive(bytes: Uint8Array): Uint8Array;
  /** This end has ended, whoever ended it. Once. */
  onOver(): void;
}

/** One end of a simulated carrier, watched and tampered with. */
export class TappedCarrier implements Carrier {
  readonly #inner: Carrier;
  readonly #tap: CarrierTap;
  #isOver = false;

  constructor(inner: Carrier, tap: CarrierTap) {
    this.#inner = inner;
    this.#tap = tap;
  }

  get kind(): Carrier['kind'] {
    return this.#inner.kind;
  }

  get label(): string {
    return this.#inner.label;
  }

  get localAddress(): string | undefined {
    return this.#inner.localAddress;
  }

  get queuedBytes(): number {
    return this.#inner.queuedBytes;
  }

  start(events: CarrierEvents): void {
    this.#inner.start({
      onBytes: (bytes) => events.onBytes(this.#tap.onArrive(bytes)),
      onClose: (error) => {
        this.#end();
        events.onClose(error);
      },
    });
  }

  write(pieces: readonly Uint8Array[]): void {
    this.#tap.onWrite(pieces);
    this.#inner.write(pieces);
  }

  close(): void {
    this.#end();
    this.#inner.close();
  }

  reset(): void {
    this.#end();
    this.#inner.reset();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#tap.onOver();
  }
}
