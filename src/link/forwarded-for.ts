import { ipFamily } from './ip-family.ts';
import { plainAddress } from './plain-address.ts';

/**
 * For whom a reverse proxy says that it connects: the last address of X-Forwarded-For, which is the one that the proxy before us has
 * added. What stands in front of it is what the client wrote.
 */
export function forwardedFor(header: string | readonly string[] | undefined): string | undefined {
  const text = typeof header === 'string' ? header : (header ?? []).join(',');
  const last = text.slice(text.lastIndexOf(',') + 1).trim();
  const address = plainAddress(last.replace(/^\[(.*)\]$/u, '$1'));
  return ipFamily(address) === 0 ? undefined : address;
}
