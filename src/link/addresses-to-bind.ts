import type { networkInterfaces } from 'node:os';
import { ipFamily } from './ip-family.ts';
import { plainAddress } from './plain-address.ts';

type Interfaces = ReturnType<typeof networkInterfaces>;

/** Each has a socket; a machine that routes for others has more than anybody dials. */
export const MAX_BOUND_ADDRESSES = 64;

/**
 * The addresses that a server listens on one by one: `bind`, or all of this machine where it is '' or the address of all. In the spelling
 * that binds: one that is good on its own link only names its interface. None where `bind` is a name, which may mean several.
 */
export function addressesToBind(bind: string, interfaces: Interfaces): readonly string[] {
  const families = FAMILIES_OF_ALL[bind];
  if (families === undefined) return ipFamily(bind) === 0 ? [] : [bind];
  const found = Object.entries(interfaces).flatMap(([name, infos]) =>
    (infos ?? [])
      .filter(({ family }) => families.includes(family))
      .map((info) => spelling(name, info)),
  );
  return [...new Set(found)].slice(0, MAX_BOUND_ADDRESSES);
}

const FAMILIES_OF_ALL: Readonly<Record<string, readonly string[]>> = {
  '': ['IPv4', 'IPv6'],
  '::': ['IPv4', 'IPv6'],
  '0.0.0.0': ['IPv4'],
};

function spelling(
  name: string,
  { address, scopeid }: NonNullable<Interfaces[string]>[number],
): string {
  return (scopeid ?? 0) === 0 ? address : `${plainAddress(address)}%${name}`;
}
