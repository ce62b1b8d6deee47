import type { Clock } from '../base/clock.ts';
import { MAX_WAYS, WAY_LIFE_MS } from '../wire/limits.ts';
import type { Shares } from './shares.ts';

/** A way as far as it is remembered: what it is called says which it is. */
export interface LabelledWay {
  readonly label: string;
}

/** A way by which something has come for one session server. */
export interface KnownWay<Way> {
  /** Of no other way that is remembered; 32 bits. */
  readonly number: number;
  /** What stands before each of its datagrams on their way to the session server. */
  readonly head: Uint8Array;
  /** As it was when something has come the last time. */
  way: Way;
  heardMs: number;
}

/** In the order in which something has come, the latest last. */
type ByLabel<Way> = Map<string, KnownWay<Way>>;

/**
 * The ways by which datagrams have come for one session server, since it is answered by them alone. Those that it has answered are
 * kept apart: who sends from made-up addresses makes it forget only others of that kind.
 *
 * Between any two calls: at most 256 were answered and at most 256 were not; each is counted in the shares.
 */
export class Ways<Way extends LabelledWay> {
  readonly #clock: Clock;
  readonly #shares: Shares;
  readonly #uid: number;
  readonly #encode: (number: number, way: Way) => Uint8Array;
  readonly #strange: ByLabel<Way> = new Map();
  readonly #answered: ByLabel<Way> = new Map();
  readonly #byNumber = new Map<number, KnownWay<Way>>();
  #nextNumber = 0;

  constructor(
    clock: Clock,
    shares: Shares,
    uid: number,
    encode: (number: number, way: Way) => Uint8Array,
  ) {
    this.#clock = clock;
    this.#shares = shares;
    this.#uid = uid;
    this.#encode = encode;
  }

  get count(): number {
    return this.#byNumber.size;
  }

  /** Something has come by `way`. `undefined`: there is no room to remember it. */
  hear(way: Way): KnownWay<Way> | undefined {
    const nowMs = this.#clock.now();
    const known = this.#moveToEnd(way.label);
    if (known !== undefined) {
      known.way = way;
      known.heardMs = nowMs;
      return known;
    }
    this.#forgetOld(nowMs);
    if (this.#strange.size >= MAX_WAYS) this.#forgetOldest(this.#strange);
    if (!this.#shares.take(this.#uid)) {
      this.#forgetOldest(this.#strange.size > 0 ? this.#strange : this.#answered);
      if (!this.#shares.take(this.#uid)) return undefined;
    }
    const number = this.#drawNumber();
    const made = { number, head: this.#encode(number, way), way, heardMs: nowMs };
    this.#strange.set(way.label, made);
    this.#byNumber.set(made.number, made);
    return made;
  }

  /** Where an answer to the way `number` may be sent; `undefined` when nothing was heard by it within 60 s. */
  answer(number: number): Way | undefined {
    const known = this.#byNumber.get(number);
    if (known === undefined || this.#clock.now() - known.heardMs > WAY_LIFE_MS) return undefined;
    const { label } = known.way;
    if (this.#strange.delete(label)) {
      if (this.#answered.size >= MAX_WAYS) this.#forgetOldest(this.#answered);
      this.#answered.set(label, known);
    }
    return known.way;
  }

  /** Forgets all. */
  clear(): void {
    this.#shares.giveBack(this.#uid, this.#byNumber.size);
    this.#strange.clear();
    this.#answered.clear();
    this.#byNumber.clear();
  }

  #drawNumber(): number {
    do this.#nextNumber = (this.#nextNumber + 1) >>> 0;
    while (this.#byNumber.has(this.#nextNumber));
    return this.#nextNumber;
  }

  #moveToEnd(label: string): KnownWay<Way> | undefined {
    for (const among of [this.#answered, this.#strange]) {
      const known = among.get(label);
      if (known === undefined) continue;
      among.delete(label);
      among.set(label, known);
      return known;
    }
    return undefined;
  }

  #forgetOld(nowMs: number): void {
    for (const among of [this.#answered, this.#strange]) {
      for (const known of among.values()) {
        if (nowMs - known.heardMs <= WAY_LIFE_MS) break;
        this.#forget(among, known);
      }
    }
  }

  #forgetOldest(among: ByLabel<Way>): void {
    for (const oldest of among.values()) {
      this.#forget(among, oldest);
      return;
    }
  }

  #forget(among: ByLabel<Way>, known: KnownWay<Way>): void {
    among.delete(known.way.label);
    this.#byNumber.delete(known.number);
    this.#shares.giveBack(this.#uid);
  }
}
