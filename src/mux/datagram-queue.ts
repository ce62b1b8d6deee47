import { copyOf } from '../base/bytes.ts';
import type { Clock } from '../base/clock.ts';
import type { DatagramPiece } from '../wire/frames.ts';
import { MAX_DATAGRAM_BYTES } from '../wire/limits.ts';
import { varintSize } from '../wire/varint.ts';
import { Ring, RingNode } from './ring.ts';

/** A channel's waiting datagrams: beyond either bound the oldest goes. One alone may be of any size. */
const MAX_QUEUED_COUNT = 64;
const MAX_QUEUED_BYTES = 256 * 1024;
/** The same for all channels together. */
const MAX_TOTAL_BYTES: number = 8 * 1024 * 1024;
/** One that has waited longer is worth nothing: whoever sent it has asked again. In milliseconds. */
const MAX_WAIT_MS = 2000;
/** A record with less room than this is not worth a piece; every link takes records with more. */
const MIN_ROOM_BYTES = 512;
/** Half of what a link has in flight at the least: a larger piece could wait for ever for its room. */
const MAX_PIECE_BYTES = 4096;
/** Pieces are smaller than the room that the first of them finds, as the next record may have more to carry beside its own. */
const PIECE_PER_ROOM = 3 / 4;
/** Frame type, and index, count and length at their longest. */
const HEAD_BYTES = 1 + 4 + 4 + 4;

interface Waiting {
  readonly bytes: Uint8Array;
  readonly sinceMs: number;
}

interface Sender {
  readonly channel: number;
  readonly node: RingNode<Sender>;
  readonly waiting: Waiting[];
  waitingBytes: number;
  nextId: number;
  /** Progress of the first datagram; `pieceBytes` is 0 before it is begun. */
  pieceBytes: number;
  index: number;
}

/**
 * Datagrams that wait to be sent: small queues that forget their oldest, served in turn, a datagram at a time.
 *
 * Between any two calls: a sender is in the ring if and only if something of it waits and is not held; `#totalBytes` is the sum of
 * what waits.
 */
export class DatagramQueue {
  readonly #clock: Clock;
  readonly #onDrop: (channel: number) => void;
  readonly #senders = new Map<number, Sender>();
  readonly #ring = new Ring<Sender>();
  #totalBytes = 0;

  constructor(clock: Clock, onDrop: (channel: number) => void) {
    this.#clock = clock;
    this.#onDrop = onDrop;
  }

  get isReady(): boolean {
    return !this.#ring.isEmpty;
  }

  /**
   * Copies `bytes`. False when they are too many for any datagram, or no room could be made. What is pushed as `held` waits for
   * `release`; until then all of that channel's must be.
   */
  push(channel: number, bytes: Uint8Array, isHeld: boolean): boolean {
    if (bytes.length > MAX_DATAGRAM_BYTES) {
      this.#onDrop(channel);
      return false;
    }
    const sender = this.#senders.get(channel) ?? this.#add(channel);
    sender.waiting.push({ bytes: copyOf(bytes), sinceMs: this.#clock.now() });
    sender.waitingBytes += bytes.length;
    this.#totalBytes += bytes.length;
    if (!isHeld) this.#ring.add(sender.node);
    while (sender.waiting.length > 1 && isOverfull(sender)) this.#drop(sender);
    while (this.#totalBytes > MAX_TOTAL_BYTES) {
      this.#drop(sender.waiting.length > 1 ? sender : (this.#ring.first ?? sender));
    }
    return sender.waiting.length > 0;
  }

  /** What was held may go. */
  release(channel: number): void {
    const sender = this.#senders.get(channel);
    if (sender !== undefined && sender.waiting.length > 0) this.#ring.add(sender.node);
  }

  /**
   * The next piece whose DATAGRAM frame fits into `roomBytes` of a record; `undefined` when none waits, or the room is not
   * worth it. A piece that would fit into a record of `recordBytes` waits for one. Where a link takes only smaller records than
   * the one that a datagram was begun for, it is begun again in smaller pieces, under another id: the receiver forgets the first
   * ones.
   */
  take(roomBytes: number, recordBytes: number = roomBytes): DatagramPiece | undefined {
    const sender = this.#firstFresh();
    const datagram = sender?.waiting[0]?.bytes;
    if (sender === undefined || datagram === undefined) return undefined;
    const head = HEAD_BYTES + varintSize(sender.channel) + varintSize(sender.nextId);
    const room = roomBytes - head;
    if (sender.index > 0) {
      const left = datagram.length - sender.index * sender.pieceBytes;
      const next = Math.min(sender.pieceBytes, left);
      if (next <= room) return this.#piece(sender, datagram);
      if (next <= recordBytes - head) return undefined;
      sender.nextId += 1;
      sender.index = 0;
    }
    if (room < Math.min(datagram.length, MIN_ROOM_BYTES)) return undefined;
    sender.pieceBytes = pieceBytesFor(datagram.length, room);
    return this.#piece(sender, datagram);
  }

  /** The channel is gone. */
  forget(channel: number): void {
    const sender = this.#senders.get(channel);
    if (sender === undefined) return;
    this.#senders.delete(channel);
    this.#ring.remove(sender.node);
    this.#totalBytes -= sender.waitingBytes;
  }

  /** Whose turn it is, once the datagrams that are too old are gone. */
  #firstFresh(): Sender | undefined {
    const oldestMs = this.#clock.now() - MAX_WAIT_MS;
    for (;;) {
      const sender = this.#ring.first;
      const first = sender?.waiting[0];
      if (sender === undefined || first === undefined || first.sinceMs >= oldestMs) return sender;
      this.#drop(sender);
    }
  }

  #piece(sender: Sender, datagram: Uint8Array): DatagramPiece {
    const { channel, nextId: id, index, pieceBytes } = sender;
    const count = Math.max(1, Math.ceil(datagram.length / pieceBytes));
    const bytes = datagram.subarray(index * pieceBytes, (index + 1) * pieceBytes);
    sender.index += 1;
    if (sender.index === count) {
      this.#shift(sender);
      if (sender.waiting.length > 0) this.#ring.rotate();
    }
    return { channel, id, index, count, bytes };
  }

  #drop(sender: Sender): void {
    this.#shift(sender);
    this.#onDrop(sender.channel);
  }

  #shift(sender: Sender): void {
    const bytes = sender.waiting.shift()?.bytes.length ?? 0;
    sender.waitingBytes -= bytes;
    this.#totalBytes -= bytes;
    if (sender.pieceBytes > 0) sender.nextId += 1;
    sender.pieceBytes = 0;
    sender.index = 0;
    if (sender.waiting.length === 0) this.#ring.remove(sender.node);
  }

  #add(channel: number): Sender {
    const sender: Sender = {
      channel,
      get node() {
        return node;
      },
      waiting: [],
      waitingBytes: 0,
      nextId: 0,
      pieceBytes: 0,
      index: 0,
    };
    const node = new RingNode<Sender>(sender);
    this.#senders.set(channel, sender);
    return sender;
  }
}

function isOverfull(sender: Sender): boolean {
  return sender.waiting.length > MAX_QUEUED_COUNT || sender.waitingBytes > MAX_QUEUED_BYTES;
}

/** All of it where it fits. 1 for an empty one, which is one piece too. */
function pieceBytesFor(datagramBytes: number, room: number): number {
  if (datagramBytes <= room) return Math.max(1, datagramBytes);
  const bytes = Math.floor(room * PIECE_PER_ROOM);
  return Math.min(Math.max(bytes, MIN_ROOM_BYTES), MAX_PIECE_BYTES);
}
