import { plainAddress } from '../link/plain-address.ts';

const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * Whom a connection counts against: an IPv4 address, or the network of an IPv6 one, as `2001:db8:0:1::/64`, since whoever has one
 * address of it has them all. `undefined` for this machine itself, which may stand for many, as a reverse proxy does.
 */
export function sourceOf(address: string): string | undefined {
  const plain = plainAddress(address).toLowerCase();
  if (plain === '' || plain === '::1' || plain.startsWith('127.')) return undefined;
  if (!plain.includes(':')) return plain;
  const [head = '', tail = ''] = plain.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === '' ? [] : tail.split(':');
  const gap = Array.from({ length: Math.max(0, GROUPS - first.length - last.length) }, () => '0');
  const network = [...first, ...gap, ...last].slice(0, NETWORK_GROUPS);
  return `${network.map((group) => group.replace(/^0+(?=.)/u, '')).join(':')}::/64`;
}
