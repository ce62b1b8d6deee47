import { ByteQueue } from '../../src/base/byte-queue.ts';
import type { Clock, Timer } from '../../src/base/clock.ts';
import type { RandomSource } from '../../src/base/random.ts';
import {
  DELIVERY_BUFFER,
  deliverFromBuffer,
  type MemoryCarrier,
  type MemorySender,
} from './memory-carrier.ts';
import { type FullLinkFaults, type LinkFaults, NO_FAULTS } from './memory-faults.ts';

const MIN_LINE_STEP_BYTES = 256;
const MAX_CHUNK_BYTES: number = 16 * 1024;
/** The others are of any size, small ones as likely as large ones. */
const FULL_CHUNK_CHANCE = 0.5;
/** How often other events may come between two chunks that are due at the same moment. */
const PAUSE_CHANCE = 0.25;

type InFlight =
  | { readonly kind: 'bytes'; bytes: Uint8Array; readonly arrivesMs: number }
  | { readonly kind: 'end' | 'reset' | 'cut'; readonly arrivesMs: number };

/**
 * One direction of a byte pair: outbox -> line (rate) -> flight (delay) -> receiver, re-chunked.
 *
 * Between any two calls: at most two timers are set, one for the line, one for the first arrival.
 */
export class MemoryBytePipe implements MemorySender {
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #receiver: () => MemoryCarrier;
  readonly #onCut: () => void;
  readonly #outbox = new ByteQueue();
  #faults: FullLinkFaults = NO_FAULTS;
  #flight: InFlight[] = [];
  #line: Timer | undefined;
  #lineBytes = 0;
  #arrival: Timer | undefined;
  #launchedBytes = 0;
  #swallowedBytes = 0;
  #isHeld = false;
  #isHoled = false;
  /** Nothing enters any more: after an end, a reset or a cut. */
  #isEnded = false;
  #isEnding = false;
  deliveredBytes = 0;

  constructor(
    clock: Clock,
    random: RandomSource,
    receiver: () => MemoryCarrier,
    onCut: () => void,
  ) {
    this.#clock = clock;
    this.#random = random;
    this.#receiver = receiver;
    this.#onCut = onCut;
  }

  get queuedBytes(): number {
    const bytes = this.#outbox.length + this.#swallowedBytes;
    return Math.max(0, bytes - this.#faults.kernelBytes);
  }

  set(faults: LinkFaults): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  send(pieces: readonly Uint8Array[]): void {
    if (this.#isEnded || this.#isEnding) return;
    for (const piece of pieces) this.#outbox.push(piece);
    this.#pump();
  }

  sendEnd(): void {
    this.#isEnding = true;
    this.#pump();
  }

  sendReset(): void {
    if (this.#isEnded) return;
    this.#clearLine();
    // A reset overtakes what the receiver has not read, or does not.
    if (this.#random.uniform() < 0.5) this.#flight = [];
    this.#launchEnd('reset');
  }

  hold(): void {
    this.#isHeld = true;
    this.#line?.cancel();
    this.#arrival?.cancel();
    this.#line = undefined;
    this.#lineBytes = 0;
    this.#arrival = undefined;
  }

  release(): void {
    this.#isHeld = false;
    this.#pump();
    this.#arm();
  }

  /** For good: a byte stream cannot go on behind a gap. The sender's kernel fills up, and no end gets through. */
  blackHole(): void {
    this.#isHoled = true;
    this.#swallowedBytes += this.#outbox.length;
    this.#clearLine();
    this.#dropFlight();
  }

  /** Drops everything; nothing enters or leaves any more. */
  sever(): void {
    this.#isEnded = true;
    this.#clearLine();
    this.#dropFlight();
  }

  /** Looks again whether the receiver takes what waits. */
  arm(): void {
    this.#arm();
  }

  #pump(): void {
    if (this.#isHeld || this.#isEnded) return;
    while (this.#outbox.length > 0 && this.#line === undefined) {
      const { bytesPerSecond, lineStepMs } = this.#faults;
      if (this.#isHoled) {
        this.#swallowedBytes += this.#outbox.length;
        this.#outbox.clear();
      } else if (bytesPerSecond === Number.POSITIVE_INFINITY) {
        this.#launch(this.#outbox.takePiece(MAX_CHUNK_BYTES));
      } else {
        const stepBytes = Math.max(MIN_LINE_STEP_BYTES, (bytesPerSecond * lineStepMs) / 1000);
        this.#lineBytes = Math.min(this.#outbox.length, Math.floor(stepBytes));
        this.#occupyLine();
      }
    }
    if (this.#isEnding && this.#outbox.length === 0 && this.#line === undefined) {
      this.#launchEnd('end');
    }
  }

  /** `#lineBytes`, still at the head of the outbox, are on the line until its timer fires. */
  #occupyLine(): void {
    const busyMs = (this.#lineBytes / this.#faults.bytesPerSecond) * 1000;
    this.#line = this.#clock.schedule(busyMs, () => {
      this.#line = undefined;
      while (this.#lineBytes > 0) {
        const piece = this.#outbox.takePiece(this.#lineBytes);
        this.#lineBytes -= piece.length;
        this.#launch(piece);
      }
      this.#pump();
    });
  }

  #launch(bytes: Uint8Array): void {
    if (this.#isEnded) return;
    const roomBytes = this.#faults.cutAfterBytes - this.#launchedBytes;
    const passed = bytes.length > roomBytes ? bytes.subarray(0, Math.max(0, roomBytes)) : bytes;
    this.#launchedBytes += passed.length;
    if (passed.length > 0)
      this.#takeOff({ kind: 'bytes', bytes: passed, arrivesMs: this.#arrivesMs() });
    if (this.#launchedBytes >= this.#faults.cutAfterBytes) this.#launchEnd('cut');
  }

  #launchEnd(kind: 'end' | 'reset' | 'cut'): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#clearLine();
    if (!this.#isHoled) this.#takeOff({ kind, arrivesMs: this.#arrivesMs() });
  }

  #takeOff(item: InFlight): void {
    this.#flight.push(item);
    this.#arm();
  }

  /** Bytes never overtake each other: what was launched later waits for the head of the flight. */
  #arrivesMs(): number {
    const { delayMs, jitterMs } = this.#faults;
    const driftMs = jitterMs === 0 ? 0 : jitterMs * this.#random.uniform();
    return this.#clock.now() + delayMs + driftMs;
  }

  #arm(): void {
    const first = this.#flight[0];
    if (first === undefined || this.#arrival !== undefined || this.#isHeld) return;
    if (!this.#receiver().isTaking) return;
    this.#arrival = this.#clock.schedule(first.arrivesMs - this.#clock.now(), () => {
      this.#arrival = undefined;
      this.#arrive();
      this.#arm();
    });
  }

  #arrive(): void {
    const nowMs = this.#clock.now();
    for (;;) {
      const first = this.#flight[0];
      if (first === undefined || first.arrivesMs > nowMs || this.#isHeld) return;
      if (first.kind === 'bytes') {
        this.#deliverChunk(nowMs);
        if (this.#random.uniform() < PAUSE_CHANCE) return;
      } else {
        this.#flight.shift();
        this.#deliverEnd(first.kind);
      }
    }
  }

  #deliverChunk(nowMs: number): void {
    const wantedBytes = Math.max(1, this.#chunkBytes());
    let filled = 0;
    let through = 0;
    while (filled < wantedBytes) {
      const item = this.#flight[through];
      if (item?.kind !== 'bytes' || item.arrivesMs > nowMs) break;
      const roomBytes = wantedBytes - filled;
      if (item.bytes.length > roomBytes) {
        DELIVERY_BUFFER.set(item.bytes.subarray(0, roomBytes), filled);
        item.bytes = item.bytes.subarray(roomBytes);
        filled = wantedBytes;
      } else {
        DELIVERY_BUFFER.set(item.bytes, filled);
        filled += item.bytes.length;
        through += 1;
      }
    }
    if (through > 0) this.#flight.splice(0, through);
    this.deliveredBytes += filled;
    deliverFromBuffer(this.#receiver(), filled);
  }

  #chunkBytes(): number {
    const draw = this.#random.uniform();
    if (draw < FULL_CHUNK_CHANCE) return MAX_CHUNK_BYTES;
    return Math.ceil(MAX_CHUNK_BYTES ** ((draw - FULL_CHUNK_CHANCE) / (1 - FULL_CHUNK_CHANCE)));
  }

  #deliverEnd(kind: 'end' | 'reset' | 'cut'): void {
    if (kind === 'cut') this.#onCut();
    else this.#receiver().deliverEnd(kind === 'end' ? undefined : 'reset by the peer');
  }

  #clearLine(): void {
    this.#line?.cancel();
    this.#line = undefined;
    this.#lineBytes = 0;
    this.#outbox.clear();
  }

  #dropFlight(): void {
    this.#arrival?.cancel();
    this.#arrival = undefined;
    this.#flight = [];
  }
}
