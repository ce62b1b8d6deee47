import { createHash, createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { EMPTY_BYTES } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import { openAead, sealAead } from './aead.ts';
import { plainBytes } from './plain-bytes.ts';

/** In a handshake each key seals once, so that its nonce is always 0. */
const ZERO_NONCE = new Uint8Array(12);

/** What Split() gives: 32 bytes each. */
export interface SplitKeys {
  readonly clientToServer: Uint8Array;
  readonly serverToClient: Uint8Array;
  /** The handshake hash (section 11.2): it names this one handshake. */
  readonly hash: Uint8Array;
}

/**
 * The SymmetricState of the Noise framework, revision 34, section 5.2, with SHA256 and ChaChaPoly.
 *
 * Between any two calls: `#hash` covers all that was sent or received so far; `#key`, where there is one,
 * has sealed or opened nothing yet or exactly one message, and every `mixKey` replaces it.
 */
export class SymmetricState {
  #hash: Uint8Array;
  #chain: Uint8Array;
  #key: KeyObject | undefined;

  private constructor(hash: Uint8Array, chain: Uint8Array, key: KeyObject | undefined) {
    this.#hash = hash;
    this.#chain = chain;
    this.#key = key;
  }

  /** `protocolName` must be longer than 32 bytes: then it is hashed. */
  static initialize(protocolName: Uint8Array): SymmetricState {
    invariant(protocolName.length > 32, 'the name of the Noise protocol is hashed');
    const hash = sha256(protocolName);
    return new SymmetricState(hash, hash, undefined);
  }

  /** A copy, so that a forged message can be tried without harm. */
  clone(): SymmetricState {
    return new SymmetricState(this.#hash, this.#chain, this.#key);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = sha256(this.#hash, data);
  }

  mixKey(material: Uint8Array): void {
    const [chain, key] = hkdf(this.#chain, material, 2);
    this.#chain = chain;
    this.#key = createSecretKey(key);
  }

  mixKeyAndHash(material: Uint8Array): void {
    const [chain, hashed, key] = hkdf(this.#chain, material, 3);
    this.#chain = chain;
    this.mixHash(hashed);
    this.#key = createSecretKey(key);
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const sealed = sealAead(this.#takeKey(), ZERO_NONCE, this.#hash, plaintext);
    this.mixHash(sealed);
    return sealed;
  }

  /** `undefined` when `sealed` is not authentic; the state is of no further use then. */
  decryptAndHash(sealed: Uint8Array): Uint8Array | undefined {
    const plaintext = openAead(this.#takeKey(), ZERO_NONCE, this.#hash, sealed);
    if (plaintext !== undefined) this.mixHash(sealed);
    return plaintext;
  }

  split(): SplitKeys {
    const [clientToServer, serverToClient] = hkdf(this.#chain, EMPTY_BYTES, 2);
    return { clientToServer, serverToClient, hash: this.#hash };
  }

  /** The key for the one message that it seals or opens. */
  #takeKey(): KeyObject {
    const key = this.#key;
    invariant(key !== undefined, 'a key was mixed since the last sealed payload');
    this.#key = undefined;
    return key;
  }
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return plainBytes(hash.digest());
}

/** HKDF of section 4.3: two outputs, or three. */
function hkdf(
  chain: Uint8Array,
  material: Uint8Array,
  count: 2 | 3,
): [Uint8Array, Uint8Array, Uint8Array] {
  const temporary = hmac(chain, material);
  const first = hmac(temporary, Uint8Array.of(1));
  const second = hmac(temporary, first, Uint8Array.of(2));
  return [first, second, count === 3 ? hmac(temporary, second, Uint8Array.of(3)) : EMPTY_BYTES];
}

function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const mac = createHmac('sha256', createSecretKey(key));
  for (const part of parts) mac.update(part);
  return plainBytes(mac.digest());
}
