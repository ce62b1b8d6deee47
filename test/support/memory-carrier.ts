import type { Clock } from '../../src/base/clock.ts';
import { EtError } from '../../src/base/errors.ts';
import type { Carrier, CarrierEvents } from '../../src/link/carrier.ts';

/** What an end of a memory pair needs of the direction that leaves it. */
export interface MemorySender {
  readonly queuedBytes: number;
  send(pieces: readonly Uint8Array[]): void;
  /** The end after everything sent so far. */
  sendEnd(): void;
  /** Drops what has not left, and tells the other end at once after what has. */
  sendReset(): void;
}

/** One end of a memory pair: the states of a carrier, without any transport. */
export class MemoryCarrier implements Carrier {
  readonly kind: 'bytes' | 'datagrams';
  readonly label: string;
  readonly localAddress: string | undefined;
  readonly maxDatagramBytes: number | undefined;
  readonly #clock: Clock;
  readonly #sender: MemorySender;
  readonly #onStart: () => void;
  #state: 'open' | 'closing' | 'over' = 'open';
  #events: CarrierEvents | undefined;
  #untold: { readonly error: EtError | undefined } | undefined;

  constructor(
    clock: Clock,
    identity: Pick<Carrier, 'kind' | 'label' | 'localAddress' | 'maxDatagramBytes'>,
    sender: MemorySender,
    onStart: () => void,
  ) {
    this.#clock = clock;
    this.kind = identity.kind;
    this.label = identity.label;
    this.localAddress = identity.localAddress;
    this.maxDatagramBytes = identity.maxDatagramBytes;
    this.#sender = sender;
    this.#onStart = onStart;
  }

  get queuedBytes(): number {
    return this.#state === 'over' ? 0 : this.#sender.queuedBytes;
  }

  /** Whether arriving bytes may leave the wire: they wait for `start`, and a closed end throws them away. */
  get isTaking(): boolean {
    return this.#state !== 'open' || this.#events !== undefined;
  }

  start(events: CarrierEvents): void {
    if (this.#untold !== undefined) {
      this.#clock.defer(() => this.#tell(events));
      return;
    }
    if (this.#state !== 'open') return;
    this.#events = events;
    this.#onStart();
  }

  write(pieces: readonly Uint8Array[]): void {
    if (this.#state === 'open') this.#sender.send(pieces);
  }

  close(): void {
    this.#untold = undefined;
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#events = undefined;
    this.#sender.sendEnd();
    this.#onStart();
  }

  reset(): void {
    this.#untold = undefined;
    this.#events = undefined;
    if (this.#state === 'over') return;
    this.#state = 'over';
    this.#sender.sendReset();
    this.#onStart();
  }

  /** Bytes or a datagram from the wire. */
  deliver(bytes: Uint8Array): void {
    this.#events?.onBytes(bytes);
  }

  /** The end, from the wire; `failure` says why unless it was orderly. */
  deliverEnd(failure: string | undefined): void {
    const wasOpen = this.#state === 'open';
    if (this.#state !== 'over') this.#sender.sendReset();
    this.#state = 'over';
    if (!wasOpen) return;
    const isOrderly = failure === undefined;
    this.#untold = {
      error: isOrderly ? undefined : new EtError('ET_ERR_CARRIER', `${this.label}: ${failure}`),
    };
    if (this.#events !== undefined) this.#tell(this.#events);
  }

  #tell(events: CarrierEvents): void {
    const untold = this.#untold;
    this.#untold = undefined;
    this.#events = undefined;
    if (untold !== undefined) events.onClose(untold.error);
  }
}

/**
 * Where bytes lie while they are passed up, whichever pair they belong to; overwritten as soon as the
 * receiver returns, so that nobody may keep them. Deliveries never nest: each is a timer of its own.
 */
export const DELIVERY_BUFFER: Uint8Array = new Uint8Array(64 * 1024);
const SCRIBBLE = 0xee;

/** Passes up the first `length` bytes of the delivery buffer. */
export function deliverFromBuffer(receiver: MemoryCarrier, length: number): void {
  receiver.deliver(DELIVERY_BUFFER.subarray(0, length));
  DELIVERY_BUFFER.fill(SCRIBBLE, 0, length);
}
