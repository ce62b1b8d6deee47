import type { networkInterfaces } from 'node:os';
import type { Clock } from '../base/clock.ts';
import { readSshConfig } from '../bootstrap/ssh-config.ts';
import type { Dial } from '../link/carrier.ts';
import { dialFrom } from '../link/dial-from.ts';
import { hasOwnAddress } from '../link/has-own-address.ts';
import { HostResolver } from '../link/host-resolver.ts';
import { jumpDial } from '../link/jump-dial.ts';
import { largestDatagramFor } from '../link/largest-datagram.ts';
import { ownAddresses } from '../link/own-addresses.ts';
import { formatEndpoint } from '../link/plain-address.ts';
import type { ProxyTarget } from '../link/proxy-choice.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { TcpDialer } from '../link/tcp-dial.ts';
import { udpDial } from '../link/udp-dial.ts';
import { webSocketDial } from '../link/websocket-dial.ts';
import { parseWebSocketUrl, type WebSocketUrl } from '../link/websocket-url.ts';
import { encodeJumpPreamble } from '../wire/jump-preamble.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import { LinkProxies } from './link-proxies.ts';
import type { RoadMeans } from './road-dials.ts';

export interface RoadMeansDeps {
  readonly clock: Clock;
  readonly interfaces: typeof networkInterfaces;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What binds a dial: an address to leave from, a family. */
interface Binding {
  readonly localAddress?: string;
  readonly family?: 4 | 6;
}

/**
 * What there is to dial `host` with: here, and nowhere else, it is decided which roads a client has. `isOwnPort`: this process listens on
 * that port of loopback.
 */
export function roadMeans(
  deps: RoadMeansDeps,
  command: ConnectCommand,
  host: string,
  isOwnPort: (port: number) => boolean = () => false,
): RoadMeans {
  const { clock, environment } = deps;
  const resolver = new HostResolver();
  const tcpDialer = new TcpDialer(clock, new SocketFactory(clock), resolver);
  const hasAddress = (address: string): boolean => hasOwnAddress(address, deps.interfaces());
  const proxies = new LinkProxies({ clock, resolver }, environment, { isOwnPort, hasAddress });
  const leaving = leavingFrom(deps, command);
  const tcp: RoadMeans['tcp'] = (target, port, only) =>
    leaving(
      `tcp ${formatEndpoint(target, port)}`,
      (binding) => tcpDialer.to({ host: target, port, ...binding }),
      only,
    );
  return {
    tcp,
    udp: udpDials(deps, command, resolver),
    webSocket: (address) => {
      const url = parseWebSocketUrl(address);
      const proxied = targetOf(url);
      // A proxy that cannot be used fails the dial, and not who dials.
      return leaving(url.shown, (binding) => async (signal) => {
        const proxy = proxies.of(proxied);
        return await webSocketDial({ clock, resolver }, address, { ...binding, proxy })(signal);
      });
    },
    proxy: proxies.isNamedFor(host)
      ? (target, port) =>
          leaving(`proxy to ${formatEndpoint(target, port)}`, (binding) =>
            proxies.tcpDial({ host: target, port, ...binding }),
          )
      : undefined,
    proxyFault: (road) => {
      if (road.kind === 'proxy') return proxies.faultFor({ kind: 'tcp', host, port: 0 });
      if (road.kind !== 'web-socket') return undefined;
      return proxies.faultFor(targetOf(parseWebSocketUrl(road.url)));
    },
    jump: jumpDials(deps, command, tcp),
  };
}

function targetOf({ isSecure, host, port }: WebSocketUrl): ProxyTarget {
  return { kind: isSecure ? 'wss' : 'ws', host, port };
}

/** Makes dials that leave from `only`, or from wherever `--from` says. */
function leavingFrom(
  { clock, interfaces }: RoadMeansDeps,
  { ssh: { family }, from }: ConnectCommand,
): (target: string, dialOf: (binding: Binding) => Dial, only?: string) => Dial {
  const bound = family === undefined ? {} : { family };
  return (target, dialOf, only) => {
    const places = only === undefined ? from : [only];
    if (places.length === 0) return dialOf(bound);
    return dialFrom({
      clock,
      sources: () => places.flatMap((place) => ownAddresses(place, interfaces())),
      dial: (localAddress) => dialOf({ ...bound, localAddress }),
      target,
      nowhere: nowhere(places),
    });
  };
}

function nowhere(places: readonly string[]): string {
  return `${places.join(' and ')} ${places.length === 1 ? 'has' : 'have'} no address`;
}

/** A carrier of datagrams leaves from all of its places, until one is answered. */
function udpDials(
  { clock, interfaces }: RoadMeansDeps,
  { ssh: { family }, from }: ConnectCommand,
  resolver: HostResolver,
): RoadMeans['udp'] {
  const sizeFor = (address: string): number => largestDatagramFor(address, interfaces());
  return (host, port, only) => {
    const places = only === undefined ? from : [only];
    const bound = places.length > 0 && {
      sources: () => places.flatMap((place) => ownAddresses(place, interfaces())),
      nowhere: nowhere(places),
    };
    return udpDial({ clock, resolver, sizeFor }, { host, port, family, ...bound });
  };
}

/** TCP to the router of `--jumphost`, which hands on to the host. */
function jumpDials(
  { environment }: RoadMeansDeps,
  { jumpHost, ssh }: ConnectCommand,
  tcp: RoadMeans['tcp'],
): RoadMeans['jump'] {
  if (jumpHost === undefined) return undefined;
  const { destination, port } = jumpHost;
  const nameOf = async (): Promise<string> => {
    const asked = { ...ssh, jump: undefined, port: undefined, user: undefined };
    try {
      return (await readSshConfig({ destination, ssh: asked, environment })).hostName;
    } catch {
      return destination.host;
    }
  };
  // What ssh_config calls it; asked once, at the first dial.
  let name: Promise<string> | undefined;
  const toRouter: Dial = async (signal) => {
    name ??= nameOf();
    return await tcp(await name, port)(signal);
  };
  return (host, on) => jumpDial(toRouter, encodeJumpPreamble({ host, port: on }));
}
