import { LINK_ID_BITS, LINK_ID_BYTES } from './limits.ts';

/** Whether a datagram begins with a link id, as every record does (PROTOCOL.md section 4). */
export function hasLinkId(datagram: Uint8Array): boolean {
  return datagram.length >= LINK_ID_BYTES && ((datagram[0] ?? 0) & LINK_ID_BITS) === LINK_ID_BITS;
}

/** The link id that `datagram` begins with, as the key of a map. */
export function linkIdKey(datagram: Uint8Array): string {
  let key = '';
  for (let i = 0; i < LINK_ID_BYTES; i += 1) key += String.fromCharCode(datagram[i] ?? 0);
  return key;
}
