import { invariant } from '../base/invariant.ts';
import { MAX_RECORDS_PER_LINK } from '../wire/limits.ts';

/** `00 00 00 00 || number, 8 bytes little-endian`, of which the upper four are always 0; kept, and filled anew for each record. */
export class RecordNonce {
  readonly #bytes = new Uint8Array(12);

  /** The nonce of record `number`: the same memory each time. */
  of(number: number): Uint8Array {
    invariant(number >= 0 && number < MAX_RECORDS_PER_LINK, 'a record number is below 2^32');
    const bytes = this.#bytes;
    bytes[4] = number;
    bytes[5] = number >>> 8;
    bytes[6] = number >>> 16;
    bytes[7] = number >>> 24;
    return bytes;
  }
}
