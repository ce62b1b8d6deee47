import { concatBytes } from '../base/bytes.ts';
import { decodeSocksAddress, encodeSocksAddress } from './socks-address.ts';

/** A datagram between a SOCKS client and its relay: where it goes, or where it came from. */
export interface SocksDatagram {
  readonly host: string;
  readonly port: number;
  readonly payload: Uint8Array;
}

/** Two reserved bytes and the number of the fragment. */
const HEAD_BYTES = 3;

/**
 * Reads what a client sends to its relay (RFC 1928 section 7):
 *
 *   +----------------+-------------+-----------------------+----------- - -
 *   |  reserved u16  |  fragment   |  address and port     |  payload
 *   +----------------+-------------+-----------------------+----------- - -
 *
 * `undefined` for what is to be dropped: a fragment (joining them is optional, and nobody sends any), what is malformed, and a port
 * 0, to which nothing can be sent. `payload` is a part of `bytes`, not a copy, and may be empty.
 */
export function decodeSocksDatagram(bytes: Uint8Array): SocksDatagram | undefined {
  if (bytes[2] !== 0) return undefined;
  const address = decodeSocksAddress(bytes, HEAD_BYTES);
  if (address.kind !== 'address' || address.port === 0) return undefined;
  return { host: address.host, port: address.port, payload: bytes.subarray(address.end) };
}

/**
 * What a relay sends to its client: `payload`, which came from `host`, an address or a name.
 * @throws {EtError} ET_ERR_FORWARD when `host` is empty or a name of more than 255 bytes, or `port` is none
 */
export function encodeSocksDatagram(host: string, port: number, payload: Uint8Array): Uint8Array {
  return concatBytes([new Uint8Array(HEAD_BYTES), encodeSocksAddress(host, port), payload]);
}
