import { concatBytes, equalBytes, viewOf } from '../../src/base/bytes.ts';
import type { RandomSource } from '../../src/base/random.ts';
import {
  encodeAnswerPayload,
  encodeHello,
  encodeHelloPayload,
  encodePrologue,
  handshakeBytes,
  parseAnswerPayload,
  parseHello,
  parseHelloPayload,
} from '../../src/wire/hello.ts';
import { LINK_ID_BITS, LINK_ID_BYTES, TAG_BYTES } from '../../src/wire/limits.ts';
import type { LinkCrypto, RecordKeys, RecordOpener } from '../../src/wire/link-crypto.ts';

const EPHEMERAL_BYTES = 32;

/** 128 bits that change with every bit of `seed`, `number` and `bytes`. A checksum: it keeps nothing from anybody. */
function tagOf(seed: number, number: number, bytes: Uint8Array): Uint8Array {
  let a = (seed ^ 0x9e_37_79_b9) | 0;
  let b = (number ^ 0x85_eb_ca_6b) | 0;
  for (let i = 0; i < bytes.length; i += 1) {
    a = Math.imul(a ^ (bytes[i] as number), 0x01_00_01_93);
    b = (b + a) | 0;
  }
  const tag = new Uint8Array(TAG_BYTES);
  for (let i = 0; i < TAG_BYTES; i += 1) {
    a = Math.imul(a ^ (b >>> 13), 0xc2_b2_ae_35);
    b = Math.imul(b ^ (a >>> 16), 0x27_d4_eb_2f);
    tag[i] = (a ^ b) >>> 24;
  }
  return tag;
}

function hash(parts: readonly Uint8Array[]): number {
  const tag = tagOf(0, 0, concatBytes(parts));
  return ((tag[0] ?? 0) << 24) | ((tag[1] ?? 0) << 16) | ((tag[2] ?? 0) << 8) | (tag[3] ?? 0);
}

function sealWith(key: number, number: number, plaintext: Uint8Array): Uint8Array {
  const sealed = new Uint8Array(plaintext.length + TAG_BYTES);
  sealed.set(plaintext);
  sealed.set(tagOf(key, number, plaintext), plaintext.length);
  return sealed;
}

function openWith(key: number, number: number, sealed: Uint8Array): Uint8Array | undefined {
  if (sealed.length < TAG_BYTES) return undefined;
  const plaintext = sealed.subarray(0, sealed.length - TAG_BYTES);
  const tag = sealed.subarray(plaintext.length);
  return equalBytes(tag, tagOf(key, number, plaintext)) ? plaintext : undefined;
}

/** Opens into memory that the next record overwrites: whoever keeps a plaintext beyond the call keeps rubbish. */
function openerOf(key: number): RecordOpener {
  let memory = new Uint8Array(1024);
  return {
    open: (number, sealed) => {
      const plaintext = openWith(key, number, sealed);
      if (plaintext === undefined) return undefined;
      if (memory.length < plaintext.length) memory = new Uint8Array(2 * plaintext.length);
      memory.set(plaintext);
      return memory.subarray(0, plaintext.length);
    },
  };
}

function keysOf(shared: number, sealKey: number, openKey: number): RecordKeys {
  const linkId = new Uint8Array(LINK_ID_BYTES).fill(LINK_ID_BITS);
  viewOf(linkId).setInt32(4, shared);
  return {
    linkId,
    sealer: {
      seal: (number, plaintext, pieces) => {
        pieces.push(sealWith(sealKey, number, plaintext));
      },
    },
    opener: openerOf(openKey),
  };
}

/**
 * A link's cryptography without the cryptography, for thousands of simulated schedules: the same messages of the same
 * lengths, the same refusals of wrong keys, wrong contexts, changed, repeated and reordered records; no secrecy.
 */
export function fakeLinkCrypto(random: RandomSource): LinkCrypto {
  return {
    startClient(context, routeId, key, secret, payload) {
      const prologue = encodePrologue(context);
      const e = random.bytes(EPHEMERAL_BYTES);
      const first = hash([prologue, secret, e]);
      const sealed = sealWith(first, 0, encodeHelloPayload(context.kind, payload));
      const message1 = concatBytes([e, sealed]);
      return {
        hello: encodeHello({ key, routeId, message1 }),
        finish(answer) {
          if (answer.length !== handshakeBytes(context.kind, payload.padBytes)) return undefined;
          const shared = hash([message1, secret, answer.subarray(0, EPHEMERAL_BYTES)]);
          const opened = openWith(shared, 0, answer.subarray(EPHEMERAL_BYTES));
          const read = opened === undefined ? undefined : parseAnswerPayload(opened);
          if (read === undefined || (key === 'passkey' && read.root === undefined)) {
            return undefined;
          }
          const root = key === 'passkey' ? read.root : undefined;
          return { keys: keysOf(shared, shared ^ 1, shared ^ 2), root };
        },
      };
    },
    readHello(context, secretOf, bytes) {
      const hello = parseHello(context.kind, bytes);
      const secret = hello === undefined ? undefined : secretOf(hello.key);
      if (hello === undefined || secret === undefined) return undefined;
      const message1 = hello.message1.slice();
      const first = hash([encodePrologue(context), secret, message1.subarray(0, EPHEMERAL_BYTES)]);
      const opened = openWith(first, 0, message1.subarray(EPHEMERAL_BYTES));
      const payload = opened === undefined ? undefined : parseHelloPayload(context.kind, opened);
      if (payload === undefined) return undefined;
      const secretNow = secret.slice();
      const { length } = bytes;
      return {
        key: hello.key,
        payload,
        answer(root) {
          const e = random.bytes(EPHEMERAL_BYTES);
          const shared = hash([message1, secretNow, e]);
          const sent = encodeAnswerPayload(length, hello.key === 'passkey' ? root : undefined);
          return {
            answer: concatBytes([e, sealWith(shared, 0, sent)]),
            keys: keysOf(shared, shared ^ 2, shared ^ 1),
          };
        },
      };
    },
  };
}
