import { createCipheriv, createDecipheriv, generateKeySync, type KeyObject } from 'node:crypto';
import { utf8 } from '../base/bytes.ts';
import { EtError } from '../base/errors.ts';
import type { BlockCipher, SealedBlock } from '../wire/block-cipher.ts';
import { TAG_BYTES } from '../wire/limits.ts';
import { plainBytes } from './plain-bytes.ts';

/** By AES-NI several times as fast as what the records have; nothing but this process ever reads it. */
const CIPHER = 'aes-256-gcm';
const OPTIONS = { authTagLength: TAG_BYTES };
const PURPOSE: Uint8Array = utf8('everterm spool 1');
const NONCE_BYTES = 12;
/** 2^32 blocks of 64 KiB are 256 TiB, far below what one key of AES-GCM may seal. */
const BLOCK_COUNT: number = 2 ** 32;

/**
 * Seals the blocks of one spool, AES-256-GCM. The key is drawn here and never leaves.
 *
 *   nonce       number, 12 bytes big-endian
 *   associated  "everterm spool 1" || number u64 || start u64 || length u32, big-endian
 *   sealed      ciphertext || tag, 16
 *
 * So a block that is moved, swapped, repeated, cut or put back in another's place does not open.
 *
 * Between any two calls: every number sealed so far was below `#next`, so that no nonce is ever used twice.
 */
export class SpoolCipher implements BlockCipher {
  readonly #key: KeyObject;
  #next: number;

  /** `key` and `next`, the number of the first block, are given by tests alone: a key that another cipher has repeats nonces. */
  constructor(key: KeyObject = generateKeySync('aes', { length: 256 }), next = 0) {
    this.#key = key;
    this.#next = next;
  }

  seal(start: number, plaintext: Uint8Array): SealedBlock {
    const number = this.#next;
    if (number >= BLOCK_COUNT)
      throw new EtError('ET_ERR_STATE', `a spool of more than ${BLOCK_COUNT} blocks`);
    this.#next += 1;
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(number), OPTIONS);
    cipher.setAAD(associated(number, start, plaintext.length));
    const sealed = cipher.update(plaintext);
    cipher.final();
    return { number, pieces: [plainBytes(sealed), plainBytes(cipher.getAuthTag())] };
  }

  open(number: number, start: number, sealed: Uint8Array): Uint8Array | undefined {
    const length = sealed.length - TAG_BYTES;
    if (length < 0) return undefined;
    const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(number), OPTIONS);
    decipher.setAuthTag(sealed.subarray(length));
    decipher.setAAD(associated(number, start, length));
    const plaintext = decipher.update(sealed.subarray(0, length));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plainBytes(plaintext);
  }
}

function nonceOf(number: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_BYTES);
  // Its upper four bytes are always 0.
  new DataView(nonce.buffer).setBigUint64(4, BigInt(number));
  return nonce;
}

function associated(number: number, start: number, length: number): Uint8Array {
  const bytes = new Uint8Array(PURPOSE.length + 20);
  bytes.set(PURPOSE, 0);
  const view = new DataView(bytes.buffer, PURPOSE.length);
  view.setBigUint64(0, BigInt(number));
  view.setBigUint64(8, BigInt(start));
  view.setUint32(16, length);
  return bytes;
}
