import { DeliveryRate } from '../../src/backed/delivery-rate.ts';
import { Pacer, type PathState } from '../../src/backed/pacer.ts';
import { ReceivedRecords } from '../../src/backed/received-records.ts';
import { RttEstimator } from '../../src/backed/rtt.ts';
import { SentRecords } from '../../src/backed/sent-records.ts';
import { MIN_ACK_DELAY_MS } from '../../src/wire/limits.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** A timer of Node is no finer than this, in milliseconds. */
const TIMER_GRAIN_MS = 1;
const RECORD_OVERHEAD_BYTES = 20;

export interface BottleneckOptions {
  readonly bytesPerMs: number;
  readonly rttMs: number;
}

/**
 * One sender behind a queue of endless room: what the pacer, the rate and the round trip make of each other.
 * Records of the far end's acknowledgements cost nothing.
 */
export class Bottleneck implements PathState {
  readonly clock: VirtualClock = new VirtualClock();
  readonly sent: SentRecords = new SentRecords();
  readonly rtt: RttEstimator = new RttEstimator();
  readonly rate: DeliveryRate = new DeliveryRate();
  readonly pacer: Pacer = new Pacer(MIN_ACK_DELAY_MS);
  readonly #far = new ReceivedRecords();
  readonly #bytesPerMs: number;
  readonly #rttMs: number;
  #backlogBytes = 0;
  #lineFreeMs = 0;
  #paceIsSet = false;
  #ackIsSet = false;
  arrivedBytes = 0;
  recordCount = 0;
  /** How long each record waited behind others for the line. */
  readonly queueDelaysMs: number[] = [];

  constructor({ bytesPerMs, rttMs }: BottleneckOptions) {
    this.#bytesPerMs = bytesPerMs;
    this.#rttMs = rttMs;
  }

  get bytesPerMs(): number | undefined {
    return this.rate.bytesPerMs;
  }

  get minRttMs(): number | undefined {
    return this.rtt.minMs;
  }

  get round(): number {
    return this.rate.round;
  }

  get fullRounds(): number {
    return this.rate.fullRounds;
  }

  get latestRttMs(): number {
    return this.rtt.latestMs;
  }

  get inFlightBytes(): number {
    return this.sent.inFlightBytes;
  }

  /** Gives the application `bytes` more to send. */
  offer(bytes: number): void {
    this.#backlogBytes += bytes;
    this.#pump();
  }

  /** Sends a key press, which is not paced. */
  key(): void {
    this.#send(40);
    this.rate.applicationLimited(this.sent.inFlightBytes);
  }

  /** Lets `ms` pass; returns the bytes that arrived meanwhile, per millisecond. */
  run(ms: number): number {
    const before = this.arrivedBytes;
    this.clock.advance(ms);
    return (this.arrivedBytes - before) / ms;
  }

  #pump(): void {
    for (;;) {
      const nowMs = this.clock.now();
      const room = this.pacer.inFlightCap(this, true, nowMs) - this.sent.inFlightBytes;
      if (this.#backlogBytes <= 0) {
        if (room > 0) this.rate.applicationLimited(this.sent.inFlightBytes);
        return;
      }
      if (room <= 0) return;
      const waitMs = this.pacer.waitMs(nowMs, this);
      if (waitMs > 0) {
        this.#pumpIn(waitMs);
        return;
      }
      const bytes = Math.min(room, this.pacer.recordTarget(this), this.#backlogBytes);
      this.#backlogBytes -= bytes;
      this.#send(bytes);
    }
  }

  #pumpIn(waitMs: number): void {
    if (this.#paceIsSet) return;
    this.#paceIsSet = true;
    this.clock.schedule(Math.max(TIMER_GRAIN_MS, waitMs), () => {
      this.#paceIsSet = false;
      this.#pump();
    });
  }

  #send(plainBytes: number): void {
    const nowMs = this.clock.now();
    const bytes = plainBytes + RECORD_OVERHEAD_BYTES;
    const number = this.sent.add(bytes, this.rate.mark(nowMs, this.sent.inFlightBytes), []);
    this.pacer.sent(nowMs, bytes, this);
    this.recordCount += 1;
    this.queueDelaysMs.push(Math.max(0, this.#lineFreeMs - nowMs));
    this.#lineFreeMs = Math.max(this.#lineFreeMs, nowMs) + bytes / this.#bytesPerMs;
    this.clock.schedule(this.#lineFreeMs - nowMs + this.#rttMs / 2, () =>
      this.#arrive(number, bytes),
    );
  }

  #arrive(number: number, bytes: number): void {
    const nowMs = this.clock.now();
    this.arrivedBytes += bytes;
    this.#far.add(number, bytes, 'something', nowMs, this.#rttMs);
    const dueMs = this.#far.ackDueMs ?? nowMs;
    if (dueMs <= nowMs) this.#acknowledge();
    else if (!this.#ackIsSet) {
      this.#ackIsSet = true;
      this.clock.schedule(dueMs - nowMs, () => {
        this.#ackIsSet = false;
        if (this.#far.ackDueMs !== undefined) this.#acknowledge();
      });
    }
  }

  #acknowledge(): void {
    const { ranges, delayMs } = this.#far.report(this.clock.now(), 32);
    this.#far.acknowledged();
    this.clock.schedule(this.#rttMs / 2, () => {
      const nowMs = this.clock.now();
      const { latest, bytes } = this.sent.acknowledge(ranges);
      if (latest === undefined) return;
      this.rtt.sample(nowMs, nowMs - latest.mark.sentAtMs, delayMs);
      this.rate.sample(nowMs, bytes, latest.mark);
      this.pacer.advance(this);
      this.#pump();
    });
  }
}
