import type { RouterLimits } from './router-limits.ts';

/** A session server, as far as the table knows it. */
export interface RouteOwner {
  /** The user who was proved to run it. */
  readonly uid: number;
}

/**
 * Which session server is behind which route id. An id is named by who has shown its secret, so two who name one id are one owner
 * who has come again: the later has it.
 *
 * Between any two calls: an id has one owner, who is registered; no user has more than a share of servers and of ids.
 */
export class RouteTable<Owner extends RouteOwner> {
  readonly #limits: RouterLimits;
  readonly #ownerOf = new Map<string, Owner>();
  readonly #idsOf = new Map<Owner, Set<string>>();
  readonly #serversOfUser = new Map<number, number>();
  readonly #routesOfUser = new Map<number, number>();

  constructor(limits: RouterLimits) {
    this.#limits = limits;
  }

  get serverCount(): number {
    return this.#idsOf.size;
  }

  get routeCount(): number {
    return this.#ownerOf.size;
  }

  ownerOf(id: string): Owner | undefined {
    return this.#ownerOf.get(id);
  }

  /** Why `owner` cannot have `ids`, which are then left as they were; `undefined` when it has them now. */
  add(owner: Owner, ids: readonly string[]): string | undefined {
    const { uid } = owner;
    const isKnown = this.#idsOf.has(owner);
    const { servers, routes, userShare } = this.#limits;
    if (!isKnown && isFull(this.serverCount, servers, this.#serversOfUser.get(uid), userShare)) {
      return 'too many session servers are registered';
    }
    // Those it replaces are counted twice: a share that is nearly used up may refuse one who comes back too early.
    const after = ids.length - 1;
    const routesOfUser = (this.#routesOfUser.get(uid) ?? 0) + after;
    if (isFull(this.routeCount + after, routes, routesOfUser, userShare)) {
      return 'too many routes are registered';
    }
    if (!isKnown) {
      this.#idsOf.set(owner, new Set());
      count(this.#serversOfUser, uid, 1);
    }
    for (const id of ids) this.#give(id, owner);
    return undefined;
  }

  /** Takes ids back; those that `owner` does not have stay where they are. */
  remove(owner: Owner, ids: Iterable<string>): void {
    for (const id of ids) if (this.#ownerOf.get(id) === owner) this.#take(id, owner);
  }

  /** `owner` is gone, with all that is its. */
  forget(owner: Owner): void {
    const ids = this.#idsOf.get(owner);
    if (ids === undefined) return;
    this.remove(owner, [...ids]);
    this.#idsOf.delete(owner);
    count(this.#serversOfUser, owner.uid, -1);
  }

  #give(id: string, owner: Owner): void {
    const before = this.#ownerOf.get(id);
    if (before !== undefined) this.#take(id, before);
    this.#ownerOf.set(id, owner);
    this.#idsOf.get(owner)?.add(id);
    count(this.#routesOfUser, owner.uid, 1);
  }

  #take(id: string, owner: Owner): void {
    this.#ownerOf.delete(id);
    this.#idsOf.get(owner)?.delete(id);
    count(this.#routesOfUser, owner.uid, -1);
  }
}

function isFull(all: number, most: number, ofUser: number | undefined, share: number): boolean {
  return all >= most || (ofUser ?? 0) >= most * share;
}

function count(counts: Map<number, number>, uid: number, by: number): void {
  const after = (counts.get(uid) ?? 0) + by;
  if (after > 0) counts.set(uid, after);
  else counts.delete(uid);
}
