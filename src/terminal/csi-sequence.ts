const MAX_PARAMETERS = 32;
/** Larger numbers mean nothing to any terminal. */
const MAX_VALUE = 65_535;

/**
 * A control sequence as it is collected: prefix, numbers, intermediate, final. One instance serves
 * all sequences of a parser in turn.
 *
 * `38:2::1:2:3` and `38;2;1;2;3` give numbers alike; `isSub` tells those behind a colon.
 */
export class CsiSequence {
  /** `<`, `=`, `>`, `?` as a byte, or 0. */
  prefix = 0;
  /** The one intermediate as a byte, 0 without, -1 when there were several. */
  intermediate = 0;
  final = 0;
  /** Numbers given; an omitted one between separators counts. */
  count = 0;
  readonly #values = new Int32Array(MAX_PARAMETERS);
  readonly #subs = new Uint8Array(MAX_PARAMETERS);
  /** A byte out of place: the whole sequence means nothing. */
  #isBroken = false;

  reset(): void {
    this.prefix = 0;
    this.intermediate = 0;
    this.final = 0;
    this.count = 0;
    this.#isBroken = false;
  }

  /** Takes a byte of 0x20 .. 0x7e; true when it was the final one. */
  add(byte: number): boolean {
    if (byte >= 0x40) {
      this.final = byte;
      return true;
    }
    if (byte < 0x30) this.intermediate = this.intermediate === 0 ? byte : -1;
    else if (this.intermediate !== 0) this.#isBroken = true;
    else if (byte <= 0x39) this.#digit(byte - 0x30);
    else if (byte <= 0x3b) this.#separator(byte === 0x3a);
    else if (this.prefix === 0 && this.count === 0) this.prefix = byte;
    else this.#isBroken = true;
    return false;
  }

  is(prefix: number, intermediate: number, final: string): boolean {
    return (
      this.final === final.charCodeAt(0) &&
      this.prefix === prefix &&
      this.intermediate === intermediate &&
      !this.#isBroken
    );
  }

  get isMeaningful(): boolean {
    return !this.#isBroken && this.intermediate >= 0;
  }

  /** The number at `index`; `absent` where it was omitted. */
  value(index: number, absent: number): number {
    if (index >= this.count) return absent;
    const value = this.#values[index] ?? -1;
    return value < 0 ? absent : value;
  }

  isSub(index: number): boolean {
    return index < this.count && this.#subs[index] === 1;
  }

  #digit(digit: number): void {
    if (this.count === 0) this.#open(false);
    const index = this.count - 1;
    const before = Math.max(this.#values[index] ?? 0, 0);
    this.#values[index] = Math.min(before * 10 + digit, MAX_VALUE);
  }

  #separator(isSub: boolean): void {
    if (this.count === 0) this.#open(false);
    this.#open(isSub);
  }

  /** Beyond the last place numbers are counted into it, and the sequence means nothing. */
  #open(isSub: boolean): void {
    if (this.count === MAX_PARAMETERS) {
      this.#isBroken = true;
      return;
    }
    this.#values[this.count] = -1;
    this.#subs[this.count] = isSub ? 1 : 0;
    this.count += 1;
  }
}
