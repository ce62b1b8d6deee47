import type { EtError } from '../base/errors.ts';
import type { JsonObject } from '../wire/messages.ts';
import type { Priority } from './priority.ts';

/** Why a channel was refused or reset, as the wire says it: a code of `REASON` (src/wire/messages.ts) and a text, perhaps empty. */
export interface ChannelReason {
  readonly code: number;
  readonly text: string;
}

/**
 * What a channel tells its owner. `onAccept` or `onRefuse` comes first (at the opener only), then data, notes and the end of
 * file in the order in which the peer sent them. `onClose` comes exactly once, last, however the channel ended.
 */
export interface ChannelEvents {
  /** Bytes of the peer, valid until the call returns. Say `channel.consumed` once they are used up, or the peer falls silent. */
  onData(bytes: Uint8Array): void;
  /** A note of the peer; it is consumed by being delivered. */
  onNote?(body: JsonObject): void;
  /** The peer sends no more data. Notes may still follow. */
  onEof?(): void;
  onAccept?(metadata: JsonObject): void;
  onRefuse?(error: EtError, reason: ChannelReason): void;
  /** The channel broke: the peer reset it, or broke its rules, or the session ended. */
  onReset?(error: EtError, reason: ChannelReason): void;
  /** After a `write` that returned false: what waits is below the low-water mark. */
  onDrain?(): void;
  /** A datagram of the peer, whole; valid until the call returns. */
  onDatagram?(bytes: Uint8Array): void;
  onClose?(): void;
}

export interface ChannelOptions {
  readonly priority: Priority;
  /** Bytes that the peer may send before anything is consumed. Default 64 KiB; less when the session's credit runs short. */
  readonly credit?: number | undefined;
  /** The window grows up to this where the consumer keeps up. Default 16 MiB. */
  readonly maxCredit?: number | undefined;
  /** `write` returns false above this many bytes that wait, and `onDrain` comes at half of it. Default 256 KiB. */
  readonly highWaterBytes?: number | undefined;
}

export interface OpenRequest extends ChannelOptions {
  /** What is asked for, 1..32 bytes. */
  readonly kind: string;
  /** A JSON object of at most 4,096 bytes. */
  readonly metadata: JsonObject;
  /** The stream that carries it, 0..7. Default 0. */
  readonly stream?: number | undefined;
}

/** One multiplexed flow, with a half in each direction. */
export interface Channel {
  readonly id: number;
  readonly kind: string;
  readonly stream: number;
  readonly priority: Priority;
  /** False from `onClose` on. */
  readonly isOpen: boolean;
  /** Bytes written that have not been sent: they wait for credit, for more urgent channels, or for a link. */
  readonly bufferedBytes: number;
  /** The window that the peer has now, for status. */
  readonly windowBytes: number;
  /** Datagrams of this channel that were dropped at this end by the mux: too late, too many, or not whole. */
  readonly droppedDatagramCount: number;
  setPriority(priority: Priority): void;
  /**
   * Queues a copy of any number of bytes.
   * False: more than the high-water mark waits, so wait for `onDrain`; or the channel is over.
   * Throws ET_ERR_STATE after `end`.
   */
  write(bytes: Uint8Array): boolean;
  /** Ends our half, after what was written. A second call does nothing. */
  end(): void;
  /**
   * Queues a note behind what was written; it counts as data. False when the channel is over.
   * Throws ET_ERR_CHANNEL_METADATA above 1,024 bytes of JSON.
   */
  note(body: JsonObject): boolean;
  /** Ends the channel both ways at once; what was not sent is dropped. `onClose` follows within the call. */
  reset(code?: number, text?: string): void;
  /** The owner has used up `bytes` of what `onData` gave: the peer may send as many again. */
  consumed(bytes: number): void;
  /** Sends at most 1 MiB that may be lost. False when it was dropped at once: the channel is not accepted, or it is too large. */
  sendDatagram(bytes: Uint8Array): boolean;
}

/** A channel that the peer asks for. It waits, with up to 8 KiB of early data, until it is answered; the answer may come later. */
export interface IncomingOpen {
  readonly id: number;
  readonly kind: string;
  readonly metadata: JsonObject;
  readonly stream: number;
  /** The peer, or the session's end, has taken the question back. */
  readonly isCancelled: boolean;
  /**
   * Early data follows as soon as the current callback is through. Of a cancelled open the channel is closed from the start,
   * and no event comes. Throws ET_ERR_CHANNEL_METADATA above 4,096 bytes of JSON, and ET_ERR_STATE when it was answered.
   */
  accept(metadata: JsonObject, events: ChannelEvents, options: ChannelOptions): Channel;
  /** Throws ET_ERR_STATE when it was answered. */
  refuse(code: number, text: string): void;
}
