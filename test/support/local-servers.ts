import { once } from 'node:events';
import { connect, type Socket as NetSocket } from 'node:net';
import { SystemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { routeIdOf } from '../../src/crypto/route-id.ts';
import { type JoinRouterDeps, joinRouter } from '../../src/etserver/join-router.ts';
import type { RouterRegistration } from '../../src/etserver/router-registration.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import { HANDSHAKE_BYTES, HELLO_MAGIC } from '../../src/wire/limits.ts';

const clock = new SystemClock();

/** What is registered at a router in the place of a session server, and does as a test says. */
export interface LocalServer {
  readonly registration: RouterRegistration;
  readonly routeId: Uint8Array;
}

/** `undefined` where the router does not take it. */
export async function localServer(
  socket: string,
  onCarrier: (carrier: Carrier) => void,
  onDatagram: JoinRouterDeps['onDatagram'] = () => undefined,
): Promise<LocalServer | undefined> {
  const secret = systemRandom.bytes(32);
  const deps = { clock, random: systemRandom, socket, onCarrier, onDatagram };
  const registration = await joinRouter(deps, secret);
  return registration && { registration, routeId: routeIdOf(secret) };
}

/** Answers everything behind a hello by itself. */
export function echo(carrier: Carrier): void {
  let left: number = HANDSHAKE_BYTES.bytes;
  carrier.start({
    onBytes: (bytes) => {
      const rest = bytes.slice(Math.min(left, bytes.length));
      left = Math.max(0, left - bytes.length);
      if (rest.length > 0) carrier.write([rest]);
    },
    onClose: () => undefined,
  });
}

/** As long and as well begun as a true one. */
export function helloFor(routeId: Uint8Array): Uint8Array {
  const bytes = systemRandom.bytes(HANDSHAKE_BYTES.bytes);
  bytes.set(HELLO_MAGIC);
  bytes[4] = 1;
  bytes[5] = 1;
  bytes.set(routeId, 6);
  return bytes;
}

/** A connection to a router that has said its hello. */
export async function helloTo(port: number, routeId: Uint8Array): Promise<NetSocket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true });
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  socket.write(helloFor(routeId));
  return socket;
}

/** One round trip of a byte through a router, in milliseconds. */
export async function roundTrip(socket: NetSocket): Promise<number> {
  const startedMs = performance.now();
  socket.write('k');
  await once(socket, 'data');
  return performance.now() - startedMs;
}
