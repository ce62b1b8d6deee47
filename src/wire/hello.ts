import { concatBytes, equalBytes, utf8, viewOf } from '../base/bytes.ts';
import { invariant } from '../base/invariant.ts';
import {
  ENVELOPE_VERSION,
  HANDSHAKE_BYTES,
  HELLO_MAGIC,
  INSTANCE_ID_BYTES,
  MAX_NUMBER,
  MAX_PAD_BYTES,
  MIN_PAD_BYTES,
  REFUSED,
  ROUTE_ID_BYTES,
  SECRET_BYTES,
  SESSION_ID_BYTES,
  TAG_BYTES,
} from './limits.ts';
import type { HandshakeContext, HelloKey, HelloPayload } from './link-crypto.ts';

/**
 * The hello and the payloads of the handshake: PROTOCOL.md section 3.
 *
 *    0       4      5     6            22             54
 *   +-------+------+-----+------------+--------------+- - - - - - - - -+
 *   | magic | env  | key |  route id  |  e           |  sealed payload |
 *   +-------+------+-----+------------+--------------+- - - - - - - - -+
 */

export type CarrierKind = HandshakeContext['kind'];

const KEY_AT = 5;
const ROUTE_AT = 6;
const MESSAGE_AT: number = ROUTE_AT + ROUTE_ID_BYTES;
const PUBLIC_KEY_BYTES = 32;
/** In the payload of message 1. */
const PADS_AT: number = INSTANCE_ID_BYTES + 8;
const KEY_BYTE = { passkey: 0, root: 1 } as const;

export interface Hello {
  readonly key: HelloKey;
  readonly routeId: Uint8Array;
  /** Noise message 1. */
  readonly message1: Uint8Array;
}

/** Whole length of a hello, and of its answer. */
export function handshakeBytes(kind: CarrierKind, padBytes: number | undefined): number {
  return kind === 'datagrams' ? (padBytes ?? HANDSHAKE_BYTES.datagrams) : HANDSHAKE_BYTES.bytes;
}

/** Whether a hello of this kind of carrier may have this length. */
export function isHelloLength(kind: CarrierKind, length: number): boolean {
  if (kind === 'bytes') return length === HANDSHAKE_BYTES.bytes;
  return length >= MIN_PAD_BYTES && length <= MAX_PAD_BYTES;
}

export function encodeHello(hello: Hello): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_AT + hello.message1.length);
  invariant(hello.routeId.length === ROUTE_ID_BYTES, 'a route id is 16 bytes');
  bytes.set(HELLO_MAGIC, 0);
  bytes[HELLO_MAGIC.length] = ENVELOPE_VERSION;
  bytes[KEY_AT] = KEY_BYTE[hello.key];
  bytes.set(hello.routeId, ROUTE_AT);
  bytes.set(hello.message1, MESSAGE_AT);
  return bytes;
}

/** Views into `bytes`; `undefined` when they are no hello of this kind of carrier. */
export function parseHello(kind: CarrierKind, bytes: Uint8Array): Hello | undefined {
  if (!isHelloLength(kind, bytes.length) || !canBeHello(bytes)) return undefined;
  return {
    key: bytes[KEY_AT] === KEY_BYTE.root ? 'root' : 'passkey',
    routeId: bytes.subarray(ROUTE_AT, MESSAGE_AT),
    message1: bytes.subarray(MESSAGE_AT),
  };
}

/** Whether a hello may begin with `prefix`, of any length; when not, it may be refused without waiting. */
export function canBeHello(prefix: Uint8Array): boolean {
  for (let i = 0; i < HELLO_MAGIC.length && i < prefix.length; i += 1) {
    if (prefix[i] !== HELLO_MAGIC[i]) return false;
  }
  if (prefix.length > HELLO_MAGIC.length && prefix[HELLO_MAGIC.length] !== ENVELOPE_VERSION) {
    return false;
  }
  return prefix.length <= KEY_AT || (prefix[KEY_AT] ?? 0) <= KEY_BYTE.root;
}

/** Whether the first 8 bytes of an answer are a refusal. An authentic answer begins so once in 2^64. */
export function isRefused(bytes: Uint8Array): boolean {
  return equalBytes(bytes.subarray(0, REFUSED.length), REFUSED);
}

/** What both ends must agree on, in the form that Noise mixes in. */
export function encodePrologue(context: HandshakeContext): Uint8Array {
  const { sessionId, protocol, features, kind } = context;
  invariant(sessionId.length === SESSION_ID_BYTES, 'a session id is 16 bytes');
  invariant(protocol >= 1 && protocol <= 255, 'a protocol version is one byte');
  invariant(features.length <= 255, 'at most 255 features');
  const parts = [
    utf8('everterm'),
    Uint8Array.of(ENVELOPE_VERSION),
    sessionId,
    Uint8Array.of(protocol, kind === 'bytes' ? 0 : 1, features.length),
  ];
  for (const feature of [...features].sort(byCodeUnit)) {
    const text = utf8(feature);
    invariant(text.length <= 255, 'a feature is at most 255 bytes');
    parts.push(Uint8Array.of(text.length), text);
  }
  return concatBytes(parts);
}

function byCodeUnit(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

/** The payload of message 1, of the length that fills a hello of this kind. */
export function encodeHelloPayload(kind: CarrierKind, payload: HelloPayload): Uint8Array {
  const { instance, dialNumber, padBytes } = payload;
  invariant(instance.length === INSTANCE_ID_BYTES, 'an instance id is 16 bytes');
  invariant(dialNumber >= 1 && dialNumber <= MAX_NUMBER, 'dial numbers start at 1');
  const length = handshakeBytes(kind, padBytes);
  invariant(isHelloLength(kind, length), 'a hello has a length within bounds');
  const bytes = new Uint8Array(length - MESSAGE_AT - PUBLIC_KEY_BYTES - TAG_BYTES);
  bytes.set(instance, 0);
  viewOf(bytes).setBigUint64(INSTANCE_ID_BYTES, BigInt(dialNumber));
  if (padBytes !== undefined) bytes[PADS_AT] = 1;
  return bytes;
}

/**
 * `undefined` when it is too short, or one of its fields or its length is out of bounds. Copies: the payload outlives the hello.
 */
export function parseHelloPayload(kind: CarrierKind, bytes: Uint8Array): HelloPayload | undefined {
  if (bytes.length <= PADS_AT) return undefined;
  const dialNumber = Number(viewOf(bytes).getBigUint64(INSTANCE_ID_BYTES));
  if (dialNumber < 1 || dialNumber > MAX_NUMBER) return undefined;
  const pads = kind === 'datagrams' ? (bytes[PADS_AT] as number) : 0;
  const length = MESSAGE_AT + PUBLIC_KEY_BYTES + bytes.length + TAG_BYTES;
  // Who does not pad has hellos of one length.
  if (pads > 1 || (pads === 0 && length !== HANDSHAKE_BYTES[kind])) return undefined;
  const padBytes = pads === 1 ? length : undefined;
  return { instance: bytes.slice(0, INSTANCE_ID_BYTES), dialNumber, padBytes };
}

/** The payload of message 2, for an answer as long as its hello, in bytes; `root` only under the passkey. */
export function encodeAnswerPayload(length: number, root: Uint8Array | undefined): Uint8Array {
  const bytes = new Uint8Array(length - PUBLIC_KEY_BYTES - TAG_BYTES);
  if (root === undefined) return bytes;
  invariant(root.length === SECRET_BYTES, 'a root secret is 32 bytes');
  bytes[0] = 1;
  bytes.set(root, 1);
  return bytes;
}

/** `undefined` when it is too short or its first byte is neither 0 nor 1. */
export function parseAnswerPayload(
  bytes: Uint8Array,
): { readonly root: Uint8Array | undefined } | undefined {
  if (bytes.length < 1 + SECRET_BYTES) return undefined;
  if (bytes[0] === 0) return { root: undefined };
  return bytes[0] === 1 ? { root: bytes.slice(1, 1 + SECRET_BYTES) } : undefined;
}
