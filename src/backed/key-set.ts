import type { KeyRing } from './key-ring.ts';

/** Keys that were offered and that nobody has used yet; the oldest give way. */
const MAX_OFFERED = 8;
/** Keys that others have replaced: kept so that the client processes they were for can be told. */
const MAX_REVOKED = 8;

/**
 * All credentials that a session server knows.
 *
 *   offered --- its client has attached ---> current --- another's has ---> revoked (final)
 *
 * Between any two calls: at most one ring is current, and whoever shows a revoked one is let in only to be told that it is.
 */
export class KeySet {
  #current: KeyRing;
  readonly #offered: KeyRing[] = [];
  readonly #revoked: KeyRing[] = [];

  constructor(current: KeyRing) {
    this.#current = current;
  }

  get current(): KeyRing {
    return this.#current;
  }

  /** Accepts hellos under these keys too, as long as no more than seven others are offered after them. */
  offer(ring: KeyRing): void {
    this.#offered.push(ring);
    if (this.#offered.length > MAX_OFFERED) this.#offered.shift();
  }

  /** Offered keys that nobody will use any more. */
  withdraw(ring: KeyRing): void {
    const at = this.#offered.indexOf(ring);
    if (at >= 0) this.#offered.splice(at, 1);
  }

  /** The client of `ring` has attached: what was current is revoked. */
  makeCurrent(ring: KeyRing): void {
    if (ring === this.#current) return;
    this.withdraw(ring);
    this.#revoked.push(this.#current);
    if (this.#revoked.length > MAX_REVOKED) this.#revoked.shift();
    this.#current = ring;
  }

  /** `undefined` for keys that are none of this set. */
  stateOf(ring: KeyRing): 'current' | 'offered' | 'revoked' | undefined {
    if (ring === this.#current) return 'current';
    if (this.#offered.includes(ring)) return 'offered';
    return this.#revoked.includes(ring) ? 'revoked' : undefined;
  }

  /** The current ring first: its client is the one that dials. */
  *[Symbol.iterator](): Iterator<KeyRing> {
    yield this.#current;
    yield* this.#offered;
    yield* this.#revoked;
  }
}
