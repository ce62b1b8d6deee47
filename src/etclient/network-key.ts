import type { networkInterfaces } from 'node:os';

/** FNV-1a, 64 bits. It only makes the key short: who can read it can read the addresses too. */
const OFFSET_BASIS = 0xcbf29ce484222325n;
const PRIME = 0x100000001b3n;
const MASK = 0xffffffffffffffffn;

/**
 * Names the network, or networks, that this machine is in: 16 hexadecimal digits, the same whenever it has addresses in the same subnets.
 * Addresses themselves change from one hour to the next. Two homes with the same subnet are the same; what is remembered of a network
 * only decides what is tried first.
 */
export function networkKey(interfaces: ReturnType<typeof networkInterfaces>): string {
  const subnets = new Set<string>();
  for (const addresses of Object.values(interfaces)) {
    for (const { internal, family, address, netmask, scopeid } of addresses ?? []) {
      // A link-local address is everywhere.
      if (internal || (family === 'IPv6' && (scopeid ?? 0) !== 0)) continue;
      subnets.add(`${subnetOf(family, address, netmask)}`);
    }
  }
  let hash = OFFSET_BASIS;
  for (const character of [...subnets].toSorted().join(' ')) {
    hash = ((hash ^ BigInt(character.codePointAt(0) ?? 0)) * PRIME) & MASK;
  }
  return hash.toString(16).padStart(16, '0');
}

/** Of IPv6 the first 64 bits, which is what a network has; of IPv4 what the mask leaves. */
function subnetOf(family: string, address: string, netmask: string): string {
  if (family === 'IPv6') return firstGroups(address);
  const mask = netmask.split('.').map(Number);
  return address
    .split('.')
    .map((part, at) => Number(part) & (mask[at] ?? 255))
    .join('.');
}

function firstGroups(address: string): string {
  const [head = '', tail] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  const missing = tail === undefined ? 0 : 8 - groups.length - tail.split(':').length;
  for (let i = 0; i < missing; i += 1) groups.push('0');
  return groups.slice(0, 4).join(':');
}
