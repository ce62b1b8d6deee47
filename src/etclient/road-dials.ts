import { EtError } from '../base/errors.ts';
import type { Dial } from '../link/carrier.ts';
import { formatEndpoint } from '../link/plain-address.ts';
import { parseWebSocketUrl } from '../link/websocket-url.ts';
import { formatRoad, type Road } from './road.ts';

/** How this client dials each road. */
export interface RoadDials {
  dialOf(road: Road): Dial;
  /** What is dialled, for a failure that does not say it: `tcp example.org:60000`. */
  nameOf(road: Road): string;
}

/** What there is to dial with. What is `undefined` is no road here. */
export interface RoadMeans {
  /** `from`: the one address or interface to leave from; without it wherever `--from` says. */
  readonly tcp: (host: string, port: number, from?: string) => Dial;
  readonly udp: (host: string, port: number, from?: string) => Dial;
  readonly webSocket: (url: string) => Dial;
  /** TCP through the environment's proxy. */
  readonly proxy: ((host: string, port: number) => Dial) | undefined;
  /** Why the proxy that the environment names for a road cannot be used. */
  readonly proxyFault?: (road: Road) => string | undefined;
  /** TCP through the router of `--jumphost`. */
  readonly jump: ((host: string, port: number) => Dial) | undefined;
}

/** Where a session server is. */
export interface ServerPlace {
  readonly host: string;
  /** 0: it listens nowhere. */
  readonly port: number;
  /** 0: it takes no datagrams. */
  readonly udpPort: number;
  readonly ssh: Dial;
}

/** Puts together how one session server is dialled. */
export function roadDials(means: RoadMeans, place: ServerPlace): RoadDials {
  const { host, port, udpPort, ssh } = place;
  const toPort = (road: Road, dial: RoadMeans['proxy'], at = host, on = port): Dial => {
    if (dial === undefined) return unable(road, 'there is no such road from here');
    return on === 0 ? unable(road, 'the session server listens on no port') : dial(at, on);
  };
  const toUdp = (road: Road, at: string, on: number, from?: string): Dial =>
    on === 0 ? unable(road, 'the session server takes no datagrams') : means.udp(at, on, from);
  const dialOf = (road: Road): Dial => {
    switch (road.kind) {
      case 'udp':
        return toUdp(road, host, udpPort, road.from);
      case 'udp-to':
        return toUdp(road, road.host, road.port ?? udpPort);
      case 'tcp':
        return toPort(road, (at, on) => means.tcp(at, on, road.from));
      case 'tcp-to':
        return toPort(road, means.tcp, road.host, road.port ?? port);
      case 'proxy':
        return toPort(road, means.proxy);
      case 'jump':
        return toPort(road, means.jump);
      case 'ssh':
        return ssh;
      case 'web-socket':
        return means.webSocket(road.url);
    }
  };
  return { dialOf, nameOf: (road) => nameOf(road, place) };
}

function unable(road: Road, why: string): Dial {
  return () => Promise.reject(new EtError('ET_ERR_DIAL', `${formatRoad(road)}: ${why}`));
}

function nameOf(road: Road, { host, port, udpPort }: ServerPlace): string {
  switch (road.kind) {
    case 'udp':
    case 'tcp': {
      const from = road.from === undefined ? '' : ` from ${road.from}`;
      return `${road.kind} ${formatEndpoint(host, road.kind === 'udp' ? udpPort : port)}${from}`;
    }
    case 'udp-to':
      return `udp ${formatEndpoint(road.host, road.port ?? udpPort)}`;
    case 'tcp-to':
      return `tcp ${formatEndpoint(road.host, road.port ?? port)}`;
    case 'proxy':
    case 'jump':
      return `${road.kind} to ${formatEndpoint(host, port)}`;
    case 'ssh':
      return formatRoad(road);
    case 'web-socket':
      // Without the query, which may be a secret.
      return parseWebSocketUrl(road.url).shown;
  }
}
