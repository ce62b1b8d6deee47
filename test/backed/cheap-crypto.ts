import { concatBytes, equalBytes, viewOf } from '../../src/base/bytes.ts';
import {
  encodeAnswerPayload,
  encodeHello,
  encodeHelloPayload,
  parseAnswerPayload,
  parseHello,
  parseHelloPayload,
} from '../../src/wire/hello.ts';
import { LINK_ID_BITS, LINK_ID_BYTES, TAG_BYTES } from '../../src/wire/limits.ts';
import type { LinkCrypto, RecordKeys } from '../../src/wire/link-crypto.ts';

/**
 * Every byte in its place and nothing secret: for tests that make thousands of links and ask what becomes of bytes,
 * not of keys. A tag is the front of the secret, or the record's number.
 */
export const cheapCrypto: LinkCrypto = {
  startClient(context, routeId, key, secret, payload) {
    const { kind } = context;
    const tag = secret.slice(0, TAG_BYTES);
    const message1 = concatBytes([new Uint8Array(32), encodeHelloPayload(kind, payload), tag]);
    return {
      hello: encodeHello({ key, routeId, message1 }),
      finish(answer) {
        const sealedAt = answer.length - TAG_BYTES;
        if (!equalBytes(answer.subarray(sealedAt), tag)) return undefined;
        const read = parseAnswerPayload(answer.subarray(32, sealedAt));
        return read === undefined ? undefined : { keys: KEYS, root: read.root };
      },
    };
  },
  readHello(context, secretOf, bytes) {
    const hello = parseHello(context.kind, bytes);
    const secret = hello === undefined ? undefined : secretOf(hello.key);
    if (hello === undefined || secret === undefined) return undefined;
    const sealedAt = hello.message1.length - TAG_BYTES;
    const tag = secret.slice(0, TAG_BYTES);
    if (!equalBytes(hello.message1.subarray(sealedAt), tag)) return undefined;
    const payload = parseHelloPayload(context.kind, hello.message1.subarray(32, sealedAt));
    if (payload === undefined) return undefined;
    const { length } = bytes;
    return {
      key: hello.key,
      payload,
      answer: (root) => {
        const sent = encodeAnswerPayload(length, hello.key === 'passkey' ? root : undefined);
        return { answer: concatBytes([new Uint8Array(32), sent, tag]), keys: KEYS };
      },
    };
  },
};

function tagOf(number: number): Uint8Array {
  const tag = new Uint8Array(TAG_BYTES);
  viewOf(tag).setFloat64(0, number);
  return tag;
}

const KEYS: RecordKeys = {
  linkId: new Uint8Array(LINK_ID_BYTES).fill(LINK_ID_BITS),
  sealer: {
    seal: (number, plaintext, pieces) => pieces.push(concatBytes([plaintext, tagOf(number)])),
  },
  opener: {
    open(number, sealed) {
      const at = sealed.length - TAG_BYTES;
      return equalBytes(sealed.subarray(at), tagOf(number)) ? sealed.slice(0, at) : undefined;
    },
  },
};
