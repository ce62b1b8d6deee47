import type { Clock } from '../base/clock.ts';
import type { DatagramPiece } from '../wire/frames.ts';
import { DatagramQueue } from './datagram-queue.ts';
import { DatagramReassembly } from './datagram-reassembly.ts';

/** The droppable class of a session: what may be lost, beside its streams. Datagrams are copied in, and cost nothing while none wait. */
export class Datagrams {
  readonly #queue: DatagramQueue;
  readonly #reassembly: DatagramReassembly;
  #dropped = 0;

  /** `onDrop` is told of each datagram of `channel` that is dropped here, in either direction; it only counts. */
  constructor(clock: Clock, onDrop: (channel: number) => void = () => undefined) {
    const drop = (channel: number): void => {
      this.#dropped += 1;
      onDrop(channel);
    };
    this.#queue = new DatagramQueue(clock, drop);
    this.#reassembly = new DatagramReassembly(clock, drop);
  }

  get isReady(): boolean {
    return this.#queue.isReady;
  }

  /** Datagrams dropped here, in either direction. */
  get droppedCount(): number {
    return this.#dropped;
  }

  get heldBytes(): number {
    return this.#reassembly.heldBytes;
  }

  /** What is `held` waits for `release`; until then all of that channel's must be. */
  send(channel: number, bytes: Uint8Array, isHeld = false): boolean {
    return this.#queue.push(channel, bytes, isHeld);
  }

  release(channel: number): void {
    this.#queue.release(channel);
  }

  take(roomBytes: number, recordBytes: number = roomBytes): DatagramPiece | undefined {
    return this.#queue.take(roomBytes, recordBytes);
  }

  receive(
    channel: number,
    id: number,
    index: number,
    count: number,
    bytes: Uint8Array,
  ): Uint8Array | undefined {
    return this.#reassembly.receive(channel, id, index, count, bytes);
  }

  /** A datagram that no channel wanted. */
  countUnplaced(): void {
    this.#dropped += 1;
  }

  forget(channel: number): void {
    this.#queue.forget(channel);
    this.#reassembly.forget(channel);
  }

  clear(): void {
    this.#reassembly.clear();
  }
}
