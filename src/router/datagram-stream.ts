import { copyOf } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { StreamSocketEvents } from '../link/stream-socket.ts';
import { FrameCutter } from '../wire/frame-cutter.ts';
import { HANDSHAKE_BYTES, MAX_ROUTED_DATAGRAM_BYTES } from '../wire/limits.ts';
import { decodeRouterOrder, encodeWay } from '../wire/routed-frames.ts';
import type { DatagramWay } from './datagram-way.ts';
import { FrameBatch } from './frame-batch.ts';
import type { Joinable } from './joinable.ts';
import type { RouteOwner } from './route-table.ts';
import type { Shares } from './shares.ts';
import { Ways } from './ways.ts';

export interface DatagramStreamEvents {
  onLinkId(stream: DatagramStream, linkId: Uint8Array, isRegistered: boolean): void;
  /** A datagram has left, by a way that it may leave by; or not, since nothing was heard there. */
  onSent(isSent: boolean): void;
  onOver(stream: DatagramStream): void;
}

/**
 * The connection by which a session server gets its datagrams and sends its own (PROTOCOL.md section 9).
 *
 *   open --- end, broken, no frame ---> over (final)
 */
export class DatagramStream implements StreamSocketEvents, RouteOwner {
  readonly uid: number;
  readonly #socket: Joinable;
  readonly #events: DatagramStreamEvents;
  readonly #cutter = new FrameCutter();
  readonly #batch: FrameBatch;
  readonly #ways: Ways<DatagramWay>;
  #isOver = false;

  constructor(
    socket: Joinable,
    uid: number,
    deps: { readonly clock: Clock; readonly wayShares: Shares },
    events: DatagramStreamEvents,
  ) {
    this.uid = uid;
    this.#socket = socket;
    this.#events = events;
    this.#ways = new Ways(deps.clock, deps.wayShares, uid, encodeDatagramWay);
    const soon = (flush: () => void): void => deps.clock.afterIo(flush);
    this.#batch = new FrameBatch(socket, soon);
  }

  /** Begins to read; `first` was read already. */
  start(first: Uint8Array): void {
    this.#socket.start(this);
    if (first.length > 0) this.onBytes(first);
  }

  /** Hands a datagram on, of which it keeps a copy. False: it is lost. */
  deliver(datagram: Uint8Array, from: DatagramWay): boolean {
    const known = this.#ways.hear(from);
    return known !== undefined && this.#batch.add([known.head, copyOf(datagram)]);
  }

  onBytes(bytes: Uint8Array): void {
    if (!this.#cutter.read(bytes, (frame) => this.#obey(frame))) this.drop();
  }

  onEnd(): void {
    this.drop();
  }

  onDrain(): void {
    // What did not fit is lost.
  }

  onClose(): void {
    this.#over();
  }

  /** Ends the connection at once. */
  drop(): void {
    if (this.#isOver) return;
    this.#socket.reset();
    this.#over();
  }

  #obey(frame: Uint8Array): boolean {
    const order = decodeRouterOrder(frame);
    if (order === undefined || this.#isOver) return false;
    if (order.kind === 'send') {
      const way = this.#ways.answer(order.way);
      way?.send([copyOf(order.datagram)]);
      this.#events.onSent(way !== undefined);
    } else {
      this.#events.onLinkId(this, order.linkId, order.kind === 'register');
    }
    return true;
  }

  #over(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#ways.clear();
    this.#events.onOver(this);
  }
}

function encodeDatagramWay(number: number, way: DatagramWay): Uint8Array {
  const { label, host, maxDatagramBytes = HANDSHAKE_BYTES.datagrams } = way;
  const largestBytes = Math.min(maxDatagramBytes, MAX_ROUTED_DATAGRAM_BYTES);
  return encodeWay({ number, label, host, largestBytes });
}
