/**
 * One spelling for each address, so that a socket's and an interface's compare equal:
 * an IPv4 address without the `::ffff:` of a dual-stack socket, an IPv6 one without `%interface`.
 */
export function plainAddress(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/iu.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const zoneAt = address.indexOf('%');
  return zoneAt < 0 ? address : address.slice(0, zoneAt);
}

/** `10.0.0.5:2022`, `[2001:db8::1]:2022`: an address and a port, for people. */
export function formatEndpoint(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
