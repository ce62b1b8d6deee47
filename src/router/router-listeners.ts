import { chmod } from 'node:fs/promises';
import type { ListenOptions, Socket } from 'node:net';
import type { Clock } from '../base/clock.ts';
import { EtError, messageOf, systemCodeOf } from '../base/errors.ts';
import type { RandomSource } from '../base/random.ts';
import { listenOrReplace } from '../link/listen-or-replace.ts';
import { ListeningSocket } from '../link/listener.ts';
import { formatEndpoint } from '../link/plain-address.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import type { ActivatedSockets } from './activated-sockets.ts';
import { PUBLIC_SOCKET } from './registration-place.ts';

export interface RouterPlaces {
  /** Addresses; none: all of both families. */
  readonly bind: readonly string[];
  readonly port: number;
  /** Path of the registration socket. */
  readonly socket: string;
  /** Used in place of the above, where there are any. */
  readonly activated: ActivatedSockets;
}

export interface RouterListenerEvents {
  /** Clients can come to this port; session servers cannot register before it resolves. */
  onPort(port: number): Promise<void>;
  onClient(socket: Socket): void;
  onLocal(socket: Socket): void;
  /** Accepting failed, and goes on by itself. */
  onTrouble(error: Error): void;
  /** A socket of systemd's cannot be accepted from any more: it can be had again only by another start. */
  onLost(error: Error): void;
}

/** Where a router is reached: TCP for clients, a unix socket for session servers. */
export class RouterListeners {
  /** For people. */
  readonly label: string;
  readonly #listening: readonly ListeningSocket<Socket>[];

  private constructor(label: string, listening: readonly ListeningSocket<Socket>[]) {
    this.label = label;
    this.#listening = listening;
  }

  /** @throws {EtError} ET_ERR_STATE when a place cannot be had; none is taken then. */
  static async open(
    deps: { readonly clock: Clock; readonly random: RandomSource },
    places: RouterPlaces,
    events: RouterListenerEvents,
  ): Promise<RouterListeners> {
    const opened: ListeningSocket<Socket>[] = [];
    const make = (
      onSocket: (socket: Socket) => void,
      onFailed: (error: Error) => void,
    ): ListeningSocket<Socket> => {
      const one = new ListeningSocket<Socket>(deps, (socket) => socket, {
        onCarrier: onSocket,
        onTrouble: onFailed,
      });
      opened.push(one);
      return one;
    };
    const onTrouble = (isLasting: boolean, error: Error): void =>
      isLasting ? events.onTrouble(error) : events.onLost(error);
    try {
      const clients = await openClients(places, (isLasting) =>
        make(
          (socket) => events.onClient(socket),
          (error) => onTrouble(isLasting, error),
        ),
      );
      await events.onPort(clients.port);
      const local = await openRegistration(deps, places, (isLasting) =>
        make(
          (socket) => events.onLocal(socket),
          (error) => onTrouble(isLasting, error),
        ),
      );
      return new RouterListeners(`${clients.label} and ${local}`, opened);
    } catch (error) {
      await Promise.all(opened.map((one) => one.close()));
      if (error instanceof EtError) throw error;
      throw new EtError('ET_ERR_STATE', messageOf(error), { cause: error });
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#listening.map((one) => one.close()));
  }
}

/** `isLasting`: it can be opened again. */
type Make = (isLasting: boolean) => ListeningSocket<Socket>;

async function openClients(
  { bind, port: asked, activated }: RouterPlaces,
  make: Make,
): Promise<{ port: number; label: string }> {
  let port = asked;
  for (const fd of activated.tcp) {
    const one = make(false);
    await one.listen(inherited(fd));
    port = one.port;
  }
  if (activated.tcp.length > 0) return { port, label: `tcp port ${port} of systemd` };
  const addresses = bind.length === 0 ? [''] : bind;
  // With port 0 the first address chooses, and the others follow.
  for (const address of addresses) {
    const one = make(true);
    try {
      await one.listen(address === '' ? { port } : { host: address, port });
    } catch (error) {
      throw portFailure(formatEndpoint(address === '' ? '*' : address, port), error);
    }
    port = one.port;
  }
  const places = addresses.map((address) => formatEndpoint(address === '' ? '*' : address, port));
  return { port, label: `tcp ${places.join(', ')}` };
}

/** What each of these wants of who started the router. */
const PORT_ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'etserver router --status asks a router that runs there; another takes -p PORT',
  EACCES: 'ports below 1024 are for root: take another by -p PORT, or have systemd open it',
  EADDRNOTAVAIL: '--bind names an address of this machine',
};

function portFailure(place: string, cause: unknown): EtError {
  const code = systemCodeOf(cause);
  const advice = PORT_ADVICE[code ?? ''];
  return new EtError('ET_ERR_STATE', `cannot listen on ${place}: ${code ?? messageOf(cause)}`, {
    cause,
    ...(advice !== undefined && { advice }),
  });
}

async function openRegistration(
  deps: { readonly clock: Clock },
  { socket, activated }: RouterPlaces,
  make: Make,
): Promise<string> {
  for (const fd of activated.registration) await make(false).listen(inherited(fd));
  if (activated.registration.length > 0) return 'the registration socket of systemd';
  const sockets = new SocketFactory(deps.clock, 1);
  await listenOrReplace(make(true), { ...deps, sockets }, socket).catch((error: unknown) => {
    if (systemCodeOf(error) !== 'EADDRINUSE') throw error;
    throw new EtError('ET_ERR_STATE', `${socket} is taken (EADDRINUSE)`, {
      cause: error,
      advice:
        'etserver router --status asks the router that runs there; a second one needs a --socket PATH and a -p PORT of its own',
    });
  });
  await chmod(socket, PUBLIC_SOCKET);
  return socket;
}

/** Node takes a descriptor here, and its types do not say so. */
function inherited(fd: number): ListenOptions {
  return { fd } as ListenOptions;
}
