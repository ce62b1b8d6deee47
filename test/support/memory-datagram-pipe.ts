import type { Clock } from '../../src/base/clock.ts';
import type { RandomSource } from '../../src/base/random.ts';
import {
  DELIVERY_BUFFER,
  deliverFromBuffer,
  type MemoryCarrier,
  type MemorySender,
} from './memory-carrier.ts';
import { type FullLinkFaults, type LinkFaults, NO_FAULTS } from './memory-faults.ts';

/** A receiver that takes none keeps this many, as a socket's buffer would; later ones are lost. */
const MAX_WAITING = 1024;
/** A datagram that is reordered is late by up to the delay and this, in milliseconds. */
const REORDER_MS = 20;

/** One direction of a datagram pair. Whole datagrams arrive in order, late, twice or never. */
export class MemoryDatagramPipe implements MemorySender {
  readonly queuedBytes = 0;
  readonly #clock: Clock;
  readonly #random: RandomSource;
  readonly #receiver: () => MemoryCarrier;
  readonly #onDatagram: (bytes: number) => void;
  #faults: FullLinkFaults = NO_FAULTS;
  #waiting: Uint8Array[] = [];
  #isDraining = false;
  #lineFreeMs = 0;
  #isHeld = false;
  #isHoled = false;
  #isSevered = false;
  #isEnded = false;
  #isInBurst = false;
  deliveredBytes = 0;

  constructor(
    clock: Clock,
    random: RandomSource,
    receiver: () => MemoryCarrier,
    onDatagram: (bytes: number) => void = () => undefined,
  ) {
    this.#onDatagram = onDatagram;
    this.#clock = clock;
    this.#random = random;
    this.#receiver = receiver;
  }

  set(faults: LinkFaults): void {
    this.#faults = { ...this.#faults, ...faults };
  }

  send(pieces: readonly Uint8Array[]): void {
    const datagram = joined(pieces);
    this.#onDatagram(datagram.length);
    const { loss, flip, duplicate, mtuBytes } = this.#faults;
    if (this.#isSevered || this.#isEnded || this.#isHoled || datagram.length > mtuBytes) return;
    const busyMs = this.#takeLineMs(datagram.length);
    const isInBurst = this.#stepBurst();
    if (busyMs === undefined || isInBurst || this.#chance(loss)) return;
    this.#launch(this.#chance(flip) ? this.#flipped(datagram) : datagram, busyMs);
    if (this.#chance(duplicate)) this.#launch(datagram, busyMs);
  }

  /** A datagram socket says nothing when it closes; what was sent still arrives. */
  sendEnd(): void {
    this.#isEnded = true;
  }

  sendReset(): void {
    this.#isEnded = true;
  }

  hold(): void {
    this.#isHeld = true;
  }

  /** Also ends a black hole. */
  release(): void {
    this.#isHeld = false;
    this.#isHoled = false;
    this.arm();
  }

  blackHole(): void {
    this.#isHoled = true;
    this.#waiting = [];
  }

  sever(): void {
    this.#isSevered = true;
    this.#waiting = [];
  }

  arm(): void {
    if (this.#waiting.length === 0 || this.#isDraining || !this.#isOpen()) return;
    this.#isDraining = true;
    this.#clock.schedule(0, () => {
      this.#isDraining = false;
      while (this.#isOpen()) {
        const datagram = this.#waiting.shift();
        if (datagram === undefined) return;
        this.#deliver(datagram);
      }
    });
  }

  #isOpen(): boolean {
    return !this.#isHeld && this.#receiver().isTaking;
  }

  /** How long until the line has sent `lengthBytes`, in milliseconds; `undefined` when its queue is full. */
  #takeLineMs(lengthBytes: number): number | undefined {
    const { bytesPerSecond, kernelBytes } = this.#faults;
    if (bytesPerSecond === Number.POSITIVE_INFINITY) return 0;
    const nowMs = this.#clock.now();
    const busyMs = Math.max(0, this.#lineFreeMs - nowMs);
    if ((busyMs * bytesPerSecond) / 1000 + lengthBytes > kernelBytes) return undefined;
    const untilMs = busyMs + (lengthBytes / bytesPerSecond) * 1000;
    this.#lineFreeMs = nowMs + untilMs;
    return untilMs;
  }

  #launch(datagram: Uint8Array, busyMs: number): void {
    const { delayMs, jitterMs, reorder } = this.#faults;
    let lateMs = busyMs + delayMs;
    if (jitterMs > 0) lateMs += jitterMs * this.#random.uniform();
    if (this.#chance(reorder)) lateMs += (delayMs + REORDER_MS) * this.#random.uniform();
    this.#clock.schedule(lateMs, () => this.#arrive(datagram));
  }

  #arrive(datagram: Uint8Array): void {
    if (this.#isSevered || this.#isHoled) return;
    if (this.#isOpen() && this.#waiting.length === 0) this.#deliver(datagram);
    else if (this.#waiting.length < MAX_WAITING) this.#waiting.push(datagram);
  }

  /** From a copy: a duplicate shares the datagram. */
  #deliver(datagram: Uint8Array): void {
    DELIVERY_BUFFER.set(datagram);
    this.deliveredBytes += datagram.length;
    deliverFromBuffer(this.#receiver(), datagram.length);
  }

  #flipped(datagram: Uint8Array): Uint8Array {
    const changed = datagram.slice();
    const bit = Math.floor(this.#random.uniform() * 8 * datagram.length);
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    return changed;
  }

  #stepBurst(): boolean {
    const { burstEnter, burstLeave } = this.#faults;
    this.#isInBurst = this.#isInBurst ? !this.#chance(burstLeave) : this.#chance(burstEnter);
    return this.#isInBurst;
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.#random.uniform() < probability;
  }
}

/** The pieces as one; a single one is kept as it is. Buffers come from a pool, which matters at millions of them. */
function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first] = pieces;
  if (first !== undefined && pieces.length === 1) return first;
  return Buffer.concat(pieces);
}
