import { copyOf } from '../base/bytes.ts';
import { MAX_WAITING_BYTES } from './udp-limits.ts';

/** Empty datagrams cost something too. */
const MAX_WAITING_COUNT = 64;
/** What all flows of one forward may have waiting, in bytes. */
const MAX_TOTAL_BYTES: number = 8 * 1024 * 1024;

/** What the flows of one forward share. */
export interface WaitingTotal {
  bytes: number;
}

/**
 * Datagrams of one flow that wait for the other end's answer: beyond a bound the oldest goes.
 *
 * Between any two calls: `total.bytes` is the sum of what waits in all flows that share it, within `MAX_TOTAL_BYTES`.
 */
export class UdpWaiting {
  readonly #total: WaitingTotal;
  #datagrams: Uint8Array[] = [];
  #bytes = 0;

  constructor(total: WaitingTotal) {
    this.#total = total;
  }

  get isEmpty(): boolean {
    return this.#datagrams.length === 0;
  }

  /** Copies `bytes`; returns how many datagrams were dropped for it, itself included. */
  push(bytes: Uint8Array): number {
    this.#datagrams.push(copyOf(bytes));
    this.#add(bytes.length);
    let dropped = 0;
    while (this.#isOverfull && this.shift() !== undefined) dropped += 1;
    return dropped;
  }

  /** The oldest. */
  shift(): Uint8Array | undefined {
    const datagram = this.#datagrams.shift();
    this.#add(-(datagram?.length ?? 0));
    return datagram;
  }

  /** The oldest, where it is no longer than this. */
  shiftWithin(maxBytes: number): Uint8Array | undefined {
    const length = this.#datagrams[0]?.length ?? Number.POSITIVE_INFINITY;
    return length <= maxBytes ? this.shift() : undefined;
  }

  /** Returns how many there were. */
  clear(): number {
    const { length } = this.#datagrams;
    this.#add(-this.#bytes);
    this.#datagrams = [];
    return length;
  }

  get #isOverfull(): boolean {
    return (
      this.#datagrams.length > MAX_WAITING_COUNT ||
      this.#bytes > MAX_WAITING_BYTES ||
      this.#total.bytes > MAX_TOTAL_BYTES
    );
  }

  #add(bytes: number): void {
    this.#bytes += bytes;
    this.#total.bytes += bytes;
  }
}
