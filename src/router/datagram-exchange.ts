import { toHex } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { RandomSource } from '../base/random.ts';
import { parseHello } from '../wire/hello.ts';
import { MAX_ROUTED_DATAGRAM_BYTES } from '../wire/limits.ts';
import { hasLinkId, linkIdKey } from '../wire/link-id.ts';
import { DatagramStream } from './datagram-stream.ts';
import type { DatagramWay } from './datagram-way.ts';
import { HelloAllowance } from './hello-allowance.ts';
import type { Joinable } from './joinable.ts';
import { LinkIds } from './link-ids.ts';
import type { RouteOwner } from './route-table.ts';
import type { RouterLimits } from './router-limits.ts';
import { Shares } from './shares.ts';

const TOKEN_BYTES = 16;

/** What has passed since the start, in datagrams. */
export interface DatagramCounters {
  /** Link ids that are registered. */
  readonly links: number;
  /** Addresses that are remembered. */
  readonly addresses: number;
  readonly toServers: number;
  readonly toClients: number;
  /** Of those for a session server, or from one: lost here. */
  readonly dropped: number;
  /** Of unknown routes and links, and what is neither a hello nor a record. */
  readonly strange: number;
}

/** What a session server has beside its registration. */
interface Offer {
  readonly token: string;
  readonly uid: number;
  readonly allowance: HelloAllowance;
  stream: DatagramStream | undefined;
}

/**
 * Hands datagrams on: a hello to the session server of its route id, a record to the one that has registered its link id, and back.
 * It reads nothing behind them, and keeps nothing of what is neither.
 *
 * Between any two calls: a token is that of one registered session server, which has at most one stream; link ids are those of streams
 * that are open.
 */
export class DatagramExchange<Owner extends RouteOwner> {
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #ownerOf: (routeId: string) => Owner | undefined;
  readonly #wayShares: Shares;
  readonly #linkIds: LinkIds<DatagramStream>;
  readonly #offers = new Map<Owner, Offer>();
  readonly #offersByToken = new Map<string, Offer>();
  #toServers = 0;
  #toClients = 0;
  #dropped = 0;
  #strange = 0;

  constructor(
    deps: { readonly clock: Clock; readonly random: RandomSource; readonly limits: RouterLimits },
    ownerOf: (routeId: string) => Owner | undefined,
  ) {
    const { ways, linkIds, userShare } = deps.limits;
    this.#clock = deps.clock;
    this.#random = deps.random;
    this.#ownerOf = ownerOf;
    this.#wayShares = new Shares(ways, userShare);
    this.#linkIds = new LinkIds(new Shares(linkIds, userShare));
  }

  get counters(): DatagramCounters {
    return {
      links: this.#linkIds.count,
      addresses: this.#wayShares.count,
      toServers: this.#toServers,
      toClients: this.#toClients,
      dropped: this.#dropped,
      strange: this.#strange,
    };
  }

  /** By what `owner`, who is registered, is known when it comes for its datagrams: as often as it likes. */
  tokenFor(owner: Owner): string {
    const known = this.#offers.get(owner);
    if (known !== undefined) return known.token;
    const token = toHex(this.#random.bytes(TOKEN_BYTES));
    const allowance = new HelloAllowance(this.#clock);
    const offer: Offer = { token, uid: owner.uid, allowance, stream: undefined };
    this.#offers.set(owner, offer);
    this.#offersByToken.set(token, offer);
    return token;
  }

  /** A connection has shown a token, and `rest` behind it. It takes the place of an earlier one. */
  take(socket: Joinable, token: string, rest: Uint8Array): void {
    const offer = this.#offersByToken.get(token);
    if (offer === undefined) {
      socket.reset();
      return;
    }
    offer.stream?.drop();
    const deps = { clock: this.#clock, wayShares: this.#wayShares };
    offer.stream = new DatagramStream(socket, offer.uid, deps, {
      onLinkId: (stream, linkId, isRegistered) => {
        if (isRegistered) this.#linkIds.add(stream, linkIdKey(linkId));
        else this.#linkIds.remove(stream, linkIdKey(linkId));
      },
      onSent: (isSent) => {
        if (isSent) this.#toClients += 1;
        else this.#dropped += 1;
      },
      onOver: (stream) => {
        this.#linkIds.forget(stream);
        if (offer.stream === stream) offer.stream = undefined;
      },
    });
    offer.stream.start(rest);
  }

  /** A datagram has come from the network; it is valid until the call returns. */
  receive(datagram: Uint8Array, from: DatagramWay): void {
    const stream = this.#streamFor(datagram);
    if (stream === undefined) this.#strange += 1;
    else if (stream.deliver(datagram, from)) this.#toServers += 1;
    else this.#dropped += 1;
  }

  /** `owner` is registered no more. */
  forget(owner: Owner): void {
    const offer = this.#offers.get(owner);
    if (offer === undefined) return;
    this.#offers.delete(owner);
    this.#offersByToken.delete(offer.token);
    offer.stream?.drop();
  }

  /** Whose it is; `undefined` for what is nobody's, and for hellos in excess. */
  #streamFor(datagram: Uint8Array): DatagramStream | undefined {
    if (hasLinkId(datagram)) {
      if (datagram.length > MAX_ROUTED_DATAGRAM_BYTES) return undefined;
      return this.#linkIds.ownerOf(linkIdKey(datagram));
    }
    const hello = parseHello('datagrams', datagram);
    const owner = hello && this.#ownerOf(toHex(hello.routeId));
    const offer = owner && this.#offers.get(owner);
    return offer?.stream !== undefined && offer.allowance.take() ? offer.stream : undefined;
  }
}
