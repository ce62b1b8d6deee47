import { ipFamily } from '../link/ip-family.ts';

/** The addresses whose first `bits` bits are those of `bytes`, 4 of them for IPv4 and 16 for IPv6. One address is a range of 32 or 128 bits. */
export interface AddressRange {
  readonly bytes: readonly number[];
  readonly bits: number;
}

const ZEROS_12 = Array.from({ length: 12 }, () => 0);
const ZEROS_16 = [...ZEROS_12, 0, 0, 0, 0];
/** `::ffff:0:0/96`: how a dual-stack socket writes an IPv4 address. */
const MAPPED_IPV4: AddressRange = { bytes: [...ZEROS_12.slice(2), 255, 255, 0, 0, 0, 0], bits: 96 };

/** Ranges that a translator of the network sends on to the IPv4 address in their last 4 bytes. */
const TRANSLATED_TO_IPV4: readonly AddressRange[] = [
  // 64:ff9b::/96, RFC 6052.
  { bytes: [0, 0x64, 0xff, 0x9b, ...ZEROS_12], bits: 96 },
  // 64:ff9b:1::/48, RFC 8215; a translator's own prefix within it is of 96 bits as a rule.
  { bytes: [0, 0x64, 0xff, 0x9b, 0, 1, ...ZEROS_12.slice(2)], bits: 48 },
  // ::ffff:0:0:0/96, RFC 2765.
  { bytes: [...ZEROS_12.slice(4), 255, 255, ...ZEROS_12.slice(6)], bits: 96 },
];

export const ALL_IPV4: AddressRange = { bytes: [0, 0, 0, 0], bits: 0 };
export const ALL_IPV6: AddressRange = { bytes: ZEROS_16, bits: 0 };
/** Linux answers to all of 127.0.0.0/8. */
export const LOOPBACKS: readonly AddressRange[] = [
  { bytes: [127, 0, 0, 0], bits: 8 },
  { bytes: [...ZEROS_12, 0, 0, 0, 1], bits: 128 },
];

/**
 * The address that `text` spells, without its `%interface`; `undefined` where it is none. `::ffff:a.b.c.d` is a.b.c.d. IPv4 has one
 * spelling here, `a.b.c.d`: `127.1` and `0x7f000001` are names, which a resolver makes addresses of.
 */
export function parseAddress(text: string): AddressRange | undefined {
  const [plain = '', zone] = text.split('%', 2);
  const family = ipFamily(plain);
  if (family === 0 || (family === 4 && zone !== undefined)) return undefined;
  const bytes = family === 4 ? ipv4Bytes(plain) : ipv6Bytes(plain);
  return unmapped({ bytes, bits: bytes.length * 8 });
}

/** `text` as a socket of one family wants it: `::ffff:a.b.c.d`, however it is written, is `a.b.c.d` for a socket of IPv4. */
export function addressForSocket(text: string): string {
  const address = parseAddress(text);
  return address?.bytes.length === 4 ? address.bytes.join('.') : text;
}

/** `10.0.0.0/8`, `2001:db8::/32` or one address; `undefined` where it is none, or where bits behind the prefix are set. */
export function parseRange(text: string): AddressRange | undefined {
  const [, plain = '', length] = /^([0-9a-f.:]+)(?:\/(0|[1-9]\d{0,2}))?$/iu.exec(text) ?? [];
  const family = ipFamily(plain);
  if (family === 0) return undefined;
  const bytes = family === 4 ? ipv4Bytes(plain) : ipv6Bytes(plain);
  const bits = length === undefined ? bytes.length * 8 : Number(length);
  if (bits > bytes.length * 8) return undefined;
  // 10.0.0.13/8 is a mistake for 10.0.0.13 as probably as for 10.0.0.0/8.
  return bytes.every((byte, i) => (byte & ~maskOf(bits, i)) === 0)
    ? unmapped({ bytes, bits })
    : undefined;
}

/** Whether all of `inner` lies in `outer`. */
export function contains(outer: AddressRange, inner: AddressRange): boolean {
  return (
    outer.bytes.length === inner.bytes.length &&
    outer.bits <= inner.bits &&
    outer.bytes.every((byte, i) => ((byte ^ (inner.bytes[i] ?? 0)) & maskOf(outer.bits, i)) === 0)
  );
}

/** Whether any address lies in both. Of two ranges that share one, one holds the other. */
export function overlaps(a: AddressRange, b: AddressRange): boolean {
  return contains(a, b) || contains(b, a);
}

/** `address`, and the IPv4 address where a translator would send what goes to it. */
export function destinationsOf(address: AddressRange): readonly AddressRange[] {
  return TRANSLATED_TO_IPV4.some((range) => contains(range, address))
    ? [address, { bytes: address.bytes.slice(12), bits: 32 }]
    : [address];
}

function unmapped(range: AddressRange): AddressRange {
  return contains(MAPPED_IPV4, range)
    ? { bytes: range.bytes.slice(12), bits: range.bits - 96 }
    : range;
}

/** The bits of byte `i` that are in a prefix of `bits` bits. */
function maskOf(bits: number, i: number): number {
  const inByte = Math.max(0, Math.min(8, bits - i * 8));
  return (0xff << (8 - inByte)) & 0xff;
}

function ipv4Bytes(text: string): readonly number[] {
  return text.split('.').map(Number);
}

/** Of an address that is known to be well-formed. */
function ipv6Bytes(text: string): readonly number[] {
  const [head = '', tail] = text.split('::');
  const first = groupBytes(head);
  const last = groupBytes(tail ?? '');
  return [...first, ...ZEROS_16.slice(first.length + last.length), ...last];
}

function groupBytes(text: string): readonly number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (group.includes('.')) return ipv4Bytes(group);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
