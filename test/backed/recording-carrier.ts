import { concatBytes } from '../../src/base/bytes.ts';
import type { EtError } from '../../src/base/errors.ts';
import type { Carrier, CarrierEvents } from '../../src/link/carrier.ts';

/** A carrier whose far end is the test. */
export class RecordingCarrier implements Carrier {
  readonly kind: Carrier['kind'];
  readonly label = 'recording';
  readonly localAddress = undefined;
  readonly queuedBytes = 0;
  state: 'open' | 'closed' | 'reset' = 'open';
  #events: CarrierEvents | undefined;
  #writes: Uint8Array[] = [];

  constructor(kind: Carrier['kind'] = 'bytes') {
    this.kind = kind;
  }

  /** Everything written since the last look, one entry per write. */
  takeWrites(): Uint8Array[] {
    const writes = this.#writes;
    this.#writes = [];
    return writes;
  }

  takeWritten(): Uint8Array {
    return concatBytes(this.takeWrites());
  }

  /** Bytes, or one datagram, from the far end. They are gone when this returns. */
  feed(bytes: Uint8Array): void {
    const copy = bytes.slice();
    if (this.state === 'open') this.#events?.onBytes(copy);
    copy.fill(0xee);
  }

  /** The far end closes, or the carrier fails. */
  feedEnd(error?: EtError): void {
    if (this.state !== 'open') return;
    this.state = 'closed';
    this.#events?.onClose(error);
  }

  start(events: CarrierEvents): void {
    this.#events = events;
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.state === 'open') this.#writes.push(concatBytes(pieces));
  }

  close(): void {
    if (this.state === 'open') this.state = 'closed';
  }

  reset(): void {
    if (this.state === 'open') this.state = 'reset';
  }
}
