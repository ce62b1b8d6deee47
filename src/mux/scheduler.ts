import { MAX_DATA_BYTES, MAX_KIND_BYTES, MAX_METADATA_BYTES } from '../wire/limits.ts';
import type { OpenLimit } from './open-limit.ts';
import { PRIORITIES } from './priority.ts';
import { Ring, RingNode } from './ring.ts';

const BULK = PRIORITIES.length - 1;
/** Bulk keeps 1 byte in 19 while it has something to send: a twentieth, whatever heads of messages take from it. */
const OTHERS_PER_BULK = 18;
/** What bulk is owed is paid in pieces of this, and never hoarded beyond the second number. */
const BULK_TURN_BYTES = 1024;
const MAX_BULK_OWED_BYTES = 65_536;
/** A flow's turn: a quarter of what the link takes at once, so that many flows share a slow link in small pieces. */
const MIN_TURN_BYTES = 1024;
const MAX_TURN_BYTES = 16_384;
/** A turn that would end in a crumb takes this much more; the next one begins with less. */
const MIN_PIECE_BYTES = 256;
/** Room for any message but DATA, with each number at its longest. */
const LARGEST_MESSAGE_BYTES = 64 + MAX_KIND_BYTES + MAX_METADATA_BYTES;

/** Has control messages to send. `emit...` writes one whole message at `at` and returns its end, or `at` when it does not fit. */
export interface ControlSource {
  readonly hasControl: boolean;
  emitControl(target: Uint8Array, at: number): number;
}

/** Has messages that stand in an order of their own: DATA, NOTE, EOF. */
export interface Flow {
  /** Whether there is a message that credit allows. */
  readonly canSend: boolean;
  /** As `emitControl`; of DATA at most `maxBodyBytes`. */
  emit(target: Uint8Array, at: number, maxBodyBytes: number): number;
}

/** A flow's place in the scheduler. */
export class FlowSlot {
  readonly node: RingNode<FlowSlot>;
  readonly flow: Flow;
  /** An index into `PRIORITIES`. Changes only while the flow is not queued. */
  classIndex: number;
  /** Bytes that the flow may still send in this turn; below 0 when the last turn took too many. */
  leftBytes = 0;

  constructor(flow: Flow, classIndex: number) {
    this.flow = flow;
    this.classIndex = classIndex;
    this.node = new RingNode<FlowSlot>(this);
  }
}

/**
 * Decides which message of one stream goes next: control messages, then OPENs, then the flows of the most urgent class in
 * turn (deficit round robin, so that they share by bytes), but for bulk's twentieth. Nothing becomes a message before `take`.
 *
 * Between any two calls:
 * 1. A flow is queued if and only if it can send; a source, if and only if it has control messages.
 * 2. `#spilled` is the rest of a message whose front `take` has given out, and goes before all else.
 */
export class StreamScheduler {
  readonly #openLimit: OpenLimit;
  readonly #controls = new Ring<ControlSource>();
  readonly #opens = new Ring<ControlSource>();
  readonly #classes: readonly Ring<FlowSlot>[] = PRIORITIES.map(() => new Ring<FlowSlot>());
  readonly #bulk: Ring<FlowSlot>;
  #bulkOwed = 0;
  #turnBytes = MIN_TURN_BYTES;
  #spilled: Uint8Array | undefined;

  constructor(openLimit: OpenLimit) {
    this.#openLimit = openLimit;
    this.#bulk = this.#classes[BULK] as Ring<FlowSlot>;
  }

  get isReady(): boolean {
    return (
      this.#spilled !== undefined ||
      !this.#controls.isEmpty ||
      (!this.#opens.isEmpty && this.#openLimit.hasRoom) ||
      this.#urgentClass() !== undefined
    );
  }

  /** Whether bulk waits for a part of its twentieth. */
  get isBulkOverdue(): boolean {
    return this.#bulkOwed >= BULK_TURN_BYTES && !this.#bulk.isEmpty;
  }

  /** `bytes` that were not bulk of this stream have been sent, here or on another stream. */
  owe(bytes: number): void {
    this.#bulkOwed = this.#bulk.isEmpty
      ? 0
      : Math.min(this.#bulkOwed + bytes / OTHERS_PER_BULK, MAX_BULK_OWED_BYTES);
  }

  addControl(node: RingNode<ControlSource>): void {
    this.#controls.add(node);
  }

  /** Its one control message is an OPEN, which waits until few enough are unanswered. */
  addOpen(node: RingNode<ControlSource>): void {
    this.#opens.add(node);
  }

  removeControl(node: RingNode<ControlSource>): void {
    this.#controls.remove(node);
    this.#opens.remove(node);
  }

  addFlow(slot: FlowSlot): void {
    this.#classes[slot.classIndex]?.add(slot.node);
  }

  removeFlow(slot: FlowSlot): void {
    this.#classes[slot.classIndex]?.remove(slot.node);
    slot.leftBytes = 0;
  }

  /**
   * Fills `target` with whole messages. Only where not even one fits is it cut, and its rest goes first next time: a link
   * that takes 1 KiB at a time must still carry 4 KiB of metadata.
   */
  take(target: Uint8Array): number {
    if (target.length === 0) return 0;
    this.#turnBytes = Math.min(Math.max(target.length >> 2, MIN_TURN_BYTES), MAX_TURN_BYTES);
    let at = this.#takeSpilled(target, 0);
    for (;;) {
      const end = this.#emitNext(target, at);
      if (end === at) break;
      at = end;
    }
    return at > 0 || !this.isReady ? at : this.#spill(target);
  }

  clear(): void {
    this.#spilled = undefined;
  }

  #takeSpilled(target: Uint8Array, at: number): number {
    const spilled = this.#spilled;
    if (spilled === undefined) return at;
    const piece = spilled.subarray(0, target.length - at);
    target.set(piece, at);
    this.#spilled = piece.length < spilled.length ? spilled.subarray(piece.length) : undefined;
    return at + piece.length;
  }

  #spill(target: Uint8Array): number {
    const message = new Uint8Array(LARGEST_MESSAGE_BYTES);
    this.#spilled = message.subarray(0, this.#emitNext(message, 0, target.length));
    return this.#takeSpilled(target, 0);
  }

  /** Writes one message; returns its end, or `at` when there is none or it does not fit. */
  #emitNext(target: Uint8Array, at: number, maxBodyBytes: number = MAX_DATA_BYTES): number {
    const source = this.#controls.first;
    if (source !== undefined) return this.#emitControl(this.#controls, source, target, at);
    const open = this.#openLimit.hasRoom ? this.#opens.first : undefined;
    if (open !== undefined) return this.#emitControl(this.#opens, open, target, at);
    return this.#emitFlow(target, at, maxBodyBytes);
  }

  #emitControl(
    ring: Ring<ControlSource>,
    source: ControlSource,
    target: Uint8Array,
    at: number,
  ): number {
    const end = source.emitControl(target, at);
    // A source that has more stays in front: its messages are few, and ordered.
    if (end > at && ring.first === source && (ring === this.#opens || !source.hasControl)) {
      ring.removeFirst();
    }
    this.owe(end - at);
    return end;
  }

  #emitFlow(target: Uint8Array, at: number, maxBodyBytes: number): number {
    const isPaying = this.isBulkOverdue;
    const ring = isPaying ? this.#bulk : this.#urgentClass();
    const slot = ring?.first;
    if (ring === undefined || slot === undefined) return at;
    if (slot.leftBytes <= 0) slot.leftBytes += this.#turnBytes;
    const turn = ring.isSingle ? MAX_DATA_BYTES : Math.max(slot.leftBytes, MIN_PIECE_BYTES);
    const body = Math.min(
      maxBodyBytes,
      isPaying ? Math.min(turn, Math.floor(this.#bulkOwed)) : turn,
    );
    const end = slot.flow.emit(target, at, body);
    if (end > at) this.#endTurn(ring, slot, end - at);
    return end;
  }

  #endTurn(ring: Ring<FlowSlot>, slot: FlowSlot, bytes: number): void {
    slot.leftBytes = ring.isSingle ? 0 : slot.leftBytes - bytes;
    if (!slot.flow.canSend) this.removeFlow(slot);
    else if (slot.leftBytes <= 0 && ring.first === slot) ring.rotate();
    if (ring === this.#bulk) this.#bulkOwed = Math.max(0, this.#bulkOwed - bytes);
    else this.owe(bytes);
  }

  #urgentClass(): Ring<FlowSlot> | undefined {
    for (const ring of this.#classes) if (!ring.isEmpty) return ring;
    return undefined;
  }
}
