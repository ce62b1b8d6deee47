import type { Clock, Timer } from '../../src/base/clock.ts';

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly callback: () => void;
  state: 'set' | 'fired' | 'cancelled';
}

/** Time that passes only when a test says so. Timers fire in due order, then in the order they were set. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #order = 0;
  readonly #heap: Entry[] = [];
  #pending = 0;

  now(): number {
    return this.#nowMs;
  }

  /** Timers that are set and not cancelled; 0 at the end of a test, or something leaked. */
  get pending(): number {
    return this.#pending;
  }

  schedule(delayMs: number, callback: () => void): Timer {
    const dueMs = this.#nowMs + Math.max(delayMs, 0);
    const entry: Entry = { dueMs, order: this.#order, callback, state: 'set' };
    this.#order += 1;
    this.#pending += 1;
    this.#push(entry);
    return {
      cancel: () => {
        if (entry.state !== 'set') return;
        entry.state = 'cancelled';
        this.#pending -= 1;
      },
    };
  }

  /** A timer that is due at once: it fires before time moves on. */
  defer(callback: () => void): void {
    this.schedule(0, callback);
  }

  afterIo(callback: () => void): void {
    this.schedule(0, callback);
  }

  /** When the next timer is due, in milliseconds; `undefined` when none is set. */
  get nextDueMs(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.dueMs;
  }

  /** Lets `ms` pass, firing what comes due. */
  advance(ms: number): void {
    this.advanceTo(this.#nowMs + ms);
  }

  advanceTo(untilMs: number): void {
    for (;;) {
      const dueMs = this.nextDueMs;
      if (dueMs === undefined || dueMs > untilMs) break;
      this.step();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Jumps to the next timer and fires it; false when none is set. */
  step(): boolean {
    this.#dropCancelled();
    const entry = this.#pop();
    if (entry === undefined) return false;
    this.#nowMs = Math.max(this.#nowMs, entry.dueMs);
    entry.state = 'fired';
    this.#pending -= 1;
    entry.callback();
    return true;
  }

  #dropCancelled(): void {
    while (this.#heap[0]?.state === 'cancelled') this.#pop();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    heap.push(entry);
    let at = heap.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(at, parent)) break;
      this.#swap(at, parent);
      at = parent;
    }
  }

  #pop(): Entry | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      if (2 * at + 1 < heap.length && this.#before(2 * at + 1, least)) least = 2 * at + 1;
      if (2 * at + 2 < heap.length && this.#before(2 * at + 2, least)) least = 2 * at + 2;
      if (least === at) return top;
      this.#swap(at, least);
      at = least;
    }
  }

  #before(a: number, b: number): boolean {
    const left = this.#heap[a] as Entry;
    const right = this.#heap[b] as Entry;
    return left.dueMs < right.dueMs || (left.dueMs === right.dueMs && left.order < right.order);
  }

  #swap(a: number, b: number): void {
    const left = this.#heap[a] as Entry;
    this.#heap[a] = this.#heap[b] as Entry;
    this.#heap[b] = left;
  }
}
