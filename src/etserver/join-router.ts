import { mkdirSync, rmdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Clock } from '../base/clock.ts';
import type { RandomSource } from '../base/random.ts';
import type { Carrier } from '../link/carrier.ts';
import { SocketFactory } from '../link/socket-factory.ts';
import { unixDial } from '../link/unix-dial.ts';
import type { DatagramHub } from './datagram-hub.ts';
import { RouterDatagrams } from './router-datagrams.ts';
import { RouterRegistration } from './router-registration.ts';

/** A session is not kept waiting for a router: after this it has a port of its own, in milliseconds. */
const REGISTERED_WITHIN_MS = 300;

export interface JoinRouterDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Path of the router's registration socket. */
  readonly socket: string;
  readonly onCarrier: (carrier: Carrier) => void;
  readonly onDatagram: DatagramHub['receive'];
}

/** A registration at the router that listens on `socket`; `undefined` where that has not come about soon. */
export async function joinRouter(
  { clock, random, socket, onCarrier, onDatagram }: JoinRouterDeps,
  secret: Uint8Array,
): Promise<RouterRegistration | undefined> {
  const dial = unixDial(clock, new SocketFactory(clock), socket);
  const registration = new RouterRegistration({
    clock,
    random,
    dial,
    claimsDirectory: join(dirname(socket), 'claims'),
    makeDirectory: (path) => mkdirSync(path, { mode: 0o700 }),
    removeDirectory: (path) => rmdirSync(path),
    onCarrier,
    datagrams: new RouterDatagrams({ clock, dial, onDatagram }),
  });
  return (await registration.start(secret, REGISTERED_WITHIN_MS)) ? registration : undefined;
}
