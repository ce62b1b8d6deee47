import { KeyRing } from '../backed/key-ring.ts';
import type { KeySet } from '../backed/key-set.ts';
import type { Clock } from '../base/clock.ts';
import type { RandomSource } from '../base/random.ts';
import { SECRET_BYTES } from '../wire/limits.ts';
import type { ServerSession } from './server-session.ts';

/** Who was let in over ssh and does not come within this time, in milliseconds, has to ask again. */
const OFFER_MS = 120_000;

export interface AttachmentsDeps {
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly keys: KeySet;
}

/**
 * Who has the shell, and by which keys. Each client that attaches has keys of its own, and from then on those of whoever had the shell
 * before are refused.
 *
 * Between any two calls: a session that has been given keys which it has not said that it keeps can still use those it came with.
 */
export class Attachments {
  readonly #deps: AttachmentsDeps;
  #owner: ServerSession | undefined;
  #by = '';
  /** The client processes that the keys are for. */
  readonly #instanceOf = new WeakMap<KeyRing, string>();
  /** Keys on their way to a client. */
  readonly #given = new WeakMap<ServerSession, KeyRing>();
  /** Keys that a client may have stored, whether or not it has said so. */
  readonly #mayBeStored = new WeakSet<KeyRing>();

  constructor(deps: AttachmentsDeps) {
    this.#deps = deps;
  }

  /** Who has the shell, in a user's words; empty when nobody does, or has not said. */
  get by(): string {
    return this.#by;
  }

  isOwner(session: ServerSession): boolean {
    return session === this.#owner;
  }

  /** Keys for a client that is to come: the passkey for its first hello, which is the caller's to hand on and wipe. */
  offer(): Uint8Array {
    const { clock, random, keys } = this.#deps;
    const passkey = random.bytes(SECRET_BYTES);
    const ring = new KeyRing(passkey.slice(), random.bytes(SECRET_BYTES));
    keys.offer(ring);
    clock.schedule(OFFER_MS, () => {
      if (ring.hasPasskey) keys.withdraw(ring);
    });
    return passkey;
  }

  /**
   * `session` is about to have the shell: the keys that it came with are its own. To be called before those who had the shell are ended,
   * or keys that one of them has stored and not said so would go with it.
   */
  claim(session: ServerSession): void {
    if (this.#deps.keys.stateOf(session.keys) === 'offered') this.#settle(session, session.keys);
  }

  /** `session`, which has claimed it, has the shell from now on. Returns the root secret of its own where it came by the keys of another client. */
  attach(session: ServerSession, by: string): Uint8Array | undefined {
    this.#owner = session;
    this.#by = by;
    const { keys, random } = this.#deps;
    const ring = session.keys;
    const before = this.#instanceOf.get(ring);
    if (before === undefined || before === session.instance) {
      this.#instanceOf.set(ring, session.instance);
      return undefined;
    }
    const own = new KeyRing(undefined, random.bytes(SECRET_BYTES));
    keys.offer(own);
    this.#given.set(session, own);
    this.#mayBeStored.add(own);
    return own.root;
  }

  /** The client has stored the keys that it was given: nobody has those from before any more. */
  kept(session: ServerSession): void {
    const own = this.#given.get(session);
    if (own === undefined || session !== this.#owner) return;
    this.#given.delete(session);
    this.#settle(session, own);
  }

  /** The client has left, or was told that it has not got the shell any more. */
  left(session: ServerSession): void {
    const { keys } = this.#deps;
    const given = this.#given.get(session);
    if (given !== undefined) keys.withdraw(given);
    if (!this.#mayBeStored.has(session.keys)) keys.withdraw(session.keys);
    if (session !== this.#owner) return;
    this.#owner = undefined;
    this.#by = '';
  }

  #settle(session: ServerSession, ring: KeyRing): void {
    this.#instanceOf.set(ring, session.instance);
    session.keys = ring;
    this.#deps.keys.makeCurrent(ring);
  }
}
