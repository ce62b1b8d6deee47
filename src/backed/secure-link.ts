import { EtError } from '../base/errors.ts';
import { freeBytes } from '../base/free-bytes.ts';
import type { Carrier, CarrierEvents } from '../link/carrier.ts';
import {
  MAX_RECORD_BYTES,
  RECORD_LENGTH_BYTES,
  RECORD_NUMBER_BYTES,
  TAG_BYTES,
} from '../wire/limits.ts';
import type { RecordKeys } from '../wire/link-crypto.ts';

const MAX_SEALED_BYTES = MAX_RECORD_BYTES + TAG_BYTES;
const MIN_SEALED_BYTES = 1 + TAG_BYTES;
/** What a record weighs beyond its plaintext, on either kind of carrier. */
export const RECORD_OVERHEAD_BYTES: number = TAG_BYTES + RECORD_NUMBER_BYTES;

/** What a secure link tells its owner. */
export interface SecureLinkEvents {
  /** An authentic record; `sealedBytes` is what it weighed on the carrier. `plaintext` is valid until the call returns. */
  onRecord(number: number, plaintext: Uint8Array, sealedBytes: number): void;
  /** Once, and nothing after it. */
  onClose(error: EtError | undefined): void;
}

/**
 * A carrier with keys: it seals records and opens them (PROTOCOL.md section 4).
 * A record that does not open ends a byte link; on datagrams it is dropped.
 *
 * Between any two calls: `#partial` holds less than one record, and only on byte carriers.
 */
export class SecureLink implements CarrierEvents {
  /** The dial number: it names the link at both ends. */
  readonly id: number;
  readonly kind: 'bytes' | 'datagrams';
  readonly label: string;
  readonly localAddress: string | undefined;
  /** How long the handshake took, as a first guess at the round trip; 0 where that is not known. */
  readonly handshakeMs: number;
  readonly #carrier: Carrier;
  readonly #keys: RecordKeys;
  #events: SecureLinkEvents | undefined;
  #opened = 0;
  #pieces: Uint8Array[] = [];
  #partial: Uint8Array | undefined;
  #partialBytes = 0;
  #over = false;
  #closedEarly: { readonly error: EtError | undefined } | undefined;

  constructor(id: number, carrier: Carrier, keys: RecordKeys, handshakeMs: number) {
    this.id = id;
    this.kind = carrier.kind;
    this.label = carrier.label;
    this.localAddress = carrier.localAddress;
    this.handshakeMs = handshakeMs;
    this.#carrier = carrier;
    this.#keys = keys;
  }

  get queuedBytes(): number {
    return this.#carrier.queuedBytes;
  }

  /** Attaches the owner. An end that came before is told now. */
  attach(events: SecureLinkEvents): void {
    this.#events = events;
    if (this.#closedEarly !== undefined) events.onClose(this.#closedEarly.error);
  }

  /** Hands the owner a record that a former owner has opened: the first one, which makes a link join. */
  redeliver(number: number, plaintext: Uint8Array, sealedBytes: number): void {
    if (!this.#over) this.#events?.onRecord(number, plaintext, sealedBytes);
  }

  /** Seals a record; it leaves with the next `flush`. */
  seal(number: number, plaintext: Uint8Array): void {
    const head = new Uint8Array(this.kind === 'bytes' ? RECORD_LENGTH_BYTES : RECORD_NUMBER_BYTES);
    if (this.kind === 'bytes') {
      const length = plaintext.length + TAG_BYTES;
      head[0] = length >> 8;
      head[1] = length & 0xff;
    } else {
      for (let i = 0; i < 4; i += 1) head[i] = (number >>> (24 - 8 * i)) & 0xff;
    }
    this.#pieces.push(head);
    this.#keys.sealer.seal(number, plaintext, this.#pieces);
    if (this.kind === 'datagrams') this.flush();
  }

  /** Hands the sealed records to the carrier. */
  flush(): void {
    if (this.#pieces.length === 0) return;
    const pieces = this.#pieces;
    this.#pieces = [];
    if (!this.#over) this.#carrier.write(pieces);
  }

  /** Lets what was sealed go out, then ends the carrier. No event follows. */
  close(): void {
    if (this.#over) return;
    this.flush();
    this.#over = true;
    this.#carrier.close();
  }

  /** Ends the carrier at once. No event follows. */
  reset(): void {
    if (this.#over) return;
    this.#over = true;
    this.#carrier.reset();
  }

  onBytes(bytes: Uint8Array): void {
    if (this.#over) return;
    if (this.kind === 'datagrams') this.#openDatagram(bytes);
    else this.#openRecords(bytes);
  }

  onClose(error: EtError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#events === undefined) this.#closedEarly = { error };
    else this.#events.onClose(error);
  }

  #openDatagram(datagram: Uint8Array): void {
    if (datagram.length < RECORD_NUMBER_BYTES + MIN_SEALED_BYTES) return;
    let number = 0;
    for (let i = 0; i < RECORD_NUMBER_BYTES; i += 1)
      number = number * 256 + (datagram[i] as number);
    const plaintext = this.#keys.opener.open(number, datagram.subarray(RECORD_NUMBER_BYTES));
    if (plaintext !== undefined) this.#events?.onRecord(number, plaintext, datagram.length);
  }

  #openRecords(bytes: Uint8Array): void {
    let at = this.#partialBytes === 0 ? 0 : this.#completePartial(bytes);
    while (!this.#over && at + RECORD_LENGTH_BYTES <= bytes.length) {
      const length = this.#checkedLength(bytes[at] as number, bytes[at + 1] as number);
      const end = at + RECORD_LENGTH_BYTES + length;
      if (length === 0 || end > bytes.length) break;
      this.#openRecord(bytes.subarray(at + RECORD_LENGTH_BYTES, end));
      at = end;
    }
    if (!this.#over && at < bytes.length) this.#keepPartial(bytes.subarray(at));
  }

  /** Fills up the record that the last bytes began; returns how many bytes it took. */
  #completePartial(bytes: Uint8Array): number {
    const partial = this.#partial as Uint8Array;
    let at = 0;
    while (this.#partialBytes < RECORD_LENGTH_BYTES && at < bytes.length) {
      partial[this.#partialBytes] = bytes[at] as number;
      this.#partialBytes += 1;
      at += 1;
    }
    if (this.#partialBytes < RECORD_LENGTH_BYTES) return at;
    const length = this.#checkedLength(partial[0] as number, partial[1] as number);
    if (length === 0) return bytes.length;
    const missing = RECORD_LENGTH_BYTES + length - this.#partialBytes;
    const part = bytes.subarray(at, at + missing);
    partial.set(part, this.#partialBytes);
    this.#partialBytes += part.length;
    if (part.length < missing) return bytes.length;
    this.#partialBytes = 0;
    this.#openRecord(partial.subarray(RECORD_LENGTH_BYTES, RECORD_LENGTH_BYTES + length));
    return at + part.length;
  }

  #keepPartial(rest: Uint8Array): void {
    this.#partial ??= new Uint8Array(RECORD_LENGTH_BYTES + MAX_SEALED_BYTES);
    this.#partial.set(rest, this.#partialBytes);
    this.#partialBytes += rest.length;
  }

  /** Checked before any of the record is awaited; 0 when it ended the link. */
  #checkedLength(high: number, low: number): number {
    const length = high * 256 + low;
    if (length >= MIN_SEALED_BYTES && length <= MAX_SEALED_BYTES) return length;
    this.#fail(
      new EtError(
        'ET_ERR_RECORD_SIZE',
        `record of ${length} bytes outside ${MIN_SEALED_BYTES}..${MAX_SEALED_BYTES}`,
      ),
    );
    return 0;
  }

  #openRecord(sealed: Uint8Array): void {
    const number = this.#opened;
    const plaintext = this.#keys.opener.open(number, sealed);
    if (plaintext === undefined) {
      this.#fail(new EtError('ET_ERR_RECORD_SEAL', `record ${number} is not authentic`));
      return;
    }
    this.#opened += 1;
    const sealedBytes = RECORD_LENGTH_BYTES + sealed.length;
    this.#events?.onRecord(number, plaintext, sealedBytes);
    freeBytes(plaintext);
  }

  #fail(error: EtError): void {
    if (this.#over) return;
    this.#over = true;
    this.#carrier.reset();
    this.#events?.onClose(error);
  }
}
