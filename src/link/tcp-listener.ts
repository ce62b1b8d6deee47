import type { Socket } from 'node:net';
import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';
import type { Carrier } from './carrier.ts';
import {
  type Listener,
  type ListenerDeps,
  type ListenerEvents,
  ListeningSocket,
} from './listener.ts';
import { formatEndpoint, plainAddress } from './plain-address.ts';
import type { SocketFactory } from './socket-factory.ts';

/** Ports to try in ascending order, both ends included; 0 alone takes any. */
export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** Every address of both families. */
const ALL_ADDRESSES = '';

/** What says "this port, or this family, is not for us": the next one may be. */
const PORT_TAKEN: ReadonlySet<string> = new Set(['EADDRINUSE', 'EACCES']);

/**
 * Listens on the first port of `range` that is free on every one of `addresses` ('' = all, both
 * families). Rejects with ET_ERR_STATE when there is none, or when an address is not ours.
 */
export async function listenTcp(
  deps: ListenerDeps,
  addresses: readonly string[],
  range: PortRange,
  events: ListenerEvents,
): Promise<Listener> {
  for (let port = range.first; port <= range.last; port += 1) {
    const listener = await listenOnAll(deps, addresses, port, events);
    if (listener !== undefined) return listener;
  }
  const ports =
    range.first === range.last ? `port ${range.first}` : `port ${range.first}-${range.last}`;
  throw new EtError('ET_ERR_STATE', `no free TCP ${ports} on ${describe(addresses)}`);
}

/** `undefined` when the port is taken on one of the addresses. */
async function listenOnAll(
  deps: ListenerDeps,
  addresses: readonly string[],
  firstPort: number,
  events: ListenerEvents,
): Promise<Listener | undefined> {
  const listening: ListeningSocket[] = [];
  const close = async (): Promise<void> => {
    await Promise.all(listening.map((one) => one.close()));
  };
  // With port 0 the first address chooses, and the others follow.
  let port = firstPort;
  for (const address of addresses) {
    const one = new ListeningSocket(deps, (socket) => adoptTcp(deps.sockets, socket), events);
    try {
      await listenOn(one, address, port);
    } catch (error) {
      await close();
      if (PORT_TAKEN.has(systemCodeOf(error) ?? '')) return undefined;
      const where = formatEndpoint(describe([address]), port);
      throw new EtError('ET_ERR_STATE', `cannot listen on ${where}: ${messageOf(error)}`, {
        cause: error,
      });
    }
    listening.push(one);
    port = one.port;
  }
  return { label: `tcp ${describe(addresses)}:${port}`, port, close };
}

/** Without an address Node listens on both families, or on IPv4 where there is no other, and has no name to look at. */
function listenOn(one: ListeningSocket, address: string, port: number): Promise<void> {
  return one.listen(address === ALL_ADDRESSES ? { port } : { host: address, port });
}

function adoptTcp(sockets: SocketFactory, socket: Socket): Carrier {
  const localAddress = plainAddress(socket.localAddress ?? '');
  const peer = formatEndpoint(plainAddress(socket.remoteAddress ?? '?'), socket.remotePort ?? 0);
  return sockets.accepted(socket, {
    label: `tcp ${peer}`,
    localAddress: localAddress || undefined,
    isResettable: true,
  });
}

function describe(addresses: readonly string[]): string {
  return addresses.map((address) => (address === ALL_ADDRESSES ? '*' : address)).join(', ');
}
