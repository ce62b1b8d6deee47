import { MAX_ROUTED_LINK_IDS } from '../wire/limits.ts';
import type { RouteOwner } from './route-table.ts';
import type { Shares } from './shares.ts';

/**
 * Which session server is behind which link id. An id is seen by everybody on the way of its datagrams, so the first who has it keeps
 * it from other users; the same user has come again.
 *
 * Between any two calls: an id has one owner, and each owner at most 512.
 */
export class LinkIds<Owner extends RouteOwner> {
  readonly #shares: Shares;
  readonly #ownerOf = new Map<string, Owner>();
  readonly #idsOf = new Map<Owner, Set<string>>();

  constructor(shares: Shares) {
    this.#shares = shares;
  }

  get count(): number {
    return this.#ownerOf.size;
  }

  ownerOf(id: string): Owner | undefined {
    return this.#ownerOf.get(id);
  }

  /** Nothing happens where there is no room, or where another user has it. */
  add(owner: Owner, id: string): void {
    const before = this.#ownerOf.get(id);
    if (before === owner || (before !== undefined && before.uid !== owner.uid)) return;
    const ids = this.#idsOf.get(owner) ?? new Set();
    if (ids.size >= MAX_ROUTED_LINK_IDS) return;
    if (before !== undefined) this.remove(before, id);
    if (!this.#shares.take(owner.uid)) return;
    this.#idsOf.set(owner, ids.add(id));
    this.#ownerOf.set(id, owner);
  }

  /** One that `owner` does not have stays where it is. */
  remove(owner: Owner, id: string): void {
    const ids = this.#idsOf.get(owner);
    if (ids === undefined || !ids.delete(id)) return;
    this.#ownerOf.delete(id);
    this.#shares.giveBack(owner.uid);
    if (ids.size === 0) this.#idsOf.delete(owner);
  }

  /** `owner` is gone, with all that is its. */
  forget(owner: Owner): void {
    for (const id of this.#idsOf.get(owner) ?? []) this.remove(owner, id);
  }
}
