/**
 * Counts what the users of a machine have of something.
 *
 * Between any two calls: there are at most `most` in all, and no user has more than `userShare` of them.
 */
export class Shares {
  readonly #most: number;
  readonly #ofUser = new Map<number, number>();
  readonly #mostOfUser: number;
  #count = 0;

  constructor(most: number, userShare: number) {
    this.#most = most;
    this.#mostOfUser = most * userShare;
  }

  get count(): number {
    return this.#count;
  }

  /** One more for user `uid`; false when there are too many. */
  take(uid: number): boolean {
    const own = this.#ofUser.get(uid) ?? 0;
    if (this.#count >= this.#most || own >= this.#mostOfUser) return false;
    this.#count += 1;
    this.#ofUser.set(uid, own + 1);
    return true;
  }

  /** User `uid` has `count` fewer. */
  giveBack(uid: number, count = 1): void {
    const left = (this.#ofUser.get(uid) ?? 0) - count;
    this.#count -= count;
    if (left > 0) this.#ofUser.set(uid, left);
    else this.#ofUser.delete(uid);
  }
}
