import type { networkInterfaces } from 'node:os';
import { ipFamily } from './ip-family.ts';

/**
 * The addresses that links leave from: `place` is one, or names an interface, whose addresses are those that it has at the moment. IPv6
 * first, and none that is only good on its own link.
 */
export function ownAddresses(
  place: string,
  interfaces: ReturnType<typeof networkInterfaces>,
): readonly string[] {
  if (ipFamily(place) !== 0) return [place];
  const known = Object.hasOwn(interfaces, place) ? interfaces[place] : [];
  const found = (known ?? []).filter(
    ({ family, scopeid }) => family === 'IPv4' || (scopeid ?? 0) === 0,
  );
  return found.toSorted((a, b) => b.family.localeCompare(a.family)).map(({ address }) => address);
}
