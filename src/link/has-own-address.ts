import type { networkInterfaces } from 'node:os';
import { plainAddress } from './plain-address.ts';

/** Whether an address is one of this machine's, in any spelling that sockets and interfaces have for it. */
export function hasOwnAddress(
  address: string,
  interfaces: ReturnType<typeof networkInterfaces>,
): boolean {
  const wanted = plainAddress(address);
  return Object.values(interfaces).some((infos) =>
    (infos ?? []).some((info) => plainAddress(info.address) === wanted),
  );
}
