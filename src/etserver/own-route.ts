import type { RandomSource } from '../base/random.ts';
import { routeIdOf } from '../crypto/route-id.ts';
import type { BootstrapRequest } from '../wire/bootstrap-request.ts';
import { SECRET_BYTES } from '../wire/limits.ts';
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
  readonly random: RandomSource;
  /** Registers a session server at the router of this machine; `undefined` where there is none, or it does not answer in time. */
  readonly joinRouter: (
    secret: Uint8Array,
    events: RouteEvents,
  ) => Promise<RouterRegistration | undefined>;
}

/** Draws a route, and registers it where there is a router; not for who has asked for a place to listen on. */
export async function ownRoute(
  { random, joinRouter }: OwnRouteDeps,
  { bind, extra }: BootstrapRequest,
  events: RouteEvents,
): Promise<OwnRoute> {
  const drawSecret = (): Uint8Array => random.bytes(SECRET_BYTES);
  const secret = drawSecret();
  const isOnItsOwn = extra?.['local'] === true || bind !== '' || extra?.['portAsked'] === true;
  const router = isOnItsOwn ? undefined : await joinRouter(secret, events);
  const channels = router && new RouteChannels({ registration: router, drawSecret, routeIdOf });
  return { id: routeIdOf(secret), router, channels };
}
