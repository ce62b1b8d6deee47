import { usageError } from '../base/usage-error.ts';
import { formatEndpoint } from './plain-address.ts';

/** How a proxy is spoken to. The ones with `a` and `h` are given names; the other SOCKS proxies are given addresses. */
export type ProxyScheme = 'http' | 'https' | 'socks4' | 'socks4a' | 'socks5' | 'socks5h';

/** A proxy that connects us to where it is asked to. */
export interface ProxyServer {
  readonly scheme: ProxyScheme;
  readonly host: string;
  readonly port: number;
  /** For people, without user and password: `proxy squid:3128`. */
  readonly label: string;
  /** Never in a message or a log. */
  readonly credentials: ProxyCredentials | undefined;
}

export interface ProxyCredentials {
  readonly user: string;
  readonly password: string;
}

/** As curl has them. */
const DEFAULT_PORT: Readonly<Record<ProxyScheme, number>> = {
  http: 1080,
  https: 443,
  socks4: 1080,
  socks4a: 1080,
  socks5: 1080,
  socks5h: 1080,
};

/** The other names that programs take for the same thing. */
const ALIASES: Readonly<Record<string, ProxyScheme>> = { socks: 'socks4' };

/**
 * Reads what a variable like HTTPS_PROXY says: `[SCHEME://][USER:PASSWORD@]HOST[:PORT]`, http where there is no scheme.
 *
 * @throws {EtError} ET_ERR_USAGE that names `source`, and nothing of the text but its scheme: a password may be anywhere in it
 */
export function parseProxy(text: string, source: string): ProxyServer {
  const [, given = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/isu.exec(text) ?? [];
  const scheme = schemeOf(given.toLowerCase(), source);
  const url = urlOf(rest, source);
  const host = url.hostname.replace(/^\[(.*)\]$/u, '$1');
  const port = url.port === '' ? DEFAULT_PORT[scheme] : Number(url.port);
  if (port === 0) throw usageError(`${source}: a proxy's port is within 1..65535`);
  return {
    scheme,
    host,
    port,
    label: `proxy ${formatEndpoint(host, port)}`,
    credentials: credentialsOf(url, source),
  };
}

function schemeOf(name: string, source: string): ProxyScheme {
  const scheme = ALIASES[name] ?? name;
  if (isScheme(scheme)) return scheme;
  const known = Object.keys(DEFAULT_PORT).join(', ');
  throw usageError(`${source}: a proxy's address begins with one of ${known}, not ${name}`);
}

function isScheme(name: string): name is ProxyScheme {
  return Object.hasOwn(DEFAULT_PORT, name);
}

/** With a scheme of no meaning, so that no default port is taken out and the host stays as it is written. */
function urlOf(rest: string, source: string): URL {
  const text = `proxy://${rest}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isHost = /^(?:\[[0-9a-f:.]+\]|[\w.-]+)$/iu.test(url?.hostname ?? '');
  if (url !== undefined && isHost) return url;
  throw usageError(`${source} is not a proxy's address: write http://HOST:PORT`);
}

function credentialsOf({ username, password }: URL, source: string): ProxyCredentials | undefined {
  if (username === '' && password === '') return undefined;
  try {
    return { user: decodeURIComponent(username), password: decodeURIComponent(password) };
  } catch {
    throw usageError(`${source}: write each % of the user and password as %25`);
  }
}
