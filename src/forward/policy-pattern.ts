import { EtError } from '../base/errors.ts';
import {
  type AddressRange,
  ALL_IPV4,
  ALL_IPV6,
  LOOPBACKS,
  parseAddress,
  parseRange,
} from './address-range.ts';
import { matchesGlob } from './glob.ts';
import { isNumeric, plainName } from './host-name.ts';
import { type PortSpan, parsePorts } from './port-pattern.ts';

/** Hosts and ports: a target matches by its name, or by its address. */
export interface HostPattern {
  readonly kind: 'host';
  /** In one spelling, with `*`; `undefined` where only addresses are meant. */
  readonly name: string | undefined;
  readonly ranges: readonly AddressRange[];
  readonly ports: readonly PortSpan[];
}

/** Paths of unix sockets: `*` within a directory, `**` across them. */
export interface PathPattern {
  readonly kind: 'path';
  readonly path: string;
}

export type PolicyPattern = HostPattern | PathPattern;

type Hosts = Pick<HostPattern, 'name' | 'ranges'>;

const EVERY_HOST: Hosts = { name: '*', ranges: [ALL_IPV4, ALL_IPV6] };
const LOCALHOST: Hosts = { name: 'localhost', ranges: LOOPBACKS };

/** An entry of permit-open or deny-open: `HOST:PORTS` or `/PATH`. @throws {EtError} ET_ERR_CONFIG */
export function parseOpenPattern(text: string): PolicyPattern {
  if (text.startsWith('/')) return parsePath(text);
  const { host, ports } = splitHost(text);
  return { kind: 'host', ...openHosts(host), ports: parsePorts(ports) };
}

/**
 * An entry of permit-listen or deny-listen: `BIND:PORTS`, `PORTS` or `/PATH`. Ports alone are those of localhost, as in -R; where they
 * are to be denied, those of every address.
 * @throws {EtError} ET_ERR_CONFIG
 */
export function parseListenPattern(text: string, role: 'permit' | 'deny'): PolicyPattern {
  if (text.startsWith('/')) return parsePath(text);
  if (/^[\d,-]+$/u.test(text)) {
    const hosts = role === 'permit' ? LOCALHOST : EVERY_HOST;
    return { kind: 'host', ...hosts, ports: parsePorts(text) };
  }
  const { host, ports } = splitHost(text);
  return { kind: 'host', ...listenHosts(host), ports: parsePorts(ports) };
}

/** The addresses that a socket bound to `bind` listens at; all of them where it is not known which. */
export function rangesOfBind(bind: string): readonly AddressRange[] {
  if (bind.toLowerCase() === 'localhost') return LOOPBACKS.map(firstAddress);
  const address = parseAddress(bind);
  return address === undefined ? EVERY_HOST.ranges : listenedAt(address);
}

export function matchesPath(pattern: PathPattern, path: string): boolean {
  return matchesGlob(pattern.path, path, '/');
}

/** Whether `pattern` means `name`, as {@link plainName} writes it. What a resolver reads as an address has no name but `*`. */
export function matchesName(pattern: HostPattern, name: string): boolean {
  if (pattern.name === undefined) return false;
  return pattern.name === '*' || (!isNumeric(name) && matchesGlob(pattern.name, name));
}

function splitHost(text: string): { host: string; ports: string } {
  const [, host = '', ports = ''] = /^(\[[^[\]]*\]|[^:[\]]+):([^:]+)$/u.exec(text) ?? [];
  if (host !== '') return { host, ports };
  if (/^[^[]*:.*:/u.test(text)) throw unreadable('an IPv6 address stands in brackets, [::1]:80');
  throw unreadable('neither HOST:PORTS nor a path that begins with /');
}

function openHosts(host: string): Hosts {
  if (host === '*') return EVERY_HOST;
  const range = rangeIn(host);
  if (range !== undefined) return { name: undefined, ranges: [range] };
  const name = plainName(host, 'pattern');
  if (name === undefined || name.split('.').includes('')) {
    throw unreadable(`"${host}" is no name of a host`);
  }
  if (name === 'localhost') return LOCALHOST;
  // 10.* and 10.0.*.1 would look like ranges of addresses, and match none.
  if (/^[\d.*]*\d[\d.*]*$|(?:^|\.)(?:[\d*]*\d[\d*]*|0x[\da-f*]*)$/u.test(name)) {
    throw unreadable(`"${host}" is no address; a range of them is written 10.0.0.0/8`);
  }
  return { name, ranges: [] };
}

function listenHosts(host: string): Hosts {
  if (host === '*') return EVERY_HOST;
  if (host.toLowerCase() === 'localhost') return LOCALHOST;
  const range = rangeIn(host);
  if (range === undefined) {
    throw unreadable(`"${host}" is neither an address, nor localhost, nor *`);
  }
  return { name: undefined, ranges: listenedAt(range) };
}

/** Of an address or a range of them, IPv6 in brackets; `undefined` where it is to be a name. */
function rangeIn(host: string): AddressRange | undefined {
  const isBracketed = host.startsWith('[');
  const text = isBracketed ? host.slice(1, -1) : host;
  const range = isBracketed === text.includes(':') ? parseRange(text) : undefined;
  if (range === undefined && (isBracketed || host.includes('/'))) throw unreadable(noRange(host));
  return range;
}

function noRange(host: string): string {
  return `"${host}" is no range of addresses, as 10.0.0.0/8, 10.0.0.13 or [2001:db8::/32]`;
}

/** A socket bound to 0.0.0.0 listens at all IPv4 addresses, one bound to :: at all there are. */
function listenedAt(range: AddressRange): readonly AddressRange[] {
  const isOne = range.bits === range.bytes.length * 8;
  if (!isOne || range.bytes.some((byte) => byte !== 0)) return [range];
  return range.bytes.length === 4 ? [ALL_IPV4] : EVERY_HOST.ranges;
}

/** 127.0.0.1 and ::1, which are what a listener on localhost is bound to. */
function firstAddress({ bytes }: AddressRange): AddressRange {
  return { bytes: [...bytes.slice(0, -1), 1], bits: bytes.length * 8 };
}

function parsePath(text: string): PathPattern {
  if (!/^(?:\/[^/\0]+)+$/u.test(text) || /\/\.{1,2}(?:\/|$)/u.test(text)) {
    throw unreadable('a path is written without //, ., .. and / at its end');
  }
  return { kind: 'path', path: text };
}

function unreadable(message: string): EtError {
  return new EtError('ET_ERR_CONFIG', message);
}
