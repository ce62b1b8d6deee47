import { utf8 } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import type { Carrier, Dial } from '../link/carrier.ts';
import { MAX_ROUTED_DATAGRAM_BYTES, MAX_WAYS } from '../wire/limits.ts';
import { linkIdKey } from '../wire/link-id.ts';
import {
  decodeRoutedDatagram,
  encodeLinkId,
  encodeSend,
  type RoutedWay,
} from '../wire/routed-frames.ts';
import type { HubPath } from './datagram-hub.ts';
import { FrameStream } from './frame-stream.ts';

/** Waits before it comes again for its datagrams, the last for ever, in milliseconds. */
const RETRY_MS: readonly number[] = [250, 500, 1000, 2000, 5000];

export interface RouterDatagramDeps {
  readonly clock: Clock;
  /** To the router's registration socket. */
  readonly dial: Dial;
  /** A datagram has come; it is valid until the call returns. */
  readonly onDatagram: (datagram: Uint8Array, from: HubPath) => void;
}

/**
 * The datagrams of a session server behind a router: a connection of its own, on which they come and go in frames (PROTOCOL.md
 * section 9).
 *
 *   away --begin--> connecting ----> open --- lost ---> waiting --- due ---> connecting          any --end--> away
 *
 * Between any two calls: the router knows `#linkIds` while it is open, and there is a timer only while it is waiting.
 */
export class RouterDatagrams {
  readonly #deps: RouterDatagramDeps;
  readonly #linkIds = new Map<string, Uint8Array>();
  /** By label, in the order in which they were made; those that are gone are made again. */
  readonly #paths = new Map<string, RouterPath>();
  /** As the stream that is open numbers them. */
  readonly #pathByNumber = new Map<number, RouterPath>();
  #token: string | undefined;
  #stream: FrameStream | undefined;
  #abort: AbortController | undefined;
  #retry: Timer | undefined;
  #failures = 0;

  constructor(deps: RouterDatagramDeps) {
    this.#deps = deps;
  }

  /** Comes for the datagrams by `token`, until `end`. */
  begin(token: string): void {
    if (token === this.#token) return;
    this.end();
    this.#token = token;
    this.#connect();
  }

  /** There is no router, or it has no datagrams. Link ids are kept for the next. */
  end(): void {
    this.#token = undefined;
    this.#failures = 0;
    this.#retry?.cancel();
    this.#abort?.abort();
    this.#stream?.reset();
    this.#stream = undefined;
  }

  /** Datagrams with `linkId` are ours from now on, or no longer. */
  setLinkId(linkId: Uint8Array, isOurs: boolean): void {
    if (isOurs) this.#linkIds.set(linkIdKey(linkId), linkId);
    else this.#linkIds.delete(linkIdKey(linkId));
    this.#stream?.batch.push([encodeLinkId(linkId, isOurs)]);
  }

  #connect(): void {
    const abort = new AbortController();
    this.#abort = abort;
    this.#deps.dial(abort.signal).then(
      (carrier) => {
        if (abort.signal.aborted) carrier.reset();
        else this.#open(carrier, abort.signal);
      },
      () => {
        if (!abort.signal.aborted) this.#onLost();
      },
    );
  }

  #open(carrier: Carrier, signal: AbortSignal): void {
    const stream = new FrameStream(carrier, this.#deps.clock, {
      onFrame: (own, frame) => this.#receive(own, frame),
      onOver: () => {
        if (!signal.aborted) this.#onLost();
      },
    });
    this.#stream = stream;
    this.#pathByNumber.clear();
    carrier.write([utf8(`${JSON.stringify({ datagrams: this.#token })}\n`)]);
    for (const linkId of this.#linkIds.values()) stream.batch.push([encodeLinkId(linkId, true)]);
    stream.start();
  }

  #receive(stream: FrameStream, frame: Uint8Array): boolean {
    const read = decodeRoutedDatagram(frame);
    if (read === undefined) return false;
    this.#failures = 0;
    const known = this.#pathByNumber.get(read.wayNumber);
    const path = known ?? this.#pathOf(stream, read.readWay());
    this.#deps.onDatagram(read.datagram, path);
    return true;
  }

  /** The router gives a way that it has forgotten another number. */
  #pathOf(stream: FrameStream, way: RoutedWay): RouterPath {
    const path = this.#paths.get(way.label) ?? new RouterPath(way.label, way.host);
    this.#paths.delete(way.label);
    keepWithin(this.#paths, MAX_WAYS);
    this.#paths.set(way.label, path);
    path.maxDatagramBytes = way.largestBytes;
    path.leadBy(stream, way.number);
    keepWithin(this.#pathByNumber, MAX_WAYS);
    this.#pathByNumber.set(way.number, path);
    return path;
  }

  #onLost(): void {
    this.#stream = undefined;
    const waitMs = RETRY_MS[Math.min(this.#failures, RETRY_MS.length - 1)] ?? 0;
    this.#failures += 1;
    this.#retry = this.#deps.clock.schedule(waitMs, () => this.#connect());
  }
}

/** Forgets the oldest until there is room for one more below `most`. */
function keepWithin<Key>(map: Map<Key, unknown>, most: number): void {
  for (const oldest of map.keys()) {
    if (map.size < most) return;
    map.delete(oldest);
  }
}

/** A way to a client by the router. What is sent while the router has not heard of it again is lost. */
class RouterPath implements HubPath {
  readonly label: string;
  readonly host: string;
  maxDatagramBytes: number | undefined;
  #stream: FrameStream | undefined;
  #number = 0;

  constructor(label: string, host: string) {
    this.label = label;
    this.host = host;
  }

  leadBy(stream: FrameStream, number: number): void {
    this.#stream = stream;
    this.#number = number;
  }

  /** What no router hands on is lost here. */
  send(pieces: readonly Uint8Array[]): void {
    if (this.#stream?.isOver !== false) return;
    const bytes = pieces.reduce((sum, { length }) => sum + length, 0);
    if (bytes > MAX_ROUTED_DATAGRAM_BYTES) return;
    this.#stream.batch.add([encodeSend(this.#number), ...pieces]);
  }
}
