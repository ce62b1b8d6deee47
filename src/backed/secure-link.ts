import { concatBytes } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import { freeBytes } from '../base/free-bytes.ts';
import type { Carrier, CarrierEvents, CarrierPaths, DatagramPath } from '../link/carrier.ts';
import {
  HANDSHAKE_BYTES,
  LINK_ID_BYTES,
  MAX_RECORD_BYTES,
  RECORD_LENGTH_BYTES,
  RECORD_NUMBER_BYTES,
  TAG_BYTES,
} from '../wire/limits.ts';
import type { RecordKeys } from '../wire/link-crypto.ts';

const MAX_SEALED_BYTES = MAX_RECORD_BYTES + TAG_BYTES;
const MIN_SEALED_BYTES = 1 + TAG_BYTES;
const DATAGRAM_HEAD_BYTES: number = LINK_ID_BYTES + RECORD_NUMBER_BYTES;
/** What a record weighs beyond its plaintext. */
export const RECORD_OVERHEAD_BYTES: Readonly<Record<Carrier['kind'], number>> = {
  bytes: RECORD_LENGTH_BYTES + TAG_BYTES,
  datagrams: DATAGRAM_HEAD_BYTES + TAG_BYTES,
} as const;

/** What a secure link tells its owner. */
export interface SecureLinkEvents {
  /**
   * An authentic record; `sealedBytes` is what it weighed on the carrier, `from` the way it came where the carrier has several.
   * `plaintext` is valid until the call returns.
   */
  onRecord(number: number, plaintext: Uint8Array, sealedBytes: number, from?: DatagramPath): void;
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
  /** On datagrams: the length that every one of them is to have, in bytes. */
  readonly padBytes: number | undefined;
  readonly #carrier: Carrier;
  readonly #keys: RecordKeys;
  #events: SecureLinkEvents | undefined;
  #opened = 0;
  #pieces: Uint8Array[] = [];
  #partial: Uint8Array | undefined;
  #partialBytes = 0;
  #over = false;
  #closedEarly: { readonly error: EtError | undefined } | undefined;

  constructor(
    id: number,
    carrier: Carrier,
    keys: RecordKeys,
    handshakeMs: number,
    padBytes?: number,
  ) {
    this.id = id;
    this.kind = carrier.kind;
    this.label = carrier.label;
    this.localAddress = carrier.localAddress;
    this.handshakeMs = handshakeMs;
    this.padBytes = padBytes;
    this.#carrier = carrier;
    this.#keys = keys;
    carrier.identify?.(keys.linkId);
  }

  /** Where the carrier's peer may move. */
  get paths(): CarrierPaths | undefined {
    return this.#carrier.paths;
  }

  /** On datagrams: the largest record worth trying, sealed and with its head. */
  get maxDatagramBytes(): number {
    return this.#carrier.maxDatagramBytes ?? HANDSHAKE_BYTES.datagrams;
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
  redeliver(
    number: number,
    plaintext: Uint8Array,
    sealedBytes: number,
    from: DatagramPath | undefined,
  ): void {
    if (!this.#over) this.#events?.onRecord(number, plaintext, sealedBytes, from);
  }

  /** Seals a record; it leaves with the next `flush`, and on datagrams at once. */
  seal(number: number, plaintext: Uint8Array): void {
    if (this.kind === 'datagrams') {
      this.#pieces.push(this.#headOf(number));
      this.#keys.sealer.seal(number, plaintext, this.#pieces);
      this.flush();
      return;
    }
    const length = plaintext.length + TAG_BYTES;
    this.#pieces.push(Uint8Array.of(length >> 8, length & 0xff));
    this.#keys.sealer.seal(number, plaintext, this.#pieces);
  }

  /** Seals a record and sends it each of these ways, and no other. */
  sealTo(paths: readonly DatagramPath[], number: number, plaintext: Uint8Array): void {
    const pieces = [this.#headOf(number)];
    this.#keys.sealer.seal(number, plaintext, pieces);
    const datagram = concatBytes(pieces);
    if (!this.#over) for (const path of paths) this.paths?.sendTo(path, datagram);
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

  onBytes(bytes: Uint8Array, from?: DatagramPath): void {
    if (this.#over) return;
    if (this.kind === 'datagrams') this.#openDatagram(bytes, from);
    else this.#openRecords(bytes);
  }

  onClose(error: EtError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    if (this.#events === undefined) this.#closedEarly = { error };
    else this.#events.onClose(error);
  }

  #openDatagram(datagram: Uint8Array, from: DatagramPath | undefined): void {
    if (datagram.length < DATAGRAM_HEAD_BYTES + MIN_SEALED_BYTES) return;
    const { linkId } = this.#keys;
    for (let i = 0; i < LINK_ID_BYTES; i += 1) if (datagram[i] !== linkId[i]) return;
    let number = 0;
    for (let i = LINK_ID_BYTES; i < DATAGRAM_HEAD_BYTES; i += 1)
      number = number * 256 + (datagram[i] as number);
    const plaintext = this.#keys.opener.open(number, datagram.subarray(DATAGRAM_HEAD_BYTES));
    if (plaintext === undefined) return;
    this.#events?.onRecord(number, plaintext, datagram.length, from);
    freeBytes(plaintext);
  }

  #headOf(number: number): Uint8Array {
    const head = new Uint8Array(DATAGRAM_HEAD_BYTES);
    head.set(this.#keys.linkId);
    for (let i = 0; i < RECORD_NUMBER_BYTES; i += 1)
      head[LINK_ID_BYTES + i] = (number >>> (24 - 8 * i)) & 0xff;
    return head;
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
