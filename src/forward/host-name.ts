import { domainToASCII } from 'node:url';

/**
 * One spelling for each name: in lower case, without the dots at its end, `xn--` where it is not ASCII (as the resolver asks for it).
 * `undefined` where it has characters that no name of a host has. A pattern may have `*` too.
 */
export function plainName(text: string, allowed: 'name' | 'pattern' = 'name'): string | undefined {
  const ascii = /[^\p{ASCII}]/u.test(text) ? domainToASCII(text) : text;
  const name = ascii.toLowerCase().replace(/\.+$/u, '');
  const characters = allowed === 'name' ? /^[a-z0-9._-]+$/u : /^[a-z0-9._*-]+$/u;
  return characters.test(name) ? name : undefined;
}

/** Whether a resolver takes `name` for an address, as `127.1`, `0x7f000001` or `2130706433`. */
export function isNumeric(name: string): boolean {
  return /(?:^|\.)(?:\d+|0x[\da-f]*)$/u.test(name);
}
