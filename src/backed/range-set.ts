/** A half-open range of offsets or numbers. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * A set of whole numbers, kept as ranges.
 *
 * Between any two calls: the ranges are ascending, none is empty, and no two touch.
 */
export class RangeSet {
  readonly #starts: number[] = [];
  readonly #ends: number[] = [];

  get count(): number {
    return this.#starts.length;
  }

  get isEmpty(): boolean {
    return this.#starts.length === 0;
  }

  /** The sum of the ranges' lengths. */
  get size(): number {
    let size = 0;
    for (let i = 0; i < this.#starts.length; i += 1) size += this.#end(i) - this.#start(i);
    return size;
  }

  get first(): Range | undefined {
    return this.at(0);
  }

  get last(): Range | undefined {
    return this.at(this.#starts.length - 1);
  }

  /** The range at `index`, counted from the lowest. */
  at(index: number): Range | undefined {
    const start = this.#starts[index];
    const end = this.#ends[index];
    return start === undefined || end === undefined ? undefined : { start, end };
  }

  *[Symbol.iterator](): Iterator<Range> {
    for (let i = 0; i < this.#starts.length; i += 1)
      yield { start: this.#start(i), end: this.#end(i) };
  }

  has(value: number): boolean {
    const i = this.#firstEndingAfter(value);
    return i < this.#starts.length && this.#start(i) <= value;
  }

  add(start: number, end: number): void {
    if (end <= start) return;
    const count = this.#starts.length;
    // Nearly every range continues the last one.
    if (count > 0 && this.#end(count - 1) === start) {
      this.#ends[count - 1] = end;
      return;
    }
    const from = this.#firstEndingAfter(start - 1);
    let to = from;
    let low = start;
    let high = end;
    while (to < count && this.#start(to) <= end) {
      low = Math.min(low, this.#start(to));
      high = Math.max(high, this.#end(to));
      to += 1;
    }
    this.#starts.splice(from, to - from, low);
    this.#ends.splice(from, to - from, high);
  }

  remove(start: number, end: number): void {
    if (end <= start) return;
    const from = this.#firstEndingAfter(start);
    let to = from;
    const starts: number[] = [];
    const ends: number[] = [];
    while (to < this.#starts.length && this.#start(to) < end) {
      if (this.#start(to) < start) {
        starts.push(this.#start(to));
        ends.push(start);
      }
      if (this.#end(to) > end) {
        starts.push(end);
        ends.push(this.#end(to));
      }
      to += 1;
    }
    if (to === from) return;
    this.#starts.splice(from, to - from, ...starts);
    this.#ends.splice(from, to - from, ...ends);
  }

  /** Calls `visit` for each part of [start, end) that is not in the set. */
  forEachGap(start: number, end: number, visit: (gapStart: number, gapEnd: number) => void): void {
    let at = start;
    for (let i = this.#firstEndingAfter(start); at < end && i < this.#starts.length; i += 1) {
      if (this.#start(i) >= end) break;
      if (this.#start(i) > at) visit(at, this.#start(i));
      at = Math.max(at, this.#end(i));
    }
    if (at < end) visit(at, end);
  }

  /** Index of the first range whose end lies above `value`. */
  #firstEndingAfter(value: number): number {
    let low = 0;
    let high = this.#ends.length;
    if (high > 0 && this.#end(high - 1) <= value) return high;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#end(middle) > value) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #start(index: number): number {
    return this.#starts[index] as number;
  }

  #end(index: number): number {
    return this.#ends[index] as number;
  }
}
