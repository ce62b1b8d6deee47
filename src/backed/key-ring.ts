import type { HelloKey } from '../wire/link-crypto.ts';

/**
 * The secrets under which a server accepts hellos.
 *
 *   passkey and root --- first authentic client record, on any link ---> root alone (final)
 *
 * The client can send a record only after it has read an answer, which brought it the root: so whatever
 * is lost or replayed, the ends never lack a common key.
 */
export class KeyRing {
  readonly root: Uint8Array;
  #passkey: Uint8Array | undefined;

  constructor(passkey: Uint8Array | undefined, root: Uint8Array) {
    this.#passkey = passkey;
    this.root = root;
  }

  get hasPasskey(): boolean {
    return this.#passkey !== undefined;
  }

  secretOf(key: HelloKey): Uint8Array | undefined {
    return key === 'root' ? this.root : this.#passkey;
  }

  /** An authentic record of a client has arrived. */
  forgetPasskey(): void {
    this.#passkey?.fill(0);
    this.#passkey = undefined;
  }
}
