import { toHex } from '../base/bytes.ts';
import { EtError, messageOf } from '../base/errors.ts';
import type { IncomingOpen } from '../mux/channel.ts';
import { MAX_LIVE_ROUTES, MAX_ROUTES_ASKED } from '../wire/limits.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';
import type { RouterRegistration } from './router-registration.ts';

export interface RouteChannelDeps {
  /** Where the router is told of secrets. */
  readonly registration: Pick<RouterRegistration, 'add' | 'remove'>;
  readonly drawSecret: () => Uint8Array;
  readonly routeIdOf: (secret: Uint8Array) => Uint8Array;
}

/**
 * Gives clients fresh route ids, so that who sees one on one network does not know the next: the channels of kind `routes` of
 * PROTOCOL.md section 8. What a channel was given is good as long as it is open.
 *
 * Between any two calls: at most 64 ids are good, or about to be.
 */
export class RouteChannels {
  readonly #deps: RouteChannelDeps;
  #liveCount = 0;

  constructor(deps: RouteChannelDeps) {
    this.#deps = deps;
  }

  /** @throws {EtError} ET_ERR_CHANNEL_METADATA, and `incoming` is then still to be answered. */
  open(incoming: IncomingOpen): void {
    const count = countOf(incoming.metadata);
    const { registration, drawSecret } = this.#deps;
    if (this.#liveCount + count > MAX_LIVE_ROUTES) {
      incoming.refuse(
        REASON.limit,
        `${this.#liveCount} of ${MAX_LIVE_ROUTES} routes are given out`,
      );
    } else {
      this.#liveCount += count;
      const secrets = Array.from({ length: count }, drawSecret);
      registration.add(secrets).then(
        () => this.#accept(incoming, secrets),
        (error: unknown) => {
          this.#liveCount -= count;
          if (!incoming.isCancelled) incoming.refuse(REASON.failed, messageOf(error));
        },
      );
    }
  }

  #accept(incoming: IncomingOpen, secrets: readonly Uint8Array[]): void {
    const giveBack = (): void => {
      this.#liveCount -= secrets.length;
      this.#deps.registration.remove(secrets);
    };
    if (incoming.isCancelled) {
      giveBack();
      return;
    }
    const routes = secrets.map((secret) => toHex(this.#deps.routeIdOf(secret)));
    const channel = incoming.accept(
      { routes },
      {
        onData: (bytes) => channel.consumed(bytes.length),
        onEof: () => channel.end(),
        onClose: giveBack,
      },
      { priority: 'interactive', credit: 0 },
    );
  }
}

function countOf(metadata: JsonObject): number {
  const { count } = metadata as { count?: unknown };
  const isCount = typeof count === 'number' && Number.isInteger(count);
  if (isCount && count >= 1 && count <= MAX_ROUTES_ASKED) return count;
  throw new EtError(
    'ET_ERR_CHANNEL_METADATA',
    `routes: count is not a whole number in 1..${MAX_ROUTES_ASKED}`,
  );
}
