import type { networkInterfaces } from 'node:os';
import type { Clock } from '../base/clock.ts';
import type { Dial } from '../link/carrier.ts';
import { dialFrom } from '../link/dial-from.ts';
import { HostResolver } from '../link/host-resolver.ts';
import { ownAddresses } from '../link/own-addresses.ts';
import { formatEndpoint } from '../link/plain-address.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { TcpDialer } from '../link/tcp-dial.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { RoadMeans } from './road-dials.ts';

export interface RoadMeansDeps {
  readonly clock: Clock;
  readonly interfaces: typeof networkInterfaces;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What there is to dial with: here, and nowhere else, it is decided which roads a client has. */
export function roadMeans(deps: RoadMeansDeps, command: ConnectCommand): RoadMeans {
  return {
    tcp: tcpDials(deps, command),
    webSocket: undefined,
    proxy: undefined,
    jump: undefined,
  };
}

/** TCP, from wherever `--from` says. */
function tcpDials(deps: RoadMeansDeps, { ssh, from }: ConnectCommand): RoadMeans['tcp'] {
  const { clock, interfaces } = deps;
  const dialer = new TcpDialer(clock, new SocketFactory(clock), new HostResolver());
  const { family } = ssh;
  const dialOf = (host: string, port: number, localAddress?: string): Dial =>
    dialer.to({ host, port, ...(family && { family }), ...(localAddress && { localAddress }) });
  return (host, port, only) => {
    const places = only === undefined ? from : [only];
    if (places.length === 0) return dialOf(host, port);
    return dialFrom({
      clock,
      sources: () => places.flatMap((place) => ownAddresses(place, interfaces())),
      dial: (source) => dialOf(host, port, source),
      target: `tcp ${formatEndpoint(host, port)}`,
      nowhere: `${places.join(' and ')} ${places.length === 1 ? 'has' : 'have'} no address`,
    });
  };
}
