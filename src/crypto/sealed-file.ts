import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { concatBytes, equalBytes, utf8 } from '../base/bytes.ts';
import type { RandomSource } from '../base/random.ts';
import { TAG_BYTES } from '../wire/limits.ts';
import { requireSecret } from './secret.ts';

/**
 * Small files at rest, XChaCha20-Poly1305:
 *
 *    0        4         5           29
 *   +--------+---------+-----------+------------+----------+
 *   |  EVTF  | version |  nonce    | ciphertext | tag, 16  |
 *   +--------+---------+-----------+------------+----------+
 *
 * The nonce is random: 24 bytes are enough for any number of files under one key.
 */
const HEADER: Uint8Array = Uint8Array.of(0x45, 0x56, 0x54, 0x46, 1);
const NONCE_BYTES = 24;

/** `purpose` is authenticated, so that a file cannot be passed off as another kind. */
export function sealFile(
  key: Uint8Array,
  purpose: string,
  plaintext: Uint8Array,
  random: RandomSource,
): Uint8Array {
  const nonce = random.bytes(NONCE_BYTES);
  const aead = xchacha20poly1305(requireSecret(key, 'a file key'), nonce, associated(purpose));
  return concatBytes([HEADER, nonce, aead.encrypt(plaintext)]);
}

/** `undefined` when `sealed` is not a file that this key sealed for this purpose. */
export function openFile(
  key: Uint8Array,
  purpose: string,
  sealed: Uint8Array,
): Uint8Array | undefined {
  requireSecret(key, 'a file key');
  const bodyAt = HEADER.length + NONCE_BYTES;
  if (sealed.length < bodyAt + TAG_BYTES) return undefined;
  if (!equalBytes(sealed.subarray(0, HEADER.length), HEADER)) return undefined;
  const nonce = sealed.subarray(HEADER.length, bodyAt);
  try {
    return xchacha20poly1305(key, nonce, associated(purpose)).decrypt(sealed.subarray(bodyAt));
  } catch {
    return undefined;
  }
}

function associated(purpose: string): Uint8Array {
  return concatBytes([HEADER, utf8(purpose)]);
}
