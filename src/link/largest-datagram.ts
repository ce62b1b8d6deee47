import { readFileSync } from 'node:fs';
import type { networkInterfaces } from 'node:os';
import { ipFamily } from './ip-family.ts';
import { plainAddress } from './plain-address.ts';

type Interfaces = ReturnType<typeof networkInterfaces>;

/** Every interface carries as much (RFC 8200, section 5), with headers. */
const LEAST_MTU_BYTES = 1280;
/** Ethernet's. */
const USUAL_MTU_BYTES = 1500;
/** Larger ones spare little time, and one that is lost costs much. */
const MAX_DATAGRAM_BYTES = 16_384;
/** Headers of IP and UDP. */
const HEADER_BYTES = { 4: 28, 6: 48 } as const;

/** The largest datagram worth trying over an interface with this MTU, in bytes; where it is not known, what Ethernet has. */
export function largestDatagram(family: 4 | 6, mtuBytes: number | undefined): number {
  const mtu = Math.max(mtuBytes ?? USUAL_MTU_BYTES, LEAST_MTU_BYTES);
  return Math.min(mtu - HEADER_BYTES[family], MAX_DATAGRAM_BYTES);
}

/**
 * The same for datagrams between this machine and `address`, which is one of its own, or a peer's. Which interface leads to a peer the
 * kernel knows alone: the largest MTU that is not of loopback counts.
 */
export function largestDatagramFor(
  address: string,
  interfaces: Interfaces,
  mtuOf: (name: string) => number | undefined = interfaceMtu,
): number {
  const family = ipFamily(address) === 6 ? 6 : 4;
  const plain = plainAddress(address);
  const isLoopback = plain === '::1' || plain.startsWith('127.');
  let largest: number | undefined;
  for (const [name, infos] of Object.entries(interfaces)) {
    const isInternal = infos?.some(({ internal }) => internal) === true;
    const isOwn = infos?.some((info) => plainAddress(info.address) === plain) === true;
    if (isOwn || (isLoopback && isInternal)) return largestDatagram(family, mtuOf(name));
    if (isInternal) continue;
    const mtu = mtuOf(name);
    if (mtu !== undefined) largest = Math.max(largest ?? 0, mtu);
  }
  return largestDatagram(family, largest);
}

/** In bytes; `undefined` where the system does not say it in a file, as Linux does. */
export function interfaceMtu(name: string): number | undefined {
  if (!/^[^/.][^/]*$/u.test(name)) return undefined;
  try {
    const mtu = Number(readFileSync(`/sys/class/net/${name}/mtu`, 'latin1'));
    return Number.isSafeInteger(mtu) && mtu > 0 ? mtu : undefined;
  } catch {
    return undefined;
  }
}
