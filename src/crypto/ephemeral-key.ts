import {
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from 'node:crypto';
import { concatBytes, equalBytes, fromHex } from '../base/bytes.ts';
import { plainBytes } from './plain-bytes.ts';
import { requireSecret } from './secret.ts';

/** An X25519 key pair (RFC 7748) that serves one handshake. The private half never leaves it. */
export interface EphemeralKey {
  /** 32 bytes. */
  readonly publicBytes: Uint8Array;
  /** The shared secret; `undefined` when the peer's key gives none (a point of low order). */
  agree(peerPublicBytes: Uint8Array): Uint8Array | undefined;
}

export const PUBLIC_KEY_BYTES = 32;

/** What DER puts before the 32 bytes of a public key (RFC 8410). */
const SPKI_PREFIX = hex('302a300506032b656e032100');
/** What DER puts before the 32 bytes of a private key. */
const PKCS8_PREFIX = hex('302e020100300506032b656e04220420');

/** A key pair from the system's random numbers. */
export function newEphemeralKey(): EphemeralKey {
  return ephemeralKey(generateKeyPairSync('x25519').privateKey);
}

/** The key pair of 32 given bytes: for test vectors, and simulations that must repeat. */
export function ephemeralKeyFrom(privateBytes: Uint8Array): EphemeralKey {
  requireSecret(privateBytes, 'an X25519 private key');
  const der = Buffer.from(concatBytes([PKCS8_PREFIX, privateBytes]));
  return ephemeralKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
}

function ephemeralKey(privateKey: KeyObject): EphemeralKey {
  const spki = createPublicKey(privateKey).export({ format: 'der', type: 'spki' });
  return {
    publicBytes: plainBytes(spki).slice(SPKI_PREFIX.length),
    agree(peerPublicBytes) {
      // OpenSSL would overlook bytes behind the key.
      if (peerPublicBytes.length !== PUBLIC_KEY_BYTES) return undefined;
      const der = Buffer.from(concatBytes([SPKI_PREFIX, peerPublicBytes]));
      try {
        const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
        return plainBytes(diffieHellman({ privateKey, publicKey }));
      } catch {
        return undefined;
      }
    },
  };
}

/** Every u-coordinate whose shared secret is all zeros, whatever the private key (RFC 7748 section 7; the top bit is ignored). */
const LOW_ORDER_POINTS: readonly Uint8Array[] = [
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
  '5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
].map(hex);

/** Whether a peer's public key would give no shared secret: known before any Diffie-Hellman. */
export function isLowOrderPoint(publicBytes: Uint8Array): boolean {
  const point = Uint8Array.from(publicBytes);
  const last = PUBLIC_KEY_BYTES - 1;
  point[last] = (point[last] ?? 0) & 0x7f;
  return LOW_ORDER_POINTS.some((low) => equalBytes(low, point));
}

function hex(digits: string): Uint8Array {
  return fromHex(digits) ?? new Uint8Array(0);
}
