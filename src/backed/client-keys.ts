import { EtError } from '../base/errors.ts';
import type { HelloKey } from '../wire/link-crypto.ts';

/**
 * The secrets a client has, and which one its next hello is made under.
 *
 *   passkey --- one authentic answer, which brings the root ---> root <--- the server renews it
 *
 * The counterpart of the server's KeyRing: the passkey goes only when the root is there.
 */
export class ClientKeys {
  #passkey: Uint8Array | undefined;
  #root: Uint8Array | undefined;
  #lastDial = 0;

  private constructor(passkey: Uint8Array | undefined, root: Uint8Array | undefined) {
    this.#passkey = passkey;
    this.#root = root;
  }

  static fromPasskey(passkey: Uint8Array): ClientKeys {
    return new ClientKeys(passkey, undefined);
  }

  static fromRoot(root: Uint8Array): ClientKeys {
    return new ClientKeys(undefined, root);
  }

  /** What resumes the session from another process; `undefined` until a first answer was read. */
  get root(): Uint8Array | undefined {
    return this.#root;
  }

  /** The key for the next hello, and its dial number, which is never used again. */
  nextHello(): {
    readonly key: HelloKey;
    readonly secret: Uint8Array;
    readonly dialNumber: number;
  } {
    this.#lastDial += 1;
    const secret = this.#root ?? this.#passkey;
    if (secret === undefined) throw new EtError('ET_ERR_INTERNAL', 'a client without a secret');
    return {
      key: this.#root === undefined ? 'passkey' : 'root',
      secret,
      dialNumber: this.#lastDial,
    };
  }

  /** The server has made another root for this client, and refuses the old one once it knows that this one is kept. */
  renew(root: Uint8Array): void {
    this.#root = root.slice();
    this.#passkey?.fill(0);
    this.#passkey = undefined;
  }

  /** An authentic answer was read; `root` came with it when its hello was under the passkey. */
  answered(root: Uint8Array | undefined): void {
    if (root !== undefined) this.#root ??= root;
    if (this.#root === undefined) return;
    this.#passkey?.fill(0);
    this.#passkey = undefined;
  }
}
