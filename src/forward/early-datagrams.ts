import { concatBytes, copyOf, EMPTY_BYTES, viewOf } from '../base/bytes.ts';
import { MAX_EARLY_DATA_BYTES } from '../wire/limits.ts';

const LENGTH_BYTES = 2;

/**
 * A datagram as it stands in the DATA that goes before ACCEPT (PROTOCOL.md section 8, udp):
 *
 *   +-----------------+--------------------------- - -
 *   |  length u16 BE  |  datagram, `length` bytes
 *   +-----------------+--------------------------- - -
 */
export function encodeEarlyDatagram(datagram: Uint8Array): Uint8Array {
  const { length } = datagram;
  return concatBytes([Uint8Array.of(length >> 8, length & 0xff), datagram]);
}

/**
 * Cuts early data into datagrams, however it arrives.
 *
 * Between any two calls: `#held` is less than one datagram with its length, and both fit into what may come in all.
 */
export class EarlyDatagrams {
  #held: Uint8Array = EMPTY_BYTES;
  #total = 0;

  /**
   * The datagrams that are whole now, perhaps none; parts of `bytes`, or copies. `undefined` when there is more than may be, or
   * a length announces it: the peer breaks the rules.
   */
  push(bytes: Uint8Array): readonly Uint8Array[] | undefined {
    this.#total += bytes.length;
    const datagrams: Uint8Array[] = [];
    let held = this.#held.length === 0 ? bytes : concatBytes([this.#held, bytes]);
    while (held.length >= LENGTH_BYTES) {
      const end = LENGTH_BYTES + viewOf(held).getUint16(0);
      // Before the body is awaited: a length that nothing can fulfil would be waited for until the flow is idle.
      if (this.#total - held.length + end > MAX_EARLY_DATA_BYTES) return undefined;
      if (held.length < end) break;
      datagrams.push(held.subarray(LENGTH_BYTES, end));
      held = held.subarray(end);
    }
    this.#held = copyOf(held);
    return this.#total > MAX_EARLY_DATA_BYTES ? undefined : datagrams;
  }
}
