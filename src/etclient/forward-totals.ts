import type { Forward } from '../forward/forward.ts';

interface Totals {
  readonly bytesIn: number;
  readonly bytesOut: number;
}

/** What all forwards of a client have carried, also those that were removed: the totals never fall. */
export class ForwardTotals {
  /** Removed, and perhaps with connections that live on. */
  readonly #removed = new Set<Forward>();
  #settled: Totals = { bytesIn: 0, bytesOut: 0 };

  removed(forward: Forward): void {
    this.#removed.add(forward);
  }

  /** With those that are there now. */
  sum(present: readonly Totals[]): Totals {
    for (const forward of this.#removed) {
      const { counters } = forward;
      if (counters.open > 0 || counters.waiting > 0) continue;
      this.#settled = plus(this.#settled, counters);
      this.#removed.delete(forward);
    }
    const live = [...this.#removed].map(({ counters }) => counters);
    return [...present, ...live].reduce(plus, this.#settled);
  }
}

function plus(a: Totals, b: Totals): Totals {
  return { bytesIn: a.bytesIn + b.bytesIn, bytesOut: a.bytesOut + b.bytesOut };
}
