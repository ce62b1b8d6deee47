import { concatBytes } from '../base/bytes.ts';
import type { Clock, Timer } from '../base/clock.ts';
import { DATAGRAM_REASSEMBLY_MS, MAX_DATAGRAM_BYTES } from '../wire/limits.ts';

/** Memory for unfinished datagrams of a session: one of the largest, and as much again. */
const MAX_HELD_BYTES = 2 * MAX_DATAGRAM_BYTES;
/** What a kept piece costs beside its bytes. */
const PIECE_COST_BYTES = 128;

interface Partial {
  readonly channel: number;
  readonly id: number;
  readonly count: number;
  readonly pieces: Map<number, Uint8Array>;
  readonly sinceMs: number;
  bytes: number;
  cost: number;
}

/**
 * Puts the pieces of datagrams together, each all or nothing, within a second.
 *
 * Between any two calls: `#partials` is in order of age; their costs add up to `#cost <= MAX_HELD_BYTES`; the timer is set if
 * and only if one is there.
 */
export class DatagramReassembly {
  readonly #clock: Clock;
  readonly #onDrop: (channel: number) => void;
  readonly #partials = new Map<string, Partial>();
  #cost = 0;
  #timer: Timer | undefined;

  /** `onDrop` is told of each unfinished datagram that was given up. */
  constructor(clock: Clock, onDrop: (channel: number) => void) {
    this.#clock = clock;
    this.#onDrop = onDrop;
  }

  get heldBytes(): number {
    return this.#cost;
  }

  /** Takes piece `index` of `count`; returns the datagram once it is whole. Keeps no view of `bytes`. */
  receive(
    channel: number,
    id: number,
    index: number,
    count: number,
    bytes: Uint8Array,
  ): Uint8Array | undefined {
    if (count === 1 && bytes.length <= MAX_DATAGRAM_BYTES) return bytes;
    const partial = this.#partialOf(channel, id, count);
    if (partial === undefined || partial.pieces.has(index)) return undefined;
    const cost = bytes.length + PIECE_COST_BYTES;
    partial.bytes += bytes.length;
    if (partial.count !== count || partial.bytes > MAX_DATAGRAM_BYTES) {
      this.#drop(partial);
      return undefined;
    }
    partial.pieces.set(index, bytes.slice());
    partial.cost += cost;
    this.#cost += cost;
    if (partial.pieces.size === count) return this.#finish(partial);
    this.#makeRoom(partial);
    return undefined;
  }

  /** The channel is gone. */
  forget(channel: number): void {
    for (const partial of this.#partials.values()) {
      if (partial.channel === channel) this.#remove(partial);
    }
  }

  clear(): void {
    for (const partial of this.#partials.values()) this.#remove(partial);
  }

  #partialOf(channel: number, id: number, count: number): Partial | undefined {
    const key = `${channel}/${id}`;
    const known = this.#partials.get(key);
    if (known !== undefined) return known;
    const sinceMs = this.#clock.now();
    const partial = { channel, id, count, pieces: new Map(), sinceMs, bytes: 0, cost: 0 };
    this.#partials.set(key, partial);
    this.#arm();
    return partial;
  }

  #finish(partial: Partial): Uint8Array {
    this.#remove(partial);
    const pieces: Uint8Array[] = [];
    for (let i = 0; i < partial.count; i += 1) pieces.push(partial.pieces.get(i) as Uint8Array);
    return concatBytes(pieces);
  }

  /** The oldest make room; the newest, when it alone is too much. */
  #makeRoom(latest: Partial): void {
    for (const partial of this.#partials.values()) {
      if (this.#cost <= MAX_HELD_BYTES) return;
      if (partial !== latest) this.#drop(partial);
    }
    if (this.#cost > MAX_HELD_BYTES) this.#drop(latest);
  }

  #expire(): void {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    for (const partial of this.#partials.values()) {
      if (partial.sinceMs + DATAGRAM_REASSEMBLY_MS > nowMs) break;
      this.#drop(partial);
    }
    this.#arm();
  }

  #arm(): void {
    const [oldest] = this.#partials.values();
    if (oldest === undefined || this.#timer !== undefined) return;
    const delayMs = oldest.sinceMs + DATAGRAM_REASSEMBLY_MS - this.#clock.now();
    this.#timer = this.#clock.schedule(delayMs, () => this.#expire());
  }

  #drop(partial: Partial): void {
    this.#remove(partial);
    this.#onDrop(partial.channel);
  }

  #remove(partial: Partial): void {
    if (!this.#partials.delete(`${partial.channel}/${partial.id}`)) return;
    this.#cost -= partial.cost;
    if (this.#partials.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
