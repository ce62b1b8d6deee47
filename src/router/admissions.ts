import type { RouterLimits } from './router-limits.ts';

/** One connection's place among those that a router has. */
export interface Admission {
  /** Its hello is whole and somebody takes it: user `uid`, or another router (`undefined`). False: there are too many. */
  join(uid: number | undefined): boolean;
  /** It is over. A second call does nothing. */
  leave(): void;
}

interface Counts {
  incomplete: number;
  joined: number;
}

/**
 * Counts connections: in all, by where they come from, and by whose session they are for.
 *
 * Between any two calls: each count is that of the admissions which have not left, and no count of nothing is kept.
 */
export class Admissions {
  readonly #limits: RouterLimits;
  readonly #all: Counts = { incomplete: 0, joined: 0 };
  readonly #bySource = new Map<string, Counts>();
  readonly #joinedOf = new Map<number, number>();

  constructor(limits: RouterLimits) {
    this.#limits = limits;
  }

  get incompleteCount(): number {
    return this.#all.incomplete;
  }

  get joinedCount(): number {
    return this.#all.joined;
  }

  /** `source` as `sourceOf` gives it. `undefined` when there are too many already. */
  admit(source: string | undefined): Admission | undefined {
    const { incomplete, incompletePerSource, joinedPerSource } = this.#limits;
    if (this.#all.incomplete >= incomplete) return undefined;
    const own = source === undefined ? undefined : this.#bySource.get(source);
    if (own !== undefined && own.incomplete >= incompletePerSource) return undefined;
    if (own !== undefined && own.joined >= joinedPerSource) return undefined;
    this.#count(source, 'incomplete', 1);
    return this.#admission(source);
  }

  #admission(source: string | undefined): Admission {
    let state: keyof Counts | 'over' = 'incomplete';
    let user: number | undefined;
    const leave = (): void => {
      if (state === 'over') return;
      this.#count(source, state, -1);
      if (state === 'joined') this.#countUser(user, -1);
      state = 'over';
    };
    const join = (uid: number | undefined): boolean => {
      if (state !== 'incomplete' || !this.#mayJoin(source, uid)) return false;
      this.#count(source, 'incomplete', -1);
      this.#count(source, 'joined', 1);
      this.#countUser(uid, 1);
      user = uid;
      state = 'joined';
      return true;
    };
    return { join, leave };
  }

  #mayJoin(source: string | undefined, uid: number | undefined): boolean {
    const { joined, joinedPerSource, userShare } = this.#limits;
    if (this.#all.joined >= joined) return false;
    const own = source === undefined ? undefined : this.#bySource.get(source);
    if (own !== undefined && own.joined >= joinedPerSource) return false;
    return uid === undefined || (this.#joinedOf.get(uid) ?? 0) < joined * userShare;
  }

  #count(source: string | undefined, kind: keyof Counts, by: number): void {
    this.#all[kind] += by;
    if (source === undefined) return;
    const own = this.#bySource.get(source) ?? { incomplete: 0, joined: 0 };
    own[kind] += by;
    if (own.incomplete + own.joined > 0) this.#bySource.set(source, own);
    else this.#bySource.delete(source);
  }

  #countUser(uid: number | undefined, by: number): void {
    if (uid === undefined) return;
    const count = (this.#joinedOf.get(uid) ?? 0) + by;
    if (count > 0) this.#joinedOf.set(uid, count);
    else this.#joinedOf.delete(uid);
  }
}
