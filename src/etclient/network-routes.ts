import { fromHex } from '../base/bytes.ts';
import type { Channel, ChannelEvents, OpenRequest } from '../mux/channel.ts';
import { ROUTE_ID_BYTES } from '../wire/limits.ts';
import { type JsonObject, REASON } from '../wire/messages.ts';

/** Route ids that are asked for at a time. */
const BATCH = 4;
/** With fewer left than this, more are asked for: the next network may come before they do. */
const MIN_SPARE = 2;
/** Beyond it the oldest batch is given back, with the networks that it was used on; the server has no more than 64. */
const MAX_BATCHES = 8;

/** Where channels are opened: the session's mux. */
export interface RouteOpener {
  open(request: OpenRequest, events: ChannelEvents): Channel;
}

interface Batch {
  readonly channel: Channel;
  readonly spare: Uint8Array[];
  /** Networks that have an id of it. */
  readonly networks: string[];
}

/**
 * Which route id each hello carries. It is in the clear: with one id for all networks, whoever sees two of them would know that the
 * same client is on both. So each network has an id of its own, as long as the server has given enough of them; the first network has
 * the one of the bootstrap, which also serves where no other is at hand.
 *
 * Between any two calls: a network has one id, and no id is that of two networks but the first.
 */
export class NetworkRoutes {
  readonly #first: Uint8Array;
  /** Says which network this machine is on. */
  readonly #network: () => string;
  readonly #firstNetwork: string;
  readonly #known = new Map<string, Uint8Array>();
  readonly #batches: Batch[] = [];
  #opener: RouteOpener | undefined;
  #isAsking = false;
  #isRefused = false;

  constructor(first: Uint8Array, network: () => string) {
    this.#first = first;
    this.#network = network;
    this.#firstNetwork = network();
  }

  /** The id for the network of this moment. */
  current(): Uint8Array {
    const network = this.#network();
    if (network === this.#firstNetwork) return this.#first;
    const known = this.#known.get(network);
    if (known !== undefined) return known;
    const batch = this.#batches.find(({ spare }) => spare.length > 0);
    const fresh = batch?.spare.shift();
    if (batch !== undefined && fresh !== undefined) {
      batch.networks.push(network);
      this.#known.set(network, fresh);
    }
    this.#askForMore();
    return fresh ?? this.#first;
  }

  /** A link is there: asks the server for ids, unless some are left. From now on it does so whenever few are, over whatever link. */
  refill(opener: RouteOpener): void {
    this.#opener = opener;
    this.#askForMore();
  }

  /** Without a link the question waits in `#opener`, as all questions do: there is one at a time. */
  #askForMore(): void {
    const spareCount = this.#batches.reduce((sum, { spare }) => sum + spare.length, 0);
    if (spareCount >= MIN_SPARE || this.#isAsking || this.#isRefused) return;
    if (this.#batches.length >= MAX_BATCHES) this.#giveBackOldest();
    try {
      if (this.#opener !== undefined) this.#ask(this.#opener);
    } catch {
      // Too many channels, or an end: a dial needs an id, not fresh ones.
      this.#isAsking = false;
    }
  }

  #ask(opener: RouteOpener): void {
    this.#isAsking = true;
    const request = {
      kind: 'routes',
      metadata: { count: BATCH },
      priority: 'interactive',
      credit: 0,
    } as const;
    const channel = opener.open(request, {
      onData: (bytes) => channel.consumed(bytes.length),
      onAccept: (metadata) => this.#onAccept(channel, metadata),
      onRefuse: (_error, { code }) => {
        // Where there is no router there will be none; what went wrong may go right another time.
        this.#isRefused = code === REASON.notFound || code === REASON.unknownKind;
      },
      onClose: () => {
        this.#isAsking = false;
        this.#forget(channel);
      },
    });
  }

  #onAccept(channel: Channel, { routes }: JsonObject): void {
    this.#isAsking = false;
    const list: readonly unknown[] = Array.isArray(routes) ? routes : [];
    const spare = list.flatMap((each) => {
      const id = typeof each === 'string' ? fromHex(each) : undefined;
      return id?.length === ROUTE_ID_BYTES ? [id] : [];
    });
    this.#batches.push({ channel, spare: spare.slice(0, BATCH), networks: [] });
  }

  /** Not the one whose id is in use now. */
  #giveBackOldest(): void {
    const network = this.#network();
    const oldest = this.#batches.find(({ networks }) => !networks.includes(network));
    oldest?.channel.reset();
  }

  /** Its ids are good no more. */
  #forget(channel: Channel): void {
    const at = this.#batches.findIndex((batch) => batch.channel === channel);
    if (at < 0) return;
    for (const network of this.#batches[at]?.networks ?? []) this.#known.delete(network);
    this.#batches.splice(at, 1);
  }
}

/**
 * The addresses of this machine that others can see, as one text: another network, another text. Finer than `networkKey`: two homes with the
 * same subnet must not be linked by an id.
 */
export function networkOf(
  interfaces: Readonly<
    Record<string, readonly { readonly address: string; readonly internal: boolean }[] | undefined>
  >,
): string {
  const addresses = Object.values(interfaces).flatMap((each) =>
    (each ?? []).flatMap(({ address, internal }) => (internal ? [] : [address])),
  );
  return [...new Set(addresses)].sort().join(' ');
}
