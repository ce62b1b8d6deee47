import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { concatBytes, strictTextOf, utf8, viewOf } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import { MAX_PORT } from './endpoint.ts';

const TYPE = { ipv4: 0x01, name: 0x03, ipv6: 0x04 } as const;
/** A name's length is one byte. */
export const MAX_SOCKS_NAME_BYTES = 255;

/** What stands where an address and a port should. `end` is the offset of the first byte behind them. */
export type SocksAddress =
  | { readonly kind: 'address'; readonly host: string; readonly port: number; readonly end: number }
  /** The bytes end before the address does. */
  | { readonly kind: 'partial' }
  | { readonly kind: 'unknown-type' }
  /** All there, but no text that could name a host. */
  | { readonly kind: 'bad-name' };

/**
 * Reads an address of SOCKS 5 at the offset `at` (RFC 1928 section 5):
 *
 *   +--------+------------------------------------------------+---------------+
 *   |  type  |  4 bytes, 16 bytes, or a length and a name     |  port u16 BE  |
 *   +--------+------------------------------------------------+---------------+
 *
 * Names are not resolved. An IPv6 address comes without brackets, and one that has an IPv4 address mapped into it stays IPv6.
 */
export function decodeSocksAddress(bytes: Uint8Array, at: number): SocksAddress {
  const type = bytes[at];
  const nameLength = bytes[at + 1];
  if (type === undefined) return { kind: 'partial' };
  if (type === TYPE.ipv4) return withPort(bytes, at + 1, 4, formatIpv4);
  if (type === TYPE.ipv6) return withPort(bytes, at + 1, 16, formatIpv6);
  if (type !== TYPE.name) return { kind: 'unknown-type' };
  if (nameLength === undefined) return { kind: 'partial' };
  return withPort(bytes, at + 2, nameLength, socksNameOf);
}

function withPort(
  bytes: Uint8Array,
  at: number,
  length: number,
  hostOf: (bytes: Uint8Array) => string | undefined,
): SocksAddress {
  const end = at + length + 2;
  if (end > bytes.length) return { kind: 'partial' };
  const host = hostOf(bytes.subarray(at, at + length));
  if (host === undefined) return { kind: 'bad-name' };
  return { kind: 'address', host, port: viewOf(bytes).getUint16(end - 2), end };
}

/** A host's name from the wire; `undefined` unless it is UTF-8 of which every character can be seen, since it ends up in logs. */
export function socksNameOf(bytes: Uint8Array): string | undefined {
  if (bytes.length > MAX_SOCKS_NAME_BYTES) return undefined;
  const name = strictTextOf(bytes);
  return name !== undefined && /^[^\s\p{Cc}\p{Cf}]+$/u.test(name) ? name : undefined;
}

/**
 * Writes an address of SOCKS 5. The zone of an IPv6 address has no place in it and is left out.
 * @throws {EtError} ET_ERR_FORWARD when `host` is empty or a name of more than 255 bytes, or `port` is none
 */
export function encodeSocksAddress(host: string, port: number): Uint8Array {
  const address = addressBytesOf(host);
  if (address !== undefined) {
    const type = address.length === 4 ? TYPE.ipv4 : TYPE.ipv6;
    return concatBytes([Uint8Array.of(type), address, portBytesOf(port)]);
  }
  const name = utf8(host);
  if (name.length === 0 || name.length > MAX_SOCKS_NAME_BYTES) {
    throw new EtError('ET_ERR_FORWARD', `a name of ${name.length} bytes, outside 1..255`);
  }
  return concatBytes([Uint8Array.of(TYPE.name, name.length), name, portBytesOf(port)]);
}

/** The 4 or 16 bytes of an address, or `undefined` when `host` is a name. */
export function addressBytesOf(host: string): Uint8Array | undefined {
  if (isIP(host) === 0) return undefined;
  // ipaddr.js reads the `::1.2.3.4` that operating systems print as `::ffff:1.2.3.4`, which is another address.
  return Uint8Array.from(ipaddr.parse(host.replace(/^::(?=\d+\.)/u, '0:0:0:0:0:0:')).toByteArray());
}

/** @throws {EtError} ET_ERR_FORWARD */
function portBytesOf(port: number): Uint8Array {
  if (!Number.isInteger(port) || port < 0 || port > MAX_PORT) {
    throw new EtError('ET_ERR_FORWARD', `port ${port} outside 0..${MAX_PORT}`);
  }
  return Uint8Array.of(port >> 8, port & 0xff);
}

/** `192.0.2.1`. */
export function formatIpv4(bytes: Uint8Array): string {
  return bytes.join('.');
}

/** `2001:db8::1`, and `::ffff:192.0.2.1` as operating systems print it. */
function formatIpv6(bytes: Uint8Array): string {
  const address = new ipaddr.IPv6([...bytes]);
  return address.isIPv4MappedAddress()
    ? `::ffff:${formatIpv4(bytes.subarray(12))}`
    : address.toRFC5952String();
}
