import type { Clock, Timer } from '../base/clock.ts';
import type { Mux } from '../mux/mux.ts';
import { REASON } from '../wire/messages.ts';
import type { ForwardCounters } from './forward-counters.ts';
import { UdpFlow, type UdpQuestion } from './udp-flow.ts';

/** A flow that was refused is not asked for again for so long, in milliseconds, however many datagrams come. */
const REFUSED_MS = 5000;

export interface UdpFlowsOptions {
  readonly clock: Clock;
  /** A flow through which nothing has passed for this long is ended, in milliseconds. */
  readonly idleMs: number;
  readonly maxFlows: number;
  readonly counters: ForwardCounters;
}

/** How a flow begins. */
export interface UdpBeginning extends UdpQuestion {
  /** Sends a datagram of the target to the source. */
  readonly onReply: (bytes: Uint8Array) => void;
}

interface Entry {
  readonly flow: UdpFlow;
  usedMs: number;
  /** When it was asked for. */
  readonly sinceMs: number;
}

/**
 * The flows of one forward, at the end that listens: this end knows when one is idle.
 *
 * Between any two calls: `#entries` is in the order of use, the one that was quiet the longest first; the timer is set if and only if
 * there are flows, and fires no later than the first of them is idle.
 */
export class UdpFlows {
  readonly #options: UdpFlowsOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #total = { bytes: 0 };
  #mux: Mux | undefined;
  #timer: Timer | undefined;

  constructor(options: UdpFlowsOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#entries.size;
  }

  /** A session is there: what waits for one is asked. */
  attach(mux: Mux): void {
    this.#mux = mux;
    for (const { flow } of this.#entries.values()) flow.ask(mux);
  }

  /** The session is over, and every flow with it. */
  detach(): void {
    this.#mux = undefined;
    this.close('the session has ended');
  }

  /** A datagram of the source that `key` stands for. `begin` says how its flow begins, if there is none. */
  send(key: string, bytes: Uint8Array, begin: () => UdpBeginning): void {
    const nowMs = this.#options.clock.now();
    const known = this.#entries.get(key);
    if (known?.flow.isRefused === true && known.sinceMs + REFUSED_MS <= nowMs) {
      known.flow.end(REASON.none, 'it was refused');
    }
    const entry = this.#entries.get(key) ?? this.#begin(key, begin(), nowMs);
    this.#use(key, entry, nowMs);
    entry.flow.send(bytes);
  }

  /** Ends all of them. */
  close(text: string): void {
    for (const { flow } of this.#entries.values()) flow.end(REASON.cancelled, text);
  }

  #begin(key: string, beginning: UdpBeginning, nowMs: number): Entry {
    this.#makeRoom();
    const { kind, metadata, stream, onReply } = beginning;
    const { counters } = this.#options;
    const flow = new UdpFlow({ kind, metadata, stream }, counters, this.#total, {
      onReply: (bytes) => {
        this.#use(key, entry, this.#options.clock.now());
        onReply(bytes);
      },
      onOver: () => this.#leave(key),
    });
    const entry: Entry = { flow, usedMs: nowMs, sinceMs: nowMs };
    this.#entries.set(key, entry);
    if (this.#mux !== undefined) flow.ask(this.#mux);
    this.#arm();
    return entry;
  }

  #makeRoom(): void {
    const { maxFlows, counters } = this.#options;
    if (this.#entries.size < maxFlows) return;
    const [quietest] = this.#entries.values();
    counters.evicted += 1;
    counters.lastError = `${maxFlows} flows are open: the one that was quiet the longest was ended`;
    quietest?.flow.end(REASON.none, 'another flow needs its place');
  }

  #use(key: string, entry: Entry, nowMs: number): void {
    if (this.#entries.get(key) !== entry) return;
    entry.usedMs = nowMs;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
  }

  #leave(key: string): void {
    this.#entries.delete(key);
    if (this.#entries.size > 0) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #arm(): void {
    const [quietest] = this.#entries.values();
    if (quietest === undefined || this.#timer !== undefined) return;
    const { clock, idleMs } = this.#options;
    const delayMs = Math.max(0, quietest.usedMs + idleMs - clock.now());
    this.#timer = clock.schedule(delayMs, () => this.#endIdle());
  }

  #endIdle(): void {
    this.#timer = undefined;
    const idleSinceMs = this.#options.clock.now() - this.#options.idleMs;
    for (const { flow, usedMs } of this.#entries.values()) {
      if (usedMs > idleSinceMs) break;
      flow.end(REASON.none, 'idle');
    }
    this.#arm();
  }
}
