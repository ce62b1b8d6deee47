import type { Clock } from '../base/clock.ts';
import { type DatagramPiece, DatagramQueue } from './datagram-queue.ts';
import { DatagramReassembly } from './datagram-reassembly.ts';

/** The droppable class of a session: what may be lost, beside its streams. Datagrams are copied in, and cost nothing while none wait. */
export class Datagrams {
  readonly #queue = new DatagramQueue();
  readonly #reassembly: DatagramReassembly;
  #unplaced = 0;

  constructor(clock: Clock) {
    this.#reassembly = new DatagramReassembly(clock);
  }

  get isReady(): boolean {
    return this.#queue.isReady;
  }

  /** Datagrams dropped here, in either direction. */
  get droppedCount(): number {
    return this.#queue.droppedCount + this.#reassembly.droppedCount + this.#unplaced;
  }

  get heldBytes(): number {
    return this.#reassembly.heldBytes;
  }

  send(channel: number, bytes: Uint8Array): boolean {
    return this.#queue.push(channel, bytes);
  }

  take(roomBytes: number): DatagramPiece | undefined {
    return this.#queue.take(roomBytes);
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
    this.#unplaced += 1;
  }

  forget(channel: number): void {
    this.#queue.forget(channel);
    this.#reassembly.forget(channel);
  }

  clear(): void {
    this.#reassembly.clear();
  }
}
