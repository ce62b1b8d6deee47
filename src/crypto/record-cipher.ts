import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { invariant } from '../base/invariant.ts';
import { TAG_BYTES } from '../wire/limits.ts';
import type { RecordOpener, RecordSealer } from '../wire/link-crypto.ts';
import { plainBytes } from './plain-bytes.ts';
import { RecordNonce } from './record-nonce.ts';
import { requireSecret } from './secret.ts';

/** Makes the two halves of a record layer from 32-byte keys: PROTOCOL.md section 4. */
export interface RecordCipher {
  newSealer(key: Uint8Array): RecordSealer;
  newOpener(key: Uint8Array): RecordOpener;
}

/** ChaCha20-Poly1305 by OpenSSL: the hot path. */
export const recordCipher: RecordCipher = {
  newSealer: (key) => new NodeSealer(key),
  newOpener: (key) => new NodeOpener(key),
};

const CIPHER = 'chacha20-poly1305';
const OPTIONS = { authTagLength: TAG_BYTES };
/** Below this a copy costs less than the second piece does in the carrier's vectored write. */
const ONE_PIECE_BELOW_BYTES = 4096;

/** Between any two calls: every number sealed so far was below `#next`, so that no nonce is ever used twice. */
class NodeSealer implements RecordSealer {
  readonly #key: KeyObject;
  readonly #nonce = new RecordNonce();
  #next = 0;

  constructor(key: Uint8Array) {
    this.#key = secretKey(key);
  }

  seal(number: number, plaintext: Uint8Array, pieces: Uint8Array[]): void {
    invariant(number >= this.#next, 'record numbers ascend');
    const cipher = createCipheriv(CIPHER, this.#key, this.#nonce.of(number), OPTIONS);
    this.#next = number + 1;
    const sealed = cipher.update(plaintext);
    cipher.final();
    const tag = cipher.getAuthTag();
    if (sealed.length >= ONE_PIECE_BELOW_BYTES) {
      pieces.push(plainBytes(sealed), plainBytes(tag));
      return;
    }
    const whole = new Uint8Array(sealed.length + TAG_BYTES);
    whole.set(sealed, 0);
    whole.set(tag, sealed.length);
    pieces.push(whole);
  }
}

class NodeOpener implements RecordOpener {
  readonly #key: KeyObject;
  readonly #nonce = new RecordNonce();

  constructor(key: Uint8Array) {
    this.#key = secretKey(key);
  }

  open(number: number, sealed: Uint8Array): Uint8Array | undefined {
    const length = sealed.length - TAG_BYTES;
    if (length < 1) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, this.#nonce.of(number), OPTIONS);
    decipher.setAuthTag(sealed.subarray(length));
    const plaintext = decipher.update(sealed.subarray(0, length));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plainBytes(plaintext);
  }
}

/** A KeyObject, since Node 24 takes 12 us for raw key bytes at each use. */
function secretKey(key: Uint8Array): KeyObject {
  return createSecretKey(requireSecret(key, 'a record key'));
}
