import { invariant } from '../base/invariant.ts';
import { INITIAL_CREDIT_BYTES, MAX_CHANNEL_CREDIT_BYTES } from '../wire/limits.ts';
import type { CreditPool } from './credit-pool.ts';

/** Below this a round trip says nothing about a window: the event loops at both ends take as long. In milliseconds. */
const MIN_RTT_MS = 10;
/** Credit is granted once this part of the window has been consumed: less would be a CREDIT per read, more could stall the sender. */
const GRANT_PART = 1 / 4;

/** What follows a datagram that was lost waits one or two round trips for it: a window of less would halve the rate of a lossy link. */
const WINDOW_ROUND_TRIPS = 4;

/** Time, and the round trip of whatever carries the bytes. */
export interface WindowPath {
  nowMs(): number;
  readonly rttMs: number;
}

/** The caller's wishes; both are bounded by the pool. */
export interface WindowPolicy {
  /** Bytes granted at first. Default `INITIAL_CREDIT_BYTES`. */
  readonly initialBytes?: number | undefined;
  /** The window never grows beyond this. Default `MAX_CHANNEL_CREDIT_BYTES`. */
  readonly maxBytes?: number | undefined;
}

/**
 * What the peer may send on one channel. Nothing but `consume` moves it on.
 *
 * Between any two calls:
 * 1. `consumed <= received <= max(limit, early)`; `limit` never falls.
 * 2. The pool holds a reservation of `max(window, limit - consumed)` for it, until `release`.
 * 3. When all that was received is consumed, at least three quarters of the window are granted and unused, or `consume`
 *    has said that credit is due.
 *
 * The window follows the consumer: each half window consumed tells its rate; below `4 x rate x round trip` the window
 * doubles, far above it shrinks to it.
 */
export class ReceiveWindow {
  readonly #pool: CreditPool;
  readonly #path: WindowPath;
  /** What may come before anything was granted (PROTOCOL.md section 7, early data). */
  readonly #earlyBytes: number;
  #window = 0;
  #initial = 0;
  #max = 0;
  #limit = 0;
  #received = 0;
  #consumed = 0;
  #reserved = 0;
  #peerEnded = false;
  #released = false;
  #measuredFrom = 0;
  #measuredAtMs = 0;

  constructor(pool: CreditPool, path: WindowPath, earlyBytes: number) {
    this.#pool = pool;
    this.#path = path;
    this.#earlyBytes = earlyBytes;
  }

  get windowBytes(): number {
    return this.#window;
  }

  get reservedBytes(): number {
    return this.#reserved;
  }

  get unconsumedBytes(): number {
    return this.#received - this.#consumed;
  }

  /** The limit that the peer obeys. */
  get limit(): number {
    return Math.max(this.#limit, this.#earlyBytes);
  }

  /** Reserves and returns the first limit. */
  start(policy: WindowPolicy): number {
    const max = Math.min(policy.maxBytes ?? MAX_CHANNEL_CREDIT_BYTES, MAX_CHANNEL_CREDIT_BYTES);
    const wanted = Math.min(policy.initialBytes ?? INITIAL_CREDIT_BYTES, max);
    this.#initial = this.#pool.initialWindow(wanted);
    this.#window = this.#initial;
    this.#max = Math.max(max, this.#initial);
    this.#measuredAtMs = this.#path.nowMs();
    return this.grant();
  }

  /** Counts bytes that arrived; false, and nothing counted, when they exceed the limit. */
  receive(bytes: number): boolean {
    if (this.#received + bytes > this.limit) return false;
    this.#received += bytes;
    return true;
  }

  /** The consumer has used up `bytes` of what was received. True when credit is to be granted. */
  consume(bytes: number): boolean {
    invariant(bytes >= 0 && bytes <= this.unconsumedBytes, 'only what was received is consumed');
    this.#consumed += bytes;
    if (this.#window > 0 && this.#consumed - this.#measuredFrom >= this.#window / 2) this.#tune();
    this.#reserve();
    return (
      this.#window > 0 && this.#consumed + this.#window - this.limit >= this.#window * GRANT_PART
    );
  }

  /** The limit to tell the peer now. */
  grant(): number {
    this.#limit = Math.max(this.#limit, this.#consumed + this.#window);
    this.#reserve();
    return this.#limit;
  }

  /** The peer sends no more DATA: only what has come needs memory. */
  endPeer(): void {
    this.#peerEnded = true;
    this.#reserve();
  }

  /** The channel is gone. */
  release(): void {
    this.#window = 0;
    this.#pool.change(this.#reserved, 0);
    this.#reserved = 0;
    this.#released = true;
  }

  #tune(): void {
    const nowMs = this.#path.nowMs();
    const elapsedMs = nowMs - this.#measuredAtMs;
    const bytes = this.#consumed - this.#measuredFrom;
    const rttMs = Math.max(this.#path.rttMs, MIN_RTT_MS);
    const wanted = elapsedMs > 0 ? (WINDOW_ROUND_TRIPS * rttMs * bytes) / elapsedMs : this.#max;
    if (wanted > this.#window) {
      const doubled = Math.min(2 * this.#window, this.#max);
      this.#window = Math.max(this.#window, this.#pool.grownWindow(this.#window, doubled));
    } else if (wanted < this.#window / 4) {
      this.#window = Math.max(Math.ceil(wanted), Math.min(this.#window, this.#initial));
    }
    this.#measuredFrom = this.#consumed;
    this.#measuredAtMs = nowMs;
  }

  #reserve(): void {
    if (this.#released) return;
    const granted = this.#limit - this.#consumed;
    const needed = this.#peerEnded ? this.unconsumedBytes : Math.max(this.#window, granted);
    if (needed === this.#reserved) return;
    this.#pool.change(this.#reserved, needed);
    this.#reserved = needed;
  }
}
