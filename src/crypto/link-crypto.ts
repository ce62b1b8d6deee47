import {
  encodeAnswerPayload,
  encodeHello,
  encodeHelloPayload,
  encodePrologue,
  handshakeBytes,
  parseAnswerPayload,
  parseHello,
  parseHelloPayload,
} from '../wire/hello.ts';
import { LINK_ID_BITS, LINK_ID_BYTES } from '../wire/limits.ts';
import type {
  ClientHandshake,
  HandshakeContext,
  HelloKey,
  HelloPayload,
  LinkCrypto,
  RecordKeys,
  ServerHandshake,
} from '../wire/link-crypto.ts';
import { type EphemeralKey, newEphemeralKey } from './ephemeral-key.ts';
import { NoiseInitiator, NoiseResponder } from './noise.ts';
import { type RecordCipher, recordCipher } from './record-cipher.ts';

export interface LinkCryptoOptions {
  /** Makes the key pair of one handshake; default: from the system's random numbers. */
  readonly newEphemeral?: () => EphemeralKey;
  /** Default: OpenSSL's. */
  readonly cipher?: RecordCipher;
}

/** The cryptography of links: handshake and records of PROTOCOL.md sections 3 and 4. Stateless; one serves any number of links. */
export function linkCrypto(options: LinkCryptoOptions = {}): LinkCrypto {
  const newEphemeral = options.newEphemeral ?? newEphemeralKey;
  const cipher = options.cipher ?? recordCipher;
  const keysOf: KeysOf = (sealKey, openKey, hash) => ({
    linkId: linkIdOf(hash),
    sealer: cipher.newSealer(sealKey),
    opener: cipher.newOpener(openKey),
  });
  return {
    startClient: (context, routeId, key, secret, payload) =>
      startClient(context, routeId, key, secret, payload, newEphemeral(), keysOf),
    readHello: (context, secretOf, hello) =>
      readHello(context, secretOf, hello, newEphemeral, keysOf),
  };
}

type KeysOf = (sealKey: Uint8Array, openKey: Uint8Array, hash: Uint8Array) => RecordKeys;

/** The front of the handshake hash, marked. */
function linkIdOf(hash: Uint8Array): Uint8Array {
  const id = hash.slice(0, LINK_ID_BYTES);
  id[0] = (id[0] as number) | LINK_ID_BITS;
  return id;
}

function startClient(
  context: HandshakeContext,
  routeId: Uint8Array,
  key: HelloKey,
  secret: Uint8Array,
  payload: HelloPayload,
  ephemeral: EphemeralKey,
  keysOf: KeysOf,
): ClientHandshake {
  const initiator = new NoiseInitiator(encodePrologue(context), secret, ephemeral);
  const message1 = initiator.writeFirst(encodeHelloPayload(context.kind, payload));
  return {
    hello: encodeHello({ key, routeId, message1 }),
    finish(answer) {
      if (answer.length !== handshakeBytes(context.kind, payload.padBytes)) return undefined;
      const second = initiator.readSecond(answer);
      const read = second === undefined ? undefined : parseAnswerPayload(second.payload);
      if (second === undefined || read === undefined) return undefined;
      // Without the root a client that forgets its passkey would have no key left.
      if (key === 'passkey' && read.root === undefined) return undefined;
      const { clientToServer, serverToClient, hash } = second.keys;
      return {
        keys: keysOf(clientToServer, serverToClient, hash),
        root: key === 'passkey' ? read.root : undefined,
      };
    },
  };
}

function readHello(
  context: HandshakeContext,
  secretOf: (key: HelloKey) => Uint8Array | undefined,
  bytes: Uint8Array,
  newEphemeral: () => EphemeralKey,
  keysOf: KeysOf,
): ServerHandshake | undefined {
  const hello = parseHello(context.kind, bytes);
  const secret = hello === undefined ? undefined : secretOf(hello.key);
  if (hello === undefined || secret === undefined) return undefined;
  const first = NoiseResponder.readFirst(encodePrologue(context), secret, hello.message1);
  const payload = first === undefined ? undefined : parseHelloPayload(context.kind, first.payload);
  if (first === undefined || payload === undefined) return undefined;
  const { length } = bytes;
  return {
    key: hello.key,
    payload,
    answer(root) {
      const sent = encodeAnswerPayload(length, hello.key === 'passkey' ? root : undefined);
      const { message, keys } = first.responder.writeSecond(sent, newEphemeral());
      return {
        answer: message,
        keys: keysOf(keys.serverToClient, keys.clientToServer, keys.hash),
      };
    },
  };
}
