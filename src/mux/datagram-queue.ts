import { MAX_DATAGRAM_BYTES } from '../wire/limits.ts';
import { varintSize } from '../wire/varint.ts';
import { Ring, RingNode } from './ring.ts';

/** A channel's waiting datagrams: beyond either bound the oldest goes. One alone may be of any size. */
const MAX_QUEUED_COUNT = 64;
const MAX_QUEUED_BYTES = 256 * 1024;
/** A record with less room than this is not worth a piece; every link takes records with more. */
const MIN_ROOM_BYTES = 512;
/** Frame type, and index, count and length at their longest. */
const HEAD_BYTES = 1 + 4 + 4 + 4;

/** One DATAGRAM frame's worth (PROTOCOL.md section 5). */
export interface DatagramPiece {
  readonly channel: number;
  readonly id: number;
  readonly index: number;
  readonly count: number;
  readonly bytes: Uint8Array;
}

interface Sender {
  readonly channel: number;
  readonly node: RingNode<Sender>;
  readonly waiting: Uint8Array[];
  waitingBytes: number;
  nextId: number;
  /** Progress of the first datagram; `pieceBytes` is 0 before it is begun. */
  pieceBytes: number;
  index: number;
}

/**
 * Datagrams that wait to be sent: small queues that forget their oldest, served in turn, a datagram at a time.
 *
 * Between any two calls: a sender is in the ring if and only if something of it waits.
 */
export class DatagramQueue {
  readonly #senders = new Map<number, Sender>();
  readonly #ring = new Ring<Sender>();
  #dropped = 0;

  get isReady(): boolean {
    return !this.#ring.isEmpty;
  }

  get droppedCount(): number {
    return this.#dropped;
  }

  /** Copies `bytes`. False, and counted, when they are too many for any datagram. */
  push(channel: number, bytes: Uint8Array): boolean {
    if (bytes.length > MAX_DATAGRAM_BYTES) {
      this.#dropped += 1;
      return false;
    }
    const sender = this.#senders.get(channel) ?? this.#add(channel);
    sender.waiting.push(bytes.slice());
    sender.waitingBytes += bytes.length;
    while (sender.waiting.length > 1 && isOverfull(sender)) {
      this.#shift(sender);
      this.#dropped += 1;
    }
    this.#ring.add(sender.node);
    return true;
  }

  /**
   * The next piece whose DATAGRAM frame fits into `roomBytes` of a record; `undefined` when none waits, or the room is not
   * worth it. Where a link takes only smaller records than the one that a datagram was begun for, it is begun again in
   * smaller pieces, under another id: the receiver forgets the first ones.
   */
  take(roomBytes: number): DatagramPiece | undefined {
    const sender = this.#ring.first;
    const datagram = sender?.waiting[0];
    if (sender === undefined || datagram === undefined) return undefined;
    const room = roomBytes - HEAD_BYTES - varintSize(sender.channel) - varintSize(sender.nextId);
    const at = sender.index * sender.pieceBytes;
    if (room < Math.min(datagram.length - at, MIN_ROOM_BYTES)) return undefined;
    if (sender.pieceBytes === 0 || Math.min(sender.pieceBytes, datagram.length - at) > room) {
      if (sender.index > 0) sender.nextId += 1;
      sender.index = 0;
      sender.pieceBytes = Math.max(1, Math.min(room, datagram.length));
    }
    return this.#piece(sender, datagram);
  }

  /** The channel is gone. */
  forget(channel: number): void {
    const sender = this.#senders.get(channel);
    if (sender === undefined) return;
    this.#senders.delete(channel);
    this.#ring.remove(sender.node);
  }

  #piece(sender: Sender, datagram: Uint8Array): DatagramPiece {
    const { channel, nextId: id, index, pieceBytes } = sender;
    const count = Math.max(1, Math.ceil(datagram.length / pieceBytes));
    const bytes = datagram.subarray(index * pieceBytes, (index + 1) * pieceBytes);
    sender.index += 1;
    if (sender.index === count) {
      this.#shift(sender);
      if (sender.waiting.length === 0) this.#ring.remove(sender.node);
      else this.#ring.rotate();
    }
    return { channel, id, index, count, bytes };
  }

  #shift(sender: Sender): void {
    sender.waitingBytes -= sender.waiting.shift()?.length ?? 0;
    if (sender.pieceBytes > 0) sender.nextId += 1;
    sender.pieceBytes = 0;
    sender.index = 0;
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
