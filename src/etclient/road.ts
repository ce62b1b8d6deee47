import type { DialPlan } from '../backed/dial-plan.ts';
import { usageError } from '../base/usage-error.ts';
import { ipFamily } from '../link/ip-family.ts';
import { formatEndpoint } from '../link/plain-address.ts';

/** What a session server's port is reached by. */
type Transport = 'udp' | 'tcp';

/** A way to dial a session server. */
export type Road =
  /** The host that ssh_config names, and the port of the bootstrap's reply; `from` one address or interface of ours, where it is given. */
  | { readonly kind: Transport; readonly from?: string }
  /** Another way to the same server, as behind a NAT; without a port, that of the reply. */
  | {
      readonly kind: `${Transport}-to`;
      readonly host: string;
      readonly port: number | undefined;
    }
  | { readonly kind: 'ssh' }
  /** `ws://` or `wss://`. */
  | { readonly kind: 'web-socket'; readonly url: string }
  /** TCP through the proxy that the environment names. */
  | { readonly kind: 'proxy' }
  /** TCP through the router of `--jumphost`. */
  | { readonly kind: 'jump' };

export type RoadsPlan = DialPlan<Road>;

/** The roads that are one word. */
const PLAIN_ROADS = ['udp', 'tcp', 'ssh', 'proxy', 'jump'] as const;
/** What a road may begin with, for a word that is none. */
export const ROAD_WORDS: readonly string[] = [
  ...PLAIN_ROADS,
  'udp:',
  'udp@',
  'tcp:',
  'tcp@',
  'ws://',
  'wss://',
];
const MAX_PORT = 65_535;

/** `udp`, `tcp@wlan0`, `tcp:db.example.org:7000`, `ssh`, `wss://example.org/path`. Two roads with the same text are the same. */
export function formatRoad(road: Road): string {
  switch (road.kind) {
    case 'web-socket':
      return road.url;
    case 'udp':
    case 'tcp':
      return road.from === undefined ? road.kind : `${road.kind}@${road.from}`;
    case 'udp-to':
    case 'tcp-to': {
      const { host, port } = road;
      const transport = road.kind === 'udp-to' ? 'udp' : 'tcp';
      if (port !== undefined) return `${transport}:${formatEndpoint(host, port)}`;
      return host.includes(':') ? `${transport}:[${host}]` : `${transport}:${host}`;
    }
    default:
      return road.kind;
  }
}

/** What two roads have in common that fail together: where they leave from and where they lead to, but not what carries them. */
export function wayOf(road: Road): string {
  return formatRoad(road).replace(/^(?:udp|tcp)(?=$|[:@])/u, 'direct');
}

/**
 * `undefined` where the text is no road.
 *
 * @throws {EtError} ET_ERR_USAGE where it is one, and something in it is wrong
 */
export function parseRoad(text: string): Road | undefined {
  const plain = PLAIN_ROADS.find((each) => each === text);
  if (plain !== undefined) return { kind: plain };
  const [, transport, mark, rest = ''] = /^(udp|tcp)([:@])(.*)$/su.exec(text) ?? [];
  const kind = transport === 'udp' ? 'udp' : 'tcp';
  if (mark === ':') return parsePlace(kind, text, rest);
  if (mark === '@' && /^[^-\p{Cc}]/u.test(rest)) return { kind, from: rest };
  return /^wss?:\/\//iu.test(text) ? parseUrl(text) : undefined;
}

function parsePlace(transport: Transport, text: string, place: string): Road {
  const [, bracketed, plain, digits] =
    /^(?:\[([^[\]]*)\]|([^:[\]/]+))(?::(\d{1,5}))?$/u.exec(place) ?? [];
  const host = bracketed ?? plain ?? '';
  const port = digits === undefined ? undefined : Number(digits);
  const isHost =
    bracketed === undefined ? /^[^-\s\p{Cc}][^\s\p{Cc}]*$/u.test(host) : ipFamily(host) === 6;
  const isPort = port === undefined || (port >= 1 && port <= MAX_PORT);
  if (isHost && isPort) return { kind: `${transport}-to`, host, port };
  throw usageError(
    `${JSON.stringify(text)}: ${transport}:HOST or ${transport}:HOST:PORT, an IPv6 address in brackets, a port within 1-${MAX_PORT}`,
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
