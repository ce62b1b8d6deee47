import type { SessionLink } from './session-link.ts';

/** A link that recovers is left alone while another one can carry, whatever the client prefers. */
const DOUBT_RANK = { overdue: 0, recovering: 2, steady: 4 } as const;

/**
 * The links of a session.
 *
 * Between any two calls: no two have the same id, and `preferred` is one of them or undefined.
 */
export class Links {
  readonly #byId = new Map<number, SessionLink>();
  #preferredId: number | undefined;

  get count(): number {
    return this.#byId.size;
  }

  [Symbol.iterator](): Iterator<SessionLink> {
    return this.#byId.values();
  }

  get(id: number): SessionLink | undefined {
    return this.#byId.get(id);
  }

  add(link: SessionLink): void {
    this.#byId.set(link.id, link);
  }

  /** False when it was not there. */
  remove(link: SessionLink): boolean {
    return this.#byId.get(link.id) === link && this.#byId.delete(link.id);
  }

  prefer(id: number): void {
    this.#preferredId = id;
  }

  get preferredId(): number | undefined {
    return this.#preferredId;
  }

  /** The link to send on: trusted before suspect, then undoubted ones, then the preferred one, then the latest dialled. */
  get best(): SessionLink | undefined {
    let best: SessionLink | undefined;
    for (const link of this.#byId.values()) {
      if (best === undefined || this.#rank(link) > this.#rank(best)) best = link;
    }
    return best;
  }

  /** Joined, trusted and not about to end. */
  get hasTrusted(): boolean {
    for (const link of this.#byId.values()) if (!link.isSuspect && !link.isRetired) return true;
    return false;
  }

  #rank(link: SessionLink): number {
    const trust = (link.isSuspect ? 0 : 16) + (link.isRetired ? 0 : 8);
    const wish = link.id === this.#preferredId ? 1 : 0;
    // Ids are below 2^53; as a fraction they only decide between equals.
    return trust + DOUBT_RANK[link.doubt.state] + wish + link.id / (link.id + 1);
  }
}
