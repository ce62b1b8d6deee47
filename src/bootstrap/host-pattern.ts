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

/** Without regular expressions, since `*a*a*a*...` would take one for ever. */
export function matchesPattern(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  let at = 0;
  // Where the last star stands, and how far into the name it reaches.
  let star = -1;
  let reach = 0;
  for (let i = 0; i < name.length; ) {
    if (at < wanted.length && wanted[at] === '*') {
      star = at;
      reach = i;
      at += 1;
    } else if (at < wanted.length && (wanted[at] === '?' || wanted[at] === name[i])) {
      at += 1;
      i += 1;
    } else if (star >= 0) {
      reach += 1;
      i = reach;
      at = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/u.test(wanted.slice(at));
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
