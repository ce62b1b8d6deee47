import type { DialPlan } from '../backed/dial-plan.ts';
import { usageError } from '../base/usage-error.ts';
import { ipFamily } from '../link/ip-family.ts';
import { formatEndpoint } from '../link/plain-address.ts';

/** A way to dial a session server. */
export type Road =
  /** The host that ssh_config names, and the port of the bootstrap's reply; `from` one address or interface of ours, where it is given. */
  | { readonly kind: 'tcp'; readonly from?: string }
  /** Another way to the same server, as behind a NAT; without a port, that of the reply. */
  | { readonly kind: 'tcp-to'; readonly host: string; readonly port: number | undefined }
  | { readonly kind: 'ssh' }
  /** `ws://` or `wss://`. */
  | { readonly kind: 'web-socket'; readonly url: string }
  /** TCP through the proxy that the environment names. */
  | { readonly kind: 'proxy' }
  /** TCP through the router of `--jumphost`. */
  | { readonly kind: 'jump' };

export type RoadsPlan = DialPlan<Road>;

/** The roads that are one word. */
const PLAIN_ROADS = ['tcp', 'ssh', 'proxy', 'jump'] as const;
/** What a road may begin with, for a word that is none. */
export const ROAD_WORDS: readonly string[] = [...PLAIN_ROADS, 'tcp:', 'tcp@', 'ws://', 'wss://'];
const MAX_PORT = 65_535;

/** `tcp`, `tcp@wlan0`, `tcp:db.example.org:7000`, `ssh`, `wss://example.org/path`. Two roads with the same text are the same. */
export function formatRoad(road: Road): string {
  if (road.kind === 'web-socket') return road.url;
  if (road.kind === 'tcp') return road.from === undefined ? 'tcp' : `tcp@${road.from}`;
  if (road.kind !== 'tcp-to') return road.kind;
  const { host, port } = road;
  if (port !== undefined) return `tcp:${formatEndpoint(host, port)}`;
  return host.includes(':') ? `tcp:[${host}]` : `tcp:${host}`;
}

/**
 * `undefined` where the text is no road.
 *
 * @throws {EtError} ET_ERR_USAGE where it is one, and something in it is wrong
 */
export function parseRoad(text: string): Road | undefined {
  const kind = PLAIN_ROADS.find((each) => each === text);
  if (kind !== undefined) return { kind };
  if (text.startsWith('tcp:')) return parseTcp(text);
  if (/^tcp@[^-\p{Cc}]/u.test(text)) return { kind: 'tcp', from: text.slice('tcp@'.length) };
  return /^wss?:\/\//iu.test(text) ? parseUrl(text) : undefined;
}

function parseTcp(text: string): Road {
  const [, bracketed, plain, digits] =
    /^tcp:(?:\[([^[\]]*)\]|([^:[\]/]+))(?::(\d{1,5}))?$/u.exec(text) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = digits === undefined ? undefined : Number(digits);
  const isHost =
    bracketed === undefined ? /^[^-\s\p{Cc}][^\s\p{Cc}]*$/u.test(host) : ipFamily(host) === 6;
  const isPort = port === undefined || (port >= 1 && port <= MAX_PORT);
  if (isHost && isPort) return { kind: 'tcp-to', host, port };
  throw usageError(
    `${JSON.stringify(text)}: tcp:HOST or tcp:HOST:PORT, an IPv6 address in brackets, a port within 1-${MAX_PORT}`,
  );
}

function parseUrl(text: string): Road {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const fault =
    url === undefined
      ? 'is no address'
      : url.username !== '' || url.password !== ''
        ? 'names a user, which everybody on this machine could read'
        : url.hash === ''
          ? undefined
          : 'has a #, which is never sent';
  if (url !== undefined && fault === undefined) return { kind: 'web-socket', url: url.href };
  // A password is not repeated.
  throw usageError(
    `${JSON.stringify(text.replace(/\/\/[^/@]*@/u, '//...@'))} ${fault ?? ''}: write wss://HOST[:PORT]/PATH`,
  );
}
