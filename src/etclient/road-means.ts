import type { networkInterfaces } from 'node:os';
import type { Clock } from '../base/clock.ts';
import { readSshConfig } from '../bootstrap/ssh-config.ts';
import type { Dial } from '../link/carrier.ts';
import { dialFrom } from '../link/dial-from.ts';
import { HostResolver } from '../link/host-resolver.ts';
import { jumpDial } from '../link/jump-dial.ts';
import { ownAddresses } from '../link/own-addresses.ts';
import { formatEndpoint } from '../link/plain-address.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { TcpDialer } from '../link/tcp-dial.ts';
import { encodeJumpPreamble } from '../wire/jump-preamble.ts';
import type { ConnectCommand } from './cli/client-command.ts';
import type { RoadMeans } from './road-dials.ts';

export interface RoadMeansDeps {
  readonly clock: Clock;
  readonly interfaces: typeof networkInterfaces;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** What there is to dial with: here, and nowhere else, it is decided which roads a client has. */
export function roadMeans(deps: RoadMeansDeps, command: ConnectCommand): RoadMeans {
  const tcp = tcpDials(deps, command);
  return {
    tcp,
    webSocket: undefined,
    proxy: undefined,
    jump: jumpDials(deps, command, tcp),
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
  // What ssh_config calls it; asked once, at the first dial.
  let name: Promise<string> | undefined;
  const nameOf = (): Promise<string> =>
    readSshConfig({
      destination,
      ssh: { ...ssh, jump: undefined, port: undefined, user: undefined },
      environment,
    }).then(
      ({ hostName }) => hostName,
      () => destination.host,
    );
  const toRouter: Dial = async (signal) => {
    name ??= nameOf();
    return await tcp(await name, port)(signal);
  };
  return (host, on) => jumpDial(toRouter, encodeJumpPreamble({ host, port: on }));
}

/** TCP, from wherever `--from` says. */
function tcpDials(deps: RoadMeansDeps, { ssh, from }: ConnectCommand): RoadMeans['tcp'] {
  const { clock, interfaces } = deps;
  const dialer = new TcpDialer(clock, new SocketFactory(clock), new HostResolver());
  const { family } = ssh;
  const dialOf = (host: string, port: number, localAddress?: string): Dial =>
    dialer.to({ host, port, ...(family && { family }), ...(localAddress && { localAddress }) });
  if (from.length === 0) return dialOf;
  return (host, port) =>
    dialFrom({
      clock,
      sources: () => from.flatMap((place) => ownAddresses(place, interfaces())),
      dial: (source) => dialOf(host, port, source),
      target: `tcp ${formatEndpoint(host, port)}`,
      nowhere: `${from.join(' and ')} ${from.length === 1 ? 'has' : 'have'} no address`,
    });
}
