import type { Clock } from '../base/clock.ts';
import type { RandomSource } from '../base/random.ts';
import { routeIdOf } from '../crypto/route-id.ts';
import type { Carrier } from '../link/carrier.ts';
import type { BootstrapRequest } from '../wire/bootstrap-request.ts';
import { SECRET_BYTES } from '../wire/limits.ts';
import { DatagramHub } from './datagram-hub.ts';
import type { JoinRouterDeps } from './join-router.ts';
import { RouteChannels } from './route-channels.ts';
import type { RouterRegistration } from './router-registration.ts';

/** By what a session server is known to a router, whether there is one or not. */
export interface OwnRoute {
  readonly id: Uint8Array;
  /** The router that clients come by; `undefined`: the session server listens itself. */
  readonly router: RouterRegistration | undefined;
  readonly channels: RouteChannels | undefined;
}

/** What comes by a router. */
export type RouteEvents = Pick<JoinRouterDeps, 'onCarrier' | 'onDatagram'>;

export interface OwnRouteDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  /** Registers a session server at the router of this machine; `undefined` where there is none, or it does not answer in time. */
  readonly joinRouter: (
    secret: Uint8Array,
    events: RouteEvents,
  ) => Promise<RouterRegistration | undefined>;
}

/** Draws a route, and registers it where there is a router; not for who has asked for a place to listen on. */
export async function ownRoute(
  { clock, random, joinRouter }: OwnRouteDeps,
  { bind, extra }: BootstrapRequest,
  onCarrier: (carrier: Carrier) => void,
): Promise<OwnRoute> {
  const drawSecret = (): Uint8Array => random.bytes(SECRET_BYTES);
  const secret = drawSecret();
  const isOnItsOwn = extra?.['local'] === true || bind !== '' || extra?.['portAsked'] === true;
  const hub = new DatagramHub(clock, {
    onCarrier,
    onLinkId: (linkId, isOurs) => router?.setLinkId(linkId, isOurs),
  });
  const onDatagram: RouteEvents['onDatagram'] = (datagram, from) => hub.receive(datagram, from);
  const router = isOnItsOwn ? undefined : await joinRouter(secret, { onCarrier, onDatagram });
  const channels = router && new RouteChannels({ registration: router, drawSecret, routeIdOf });
  return { id: routeIdOf(secret), router, channels };
}
