/** Links that are known at a time, and what their texts may take together, in UTF-16 units. */
const MAX_LINKS = 2048;
const MAX_TOTAL_LENGTH = 524_288;
/** One link's parameters and address. */
const MAX_LINK_LENGTH = 2560;

/**
 * The links (OSC 8) that cells of a screen refer to by number. The library keeps one for every time that
 * a link is opened, which a program that redraws a line for days never stops to do.
 *
 * Between any two calls: there are at most `MAX_LINKS`, of `MAX_TOTAL_LENGTH`; number 0 is no link, and no
 * number is given a second time.
 */
export class ScreenLinks {
  /** The number's link as it stands in the command: parameters, semicolon, address. */
  readonly #byNumber = new Map<number, string>();
  readonly #numbers = new Map<string, number>();
  #totalLength = 0;
  #next = 1;
  /** Links that have to be refused before it is looked again which are in use. */
  #patience = 0;
  readonly #inUse: () => ReadonlySet<number>;

  /** `inUse`: the numbers that cells refer to; costs a walk over all of them. */
  constructor(inUse: () => ReadonlySet<number>) {
    this.#inUse = inUse;
  }

  get(number: number): string | undefined {
    return this.#byNumber.get(number);
  }

  /** The number of `parameters;address`; 0 when the address is empty, or there is no room. */
  open(link: string): number {
    const address = link.slice(link.indexOf(';') + 1);
    if (address === '' || !link.includes(';') || link.length > MAX_LINK_LENGTH) return 0;
    const known = this.#numbers.get(link);
    if (known !== undefined) return known;
    if (!this.#hasRoom(link)) this.#forgetUnused();
    if (!this.#hasRoom(link)) return 0;
    const number = this.#next;
    this.#next += 1;
    this.#byNumber.set(number, link);
    this.#numbers.set(link, number);
    this.#totalLength += link.length;
    return number;
  }

  #hasRoom(link: string): boolean {
    return this.#byNumber.size < MAX_LINKS && this.#totalLength + link.length <= MAX_TOTAL_LENGTH;
  }

  #forgetUnused(): void {
    this.#patience -= 1;
    if (this.#patience > 0) return;
    const used = this.#inUse();
    for (const [number, link] of this.#byNumber) {
      if (used.has(number)) continue;
      this.#byNumber.delete(number);
      this.#numbers.delete(link);
      this.#totalLength -= link.length;
    }
    this.#patience = this.#byNumber.size;
  }
}
