import { BlockList, isIPv4, isIPv6 } from 'node:net';

/**
 * Whether NO_PROXY exempts a target, as curl reads it: names and addresses between commas or blanks; a name stands for its subdomains
 * too, with or without a dot in front; an address may be a range (`10.0.0.0/8`); `*` alone is everything. An entry may end with a
 * port, as in other programs.
 */
export function isExemptFromProxy(noProxy: string, host: string, port: number): boolean {
  const name = bare(host);
  return noProxy
    .split(/[\s,]+/u)
    .some((entry) => entry === '*' || (entry !== '' && covers(entry, name, port)));
}

function covers(entry: string, name: string, port: number): boolean {
  const [, inside, pattern = inside ?? '', digits] = /^(?:\[([^\]]*)\]|([^:]*))(?::(\d+))?$/u.exec(
    entry,
  ) ?? [undefined, undefined, entry];
  if (digits !== undefined && Number(digits) !== port) return false;
  if (isIPv4(name)) return isWithin(bare(pattern), name, 'ipv4');
  if (isIPv6(name)) return isWithin(bare(pattern), name, 'ipv6');
  const domain = bare(pattern).replace(/^\./u, '');
  return domain !== '' && (name === domain || name.endsWith(`.${domain}`));
}

function isWithin(range: string, address: string, family: 'ipv4' | 'ipv6'): boolean {
  const [network = '', bits] = range.split('/');
  const most = family === 'ipv4' ? 32 : 128;
  const prefix = bits === undefined ? most : Number(bits === '' ? Number.NaN : bits);
  const isRange = family === 'ipv4' ? isIPv4(network) : isIPv6(network);
  if (!isRange || !Number.isInteger(prefix) || prefix < 0 || prefix > most) return false;
  const list = new BlockList();
  list.addSubnet(network, prefix, family);
  return list.check(address, family);
}

/** Without what may be written around a name or an address and means nothing. */
function bare(host: string): string {
  return host
    .toLowerCase()
    .replace(/^\[(.*)\]$/u, '$1')
    .replace(/\.$/u, '');
}
