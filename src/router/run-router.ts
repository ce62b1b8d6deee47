import { lstat } from 'node:fs/promises';
import type { networkInterfaces } from 'node:os';
import type { Logger } from '../base/logger.ts';
import { BufferedSockets } from '../link/socket-factory.ts';
import { StreamSocket } from '../link/stream-socket.ts';
import { Claims } from './claims.ts';
import { prepareRegistration } from './registration-place.ts';
import { Router, type RouterDeps } from './router.ts';
import { openRouterDatagrams, type RouterDatagramSockets } from './router-datagram-sockets.ts';
import { RouterListeners, type RouterPlaces } from './router-listeners.ts';

export interface RunRouterOptions
  extends Omit<RouterDeps, 'claims' | 'sockets'>,
    Omit<RouterPlaces, 'port'> {
  /** Where to listen; 0: any. */
  readonly port: number;
  /** Whether datagrams of UDP are taken on the same port. */
  readonly hasUdp: boolean;
  readonly interfaces: typeof networkInterfaces;
  readonly ownUid: number;
  readonly logger: Logger;
  /** It cannot go on. */
  readonly onLost: () => void;
}

/** One read; on loopback it halves the system calls of 64 KiB, and all sockets share it. */
const READ_BUFFER_BYTES: number = 256 * 1024;

export interface RunningRouter {
  readonly router: Router;
  /** Accepts no more, and ends every connection. */
  close(): Promise<void>;
}

/** A router that listens. Rejects with ET_ERR_STATE where it cannot. */
export async function runRouter(options: RunRouterOptions): Promise<RunningRouter> {
  const { clock, random, logger, socket, ownUid } = options;
  const directory = await prepareRegistration(socket, ownUid);
  const sockets = new BufferedSockets<StreamSocket>(
    (own, about) => new StreamSocket(own, about),
    READ_BUFFER_BYTES,
  );
  const router = new Router({
    ...options,
    sockets,
    claims: new Claims(directory, random, (path) => lstat(path)),
  });
  let datagrams: RouterDatagramSockets | undefined;
  const openUdp = async (port: number): Promise<void> => {
    const places = { bind: options.bind, port, descriptors: options.activated.udp };
    datagrams = await openRouterDatagrams(options, places, {
      onDatagram: (bytes, from) => router.acceptDatagram(bytes, from),
      onTrouble: (error) => logger.log(0, error.message),
    });
    router.hasDatagrams = datagrams !== undefined;
  };
  const listeners = await RouterListeners.open({ clock, random }, options, {
    onPort: async (port) => {
      router.port = port;
      if (options.hasUdp) await openUdp(port);
    },
    onClient: (client) => router.acceptClient(client),
    onLocal: (local) => router.acceptLocal(local),
    onTrouble: (error) => logger.log(0, `accepting: ${error.message}`),
    onLost: (error) => {
      logger.log(0, `accepting from a socket of systemd: ${error.message}`);
      options.onLost();
    },
  }).catch((error: unknown) => {
    datagrams?.close();
    throw error;
  });
  if (datagrams !== undefined) logger.log(0, `router: ${datagrams.label}`);
  logger.log(0, `router: ${listeners.label}`);
  const close = async (): Promise<void> => {
    const closed = listeners.close();
    datagrams?.close();
    router.close();
    await closed;
  };
  return { router, close };
}
