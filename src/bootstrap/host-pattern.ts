import { matchesPattern } from '../base/matches-pattern.ts';

/** The name under which known_hosts keeps a host: `host`, or `[host]:port` where the port is not 22. In lower case. */
export function knownHostName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${port}`;
}

/**
 * Whether the first field of a line of known_hosts names a host: patterns with `*` and `?` between commas, of which one with `!`
 * in front vetoes; or one hash, `|1|salt|HMAC-SHA1 of the name`.
 */
export async function matchesHost(field: string, name: string): Promise<boolean> {
  if (field.startsWith('|')) return matchesHash(field, name);
  let isMatch = false;
  for (const each of field.split(',')) {
    const isNegated = each.startsWith('!');
    if (!matchesPattern(isNegated ? each.slice(1) : each, name)) continue;
    if (isNegated) return false;
    isMatch = true;
  }
  return isMatch;
}

async function matchesHash(field: string, name: string): Promise<boolean> {
  const [, salt, hash] = /^\|1\|([A-Za-z0-9+/=]+)\|([A-Za-z0-9+/=]+)$/u.exec(field) ?? [];
  if (salt === undefined || hash === undefined) return false;
  const algorithm = { name: 'HMAC', hash: 'SHA-1' };
  const key = await crypto.subtle.importKey('raw', Buffer.from(salt, 'base64'), algorithm, false, [
    'sign',
  ]);
  const found = await crypto.subtle.sign('HMAC', key, Buffer.from(name));
  return Buffer.from(found).equals(Buffer.from(hash, 'base64'));
}
