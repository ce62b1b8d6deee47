import {
  MAX_ACK_DELAY_MS,
  MAX_IN_FLIGHT_BYTES,
  MAX_RECORD_BYTES,
  MIN_RECORD_TARGET_BYTES,
} from '../wire/limits.ts';

/** In flight before a rate is known. One third of a second at 256 kbit/s, a whole first window of TCP. */
const INITIAL_IN_FLIGHT_BYTES = 32_768;
/** Bulk's share of that: what is behind it on a thin link must wait for all of it. */
const INITIAL_BULK_BYTES = 8192;
const MIN_IN_FLIGHT_BYTES = 8192;
/** A record holds what the link carries in this time, so that a key waits no longer for one. */
const RECORD_MS = 4;
/**
 * A queue that bulk may build beyond what the path itself holds: a key waits behind it. On a short path it also bridges the moments
 * in which a busy peer does not acknowledge; less would make the cap, and with it the rate, fall for ever.
 */
const MAX_QUEUE_MS = 20;
/** The same above 100 MB/s: more would only warm no cache and keep memory busy. */
const MAX_QUEUE_BYTES: number = 2 * 1024 * 1024;
/**
 * While somebody types, bulk queues no more than this on a short and fast path. There the round trip is mostly the time that two busy
 * processes take for what is on its way, and a key waits for all of it.
 */
const ATTENDED_QUEUE_MS = 1;
/** ...but at least this, or a moment in which the peer is busy would lower the rate, and with it the cap, for ever. */
export const ATTENDED_IN_FLIGHT_BYTES = 262_144;
/** Somebody types: stream 0 has carried something within this time. */
export const ATTENDED_MS = 1000;
/** Below 20 MB/s, or beyond 5 ms, the usual queue is small beside what a key takes anyway. */
const FAST_BYTES_PER_MS = 20_000;
const SHORT_RTT_MS = 5;
/**
 * A queue that is still there when ours is gone is somebody else's: the least round trip of a drained one is longer by this factor and
 * these milliseconds. Who then keeps to a short queue is left with little of the link.
 */
const SHARED_GROWTH = 1.4;
const SHARED_MS = 5;
/** How far sending may run ahead of the paced rate, for timers are no finer. */
const BURST_MS = 2;
/** ...and how far it may lag behind and catch up, while there was always something to send: on a busy machine timers are late. */
const CATCH_UP_MS = 25;
/** No more than this at once, in bytes: a socket's buffer at the other end holds some ninety datagrams. */
const CATCH_UP_BYTES = 65_536;
/** Above this rate (50 MB/s) one record lasts less than a timer's grain: the cap on bytes in flight paces alone. */
const UNPACED_BYTES_PER_MS = 50_000;
/** Startup ends when the rate has not grown by a quarter for three round trips (BBR, draft-cardwell-iccrg-bbr). */
const STARTUP_GROWTH = 1.25;
const STARTUP_ROUNDS = 3;
/** One such round trip is enough where the round trip has grown by this factor and these milliseconds: there is a queue. */
const QUEUE_GROWTH = 1.25;
const QUEUE_MS = 4;
/**
 * 2 / ln 2: a rate is known one to two round trips after its bytes were sent, so a gain of 2 grows by 1.6 per round
 * trip, this one by 2. The cap on bytes in flight still bounds the overshoot.
 */
const STARTUP_GAIN = 2.885;
/** Until what startup has queued is gone, which a cycle's 0.75 would take seconds for. */
const DRAIN_GAIN = 0.5;
/** On a path whose round trip is mostly jitter a queue never seems empty. */
const MAX_DRAIN_ROUNDS = 4;
/**
 * What the first sends more has arrived by the end of the second, and if it has, both come again.
 * The third lasts for a round trip, and until no queue is left.
 */
const CYCLE: readonly number[] = [1.25, 1, 0.75, 1, 1, 1, 1, 1];
const PROBE = 0;
const VERDICT = 1;
const AFTER_DRAIN = 3;
/** More is found when the rate has grown by this. */
const PROBE_GROWTH = 1.1;

/** What the pacer knows of its link; rates in bytes per millisecond. */
export interface PathState {
  readonly bytesPerMs: number | undefined;
  readonly minRttMs: number | undefined;
  readonly round: number;
  /** Round trips in which there was always something to send. */
  readonly fullRounds: number;
  readonly latestRttMs: number;
  /** Sent and not acknowledged. */
  readonly inFlightBytes: number;
}

/**
 * When, how much and in which pieces one link may send.
 *
 *   startup (gain 2.9) --- link full, rate stopped growing ---> draining (0.5) --- no more in flight than
 *   the link itself holds ---> cycling (gains 1.25, 1, 0.75, then 1; one per round trip)
 *
 * Between any two calls: `#nextSendMs` lies at most one record's time in the future.
 */
export class Pacer {
  #nextSendMs = 0;
  #isBehind = false;
  #urgentMs = Number.NEGATIVE_INFINITY;
  #phase: 'startup' | 'draining' | 'cycling' = 'startup';
  #fullRate = 0;
  #stalledRounds = 0;
  #seenRound = 0;
  #seenFullRounds = 0;
  #cycleIndex = 0;
  #roundsAtGain = 0;
  #probedRate = 0;
  /** The least round trip since the gain has changed. */
  #leastMs = Number.POSITIVE_INFINITY;
  #isEmptied = false;
  #isShared = false;
  readonly #ackDelayMs: number;

  /** `ackDelayMs` is how long the peer may hold back an acknowledgement at the least. */
  constructor(ackDelayMs: number) {
    this.#ackDelayMs = ackDelayMs;
  }

  get inStartup(): boolean {
    return this.#phase === 'startup';
  }

  /** Stream 0 has carried something, either way. */
  noteUrgent(nowMs: number): void {
    this.#urgentMs = nowMs;
  }

  /** The most bytes that may be sent and not acknowledged. */
  inFlightCap(path: PathState, bulk: boolean, nowMs: number): number {
    const first = bulk ? INITIAL_BULK_BYTES : INITIAL_IN_FLIGHT_BYTES;
    if (path.bytesPerMs === undefined || path.minRttMs === undefined) return first;
    const pathBytes = this.#pathBytes(path.bytesPerMs, path.minRttMs);
    if (bulk && this.#isKeptShort(path, nowMs)) {
      const shortBytes = pathBytes + path.bytesPerMs * ATTENDED_QUEUE_MS;
      return Math.max(Math.floor(shortBytes), ATTENDED_IN_FLIGHT_BYTES);
    }
    const queueBytes =
      Math.min(path.bytesPerMs * MAX_QUEUE_MS, MAX_QUEUE_BYTES) + MIN_RECORD_TARGET_BYTES;
    // Whoever types waits for the queue, whoever else's it is.
    const isWide = this.inStartup || (this.#isShared && !this.#isAttended(nowMs));
    const cap = pathBytes + (isWide ? Math.max(pathBytes, queueBytes) : queueBytes);
    return Math.min(
      Math.max(Math.floor(cap), this.inStartup ? first : MIN_IN_FLIGHT_BYTES),
      MAX_IN_FLIGHT_BYTES,
    );
  }

  /** The size to aim at for one record, in bytes. */
  recordTarget(path: PathState): number {
    const bytes = Math.floor(this.#rate(path) * RECORD_MS);
    return Math.min(Math.max(bytes, MIN_RECORD_TARGET_BYTES), MAX_RECORD_BYTES);
  }

  /** Milliseconds until sending is due; 0 when it is. */
  waitMs(nowMs: number, path: PathState): number {
    if (this.#nextSendMs - BURST_MS <= nowMs || this.#rate(path) >= UNPACED_BYTES_PER_MS) return 0;
    return this.#nextSendMs - BURST_MS - nowMs;
  }

  /** How many bytes of the pace the wait until sending is due amounts to; 0 when it is due. */
  aheadBytes(nowMs: number, path: PathState): number {
    return this.waitMs(nowMs, path) * this.#rate(path) * this.#gain;
  }

  sent(nowMs: number, bytes: number, path: PathState): void {
    const pace = this.#rate(path) * this.#gain;
    if (pace === 0) return;
    const lagMs = this.#isBehind ? Math.min(CATCH_UP_MS, CATCH_UP_BYTES / pace) : 0;
    const earliestMs = nowMs - Math.max(BURST_MS, lagMs);
    this.#nextSendMs = Math.max(this.#nextSendMs, earliestMs) + bytes / pace;
  }

  /** What is to be sent waits for its time. */
  noteWaiting(): void {
    this.#isBehind = true;
  }

  /** There is nothing to send, or no room: what was not sent meanwhile is not caught up with. */
  noteIdle(): void {
    this.#isBehind = false;
  }

  /** Called after each acknowledgement. */
  advance(path: PathState): void {
    const isNextRound = path.round !== this.#seenRound;
    this.#seenRound = path.round;
    if (this.#phase === 'startup') {
      this.#judgeStartup(path);
      return;
    }
    if (isNextRound) this.#roundsAtGain += 1;
    this.#leastMs = Math.min(this.#leastMs, path.latestRttMs);
    if (!(this.#gain < 1 ? this.#isDrained(path) : isNextRound)) return;
    this.#judgeQueue(path);
    this.#cycleIndex = this.#nextInCycle(path);
    this.#phase = 'cycling';
    this.#roundsAtGain = 0;
  }

  /** The link was seen to be full. */
  endStartup(): void {
    if (this.inStartup) this.#phase = 'draining';
  }

  /** Whose queue there is, is seen in the round trip behind a drain that has left none of ours. */
  #judgeQueue(path: PathState): void {
    if (this.#gain < 1) this.#isEmptied = this.#isEmpty(path);
    else if (this.#isEmptied) {
      this.#isShared = this.#leastMs > (path.minRttMs ?? 0) * SHARED_GROWTH + SHARED_MS;
      this.#isEmptied = false;
    }
    this.#leastMs = Number.POSITIVE_INFINITY;
  }

  #nextInCycle(path: PathState): number {
    if (this.#phase === 'draining') return AFTER_DRAIN;
    const rate = path.bytesPerMs ?? 0;
    if (this.#cycleIndex === VERDICT && rate > PROBE_GROWTH * this.#probedRate) return PROBE;
    if (this.#cycleIndex === PROBE) this.#probedRate = rate;
    return (this.#cycleIndex + 1) % CYCLE.length;
  }

  /** A rate that is taken for 2 % more than it is would fill the cap within minutes; so each cycle empties the queue. */
  #isDrained(path: PathState): boolean {
    if (this.#phase === 'cycling' && this.#roundsAtGain < 1) return false;
    return this.#isEmpty(path) || this.#roundsAtGain >= MAX_DRAIN_ROUNDS;
  }

  #isEmpty({ bytesPerMs = 0, minRttMs = 0, inFlightBytes }: PathState): boolean {
    return inFlightBytes <= this.#pathBytes(bytesPerMs, minRttMs);
  }

  #judgeStartup(path: PathState): void {
    if (path.fullRounds === this.#seenFullRounds) return;
    this.#seenFullRounds = path.fullRounds;
    const rate = path.bytesPerMs ?? 0;
    if (rate >= this.#fullRate * STARTUP_GROWTH) {
      this.#fullRate = rate;
      this.#stalledRounds = 0;
      return;
    }
    this.#stalledRounds += 1;
    const hasQueue = path.latestRttMs > (path.minRttMs ?? 0) * QUEUE_GROWTH + QUEUE_MS;
    if (hasQueue || this.#stalledRounds >= STARTUP_ROUNDS) this.endStartup();
  }

  get #gain(): number {
    if (this.#phase === 'startup') return STARTUP_GAIN;
    return this.#phase === 'draining' ? DRAIN_GAIN : (CYCLE[this.#cycleIndex] as number);
  }

  #isKeptShort({ bytesPerMs = 0, minRttMs = 0 }: PathState, nowMs: number): boolean {
    const isShort = bytesPerMs >= FAST_BYTES_PER_MS && minRttMs <= SHORT_RTT_MS;
    return isShort && !this.inStartup && this.#isAttended(nowMs);
  }

  #isAttended(nowMs: number): boolean {
    return nowMs - this.#urgentMs < ATTENDED_MS;
  }

  /** What is in flight when nothing queues, with what waits for its acknowledgement. */
  #pathBytes(bytesPerMs: number, minRttMs: number): number {
    const delayMs = Math.max(this.#ackDelayMs, Math.min(minRttMs / 8, MAX_ACK_DELAY_MS));
    return bytesPerMs * (minRttMs + delayMs);
  }

  /**
   * Bytes per millisecond to pace at; 0 while nothing is known. Until startup has filled the link, what was
   * measured may be the application's own pace, so it is at least one first window per round trip.
   */
  #rate(path: PathState): number {
    const measured = path.bytesPerMs ?? 0;
    if (!this.inStartup || path.minRttMs === undefined) return measured;
    return Math.max(measured, INITIAL_IN_FLIGHT_BYTES / Math.max(path.minRttMs, 1));
  }
}
