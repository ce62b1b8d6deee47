import { viewOf } from '../base/bytes.ts';
import { formatIpv4, MAX_SOCKS_NAME_BYTES, socksNameOf } from './socks-address.ts';

/** The longest user id that is taken, in bytes. It is ignored; the bound is what keeps a handshake below 1 KiB. */
export const MAX_USER_ID_BYTES = 512;
const USER_AT = 8;

export type Socks4Request =
  | {
      readonly kind: 'request';
      readonly command: number;
      readonly host: string;
      readonly port: number;
      /** The offset of the first byte behind the request. */
      readonly end: number;
    }
  | { readonly kind: 'partial' }
  | { readonly kind: 'malformed' };

/**
 * Reads a request of SOCKS 4, and of 4a, in which an address 0.0.0.x means that a name follows:
 *
 *   +-----+-----------+---------------+----------------+---------------+--------------+
 *   |  4  |  command  |  port u16 BE  |  IPv4 address  |  user id, 0   |  [name, 0]   |
 *   +-----+-----------+---------------+----------------+---------------+--------------+
 */
export function decodeSocks4Request(bytes: Uint8Array): Socks4Request {
  if (bytes.length < USER_AT) return { kind: 'partial' };
  const view = viewOf(bytes);
  const command = view.getUint8(1);
  const port = view.getUint16(2);
  const userEnd = endOfText(bytes, USER_AT, MAX_USER_ID_BYTES);
  if (typeof userEnd === 'string') return { kind: userEnd };
  const address = view.getUint32(4);
  if (address === 0 || address > 0xff) {
    const host = formatIpv4(bytes.subarray(4, USER_AT));
    return { kind: 'request', command, host, port, end: userEnd + 1 };
  }
  const nameEnd = endOfText(bytes, userEnd + 1, MAX_SOCKS_NAME_BYTES);
  if (typeof nameEnd === 'string') return { kind: nameEnd };
  const host = socksNameOf(bytes.subarray(userEnd + 1, nameEnd));
  if (host === undefined) return { kind: 'malformed' };
  return { kind: 'request', command, host, port, end: nameEnd + 1 };
}

/** The offset of the 0 that ends a text; the text is bounded whether its end has come or not. */
function endOfText(
  bytes: Uint8Array,
  from: number,
  maxBytes: number,
): number | 'partial' | 'malformed' {
  const end = bytes.indexOf(0, from);
  const length = (end < 0 ? bytes.length : end) - from;
  if (length > maxBytes) return 'malformed';
  return end < 0 ? 'partial' : end;
}
