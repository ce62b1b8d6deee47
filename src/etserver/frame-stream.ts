import type { Clock } from '../base/clock.ts';
import type { Carrier } from '../link/carrier.ts';
import { FrameBatch } from '../router/frame-batch.ts';
import { FrameCutter } from '../wire/frame-cutter.ts';

export interface FrameStreamEvents {
  /** A frame without its length, valid until the call returns; false when it is none, which ends the stream. */
  onFrame(stream: FrameStream, frame: Uint8Array): boolean;
  /** Once, unless it was reset from this side. */
  onOver(): void;
}

/** A byte carrier that carries frames, each behind its length. */
export class FrameStream {
  /** What is to be sent. */
  readonly batch: FrameBatch;
  readonly #carrier: Carrier;
  readonly #cutter = new FrameCutter();
  readonly #events: FrameStreamEvents;
  #isOver = false;

  constructor(carrier: Carrier, clock: Clock, events: FrameStreamEvents) {
    this.#carrier = carrier;
    this.#events = events;
    const sink = {
      get queuedBytes() {
        return carrier.queuedBytes;
      },
      write: (bytes: Uint8Array) => carrier.write([bytes]),
    };
    this.batch = new FrameBatch(sink, (flush) => clock.defer(flush));
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Begins to read. */
  start(): void {
    this.#carrier.start({
      onBytes: (bytes) => this.#read(bytes),
      onClose: () => this.#end(),
    });
  }

  reset(): void {
    this.#isOver = true;
    this.#carrier.reset();
  }

  #read(bytes: Uint8Array): void {
    const onFrame = (frame: Uint8Array): boolean =>
      this.#events.onFrame(this, frame) && !this.#isOver;
    if (this.#cutter.read(bytes, onFrame) || this.#isOver) return;
    this.#carrier.reset();
    this.#end();
  }

  #end(): void {
    this.#isOver = true;
    this.#events.onOver();
  }
}
