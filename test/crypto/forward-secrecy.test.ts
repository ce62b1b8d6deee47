import { describe, expect, test } from 'vitest';
import { concatBytes, EMPTY_BYTES, textOf, utf8 } from '../../src/base/bytes.ts';
import {
  type EphemeralKey,
  ephemeralKeyFrom,
  newEphemeralKey,
} from '../../src/crypto/ephemeral-key.ts';
import { linkCrypto } from '../../src/crypto/link-crypto.ts';
import { recordCipher } from '../../src/crypto/record-cipher.ts';
import { type SplitKeys, SymmetricState } from '../../src/crypto/symmetric-state.ts';
import { encodePrologue, parseHelloPayload } from '../../src/wire/hello.ts';
import type { HandshakeContext, HelloKey, RecordSealer } from '../../src/wire/link-crypto.ts';

const context: HandshakeContext = {
  sessionId: new Uint8Array(16).fill(3),
  protocol: 1,
  features: [],
  kind: 'bytes',
};
const payload = { instance: new Uint8Array(16).fill(5), dialNumber: 1 };
const root = new Uint8Array(32).fill(0x22);
const passkey = new Uint8Array(32).fill(0x11);
const TEXT = 'rm -rf ~/secret';

/** Everything that was on the wire of one link, and, for the control alone, the client's ephemeral key. */
interface Recording {
  readonly hello: Uint8Array;
  readonly answer: Uint8Array;
  readonly toServer: Uint8Array;
  readonly toClient: Uint8Array;
  readonly clientEphemeral: EphemeralKey;
}

function record(key: HelloKey, secret: Uint8Array): Recording {
  const clientEphemeral = newEphemeralKey();
  const client = linkCrypto({ newEphemeral: () => clientEphemeral }).startClient(
    context,
    new Uint8Array(16),
    key,
    secret,
    payload,
  );
  const server = linkCrypto()
    .readHello(context, () => secret, client.hello)
    ?.answer(root);
  const keys = client.finish(server?.answer ?? EMPTY_BYTES)?.keys;
  if (server === undefined || keys === undefined) throw new Error('no handshake');
  return {
    hello: client.hello,
    answer: server.answer,
    toServer: seal(keys.sealer),
    toClient: seal(server.keys.sealer),
    clientEphemeral,
  };
}

function seal(sealer: RecordSealer): Uint8Array {
  const pieces: Uint8Array[] = [];
  sealer.seal(0, utf8(TEXT), pieces);
  return concatBytes(pieces);
}

/** What a thief of the pre-shared key makes of a recording, given a guess at the Diffie-Hellman of the two ephemeral keys. */
class Thief {
  readonly #state: SymmetricState;
  readonly #recording: Recording;
  readonly firstPayload: Uint8Array | undefined;

  constructor(recording: Recording, psk: Uint8Array) {
    this.#recording = recording;
    const state = SymmetricState.initialize(utf8('Noise_NNpsk0_25519_ChaChaPoly_SHA256'));
    state.mixHash(encodePrologue(context));
    state.mixKeyAndHash(psk);
    state.mixHash(this.clientPublic);
    state.mixKey(this.clientPublic);
    this.firstPayload = state.decryptAndHash(recording.hello.subarray(54));
    state.mixHash(this.serverPublic);
    state.mixKey(this.serverPublic);
    this.#state = state;
  }

  get clientPublic(): Uint8Array {
    return this.#recording.hello.subarray(22, 54);
  }

  get serverPublic(): Uint8Array {
    return this.#recording.answer.subarray(0, 32);
  }

  /** The payload of the answer and the records of both directions, as far as the guess opens them. */
  read(guess: Uint8Array | undefined): string[] {
    const state = this.#state.clone();
    if (guess !== undefined) state.mixKey(guess);
    const found: string[] = [];
    const before = state.clone().split();
    if (state.decryptAndHash(this.#recording.answer.subarray(32)) !== undefined) {
      found.push('answer');
    }
    for (const keys of [before, state.split()]) found.push(...this.#records(keys));
    return found;
  }

  #records(keys: SplitKeys): string[] {
    const texts: string[] = [];
    for (const key of [keys.clientToServer, keys.serverToClient]) {
      const opener = recordCipher.newOpener(key);
      for (const sealed of [this.#recording.toServer, this.#recording.toClient]) {
        const opened = opener.open(0, sealed);
        if (opened !== undefined) texts.push(textOf(opened));
      }
    }
    return texts;
  }
}

describe.each([
  ['root secret', 'root', root],
  ['passkey', 'passkey', passkey],
] as const)('the %s and a recording of a whole link', (_, key, secret) => {
  const recording = record(key, secret);
  const thief = new Thief(recording, secret);

  test('give away the dial number: message 1 is under the pre-shared key alone', () => {
    expect(parseHelloPayload('bytes', thief.firstPayload ?? EMPTY_BYTES)).toEqual({
      ...payload,
      padBytes: undefined,
    });
  });

  test('open neither the answer nor a record, whatever is tried for the Diffie-Hellman', () => {
    const own = newEphemeralKey();
    const fromSecret = ephemeralKeyFrom(secret);
    const guesses = [
      undefined,
      EMPTY_BYTES,
      new Uint8Array(32),
      secret,
      thief.clientPublic,
      thief.serverPublic,
      own.agree(thief.clientPublic),
      own.agree(thief.serverPublic),
      fromSecret.agree(thief.clientPublic),
      fromSecret.agree(thief.serverPublic),
    ];
    for (const guess of guesses) expect(thief.read(guess)).toEqual([]);
  });

  test('would open all of it with an ephemeral private key: only that is missing', () => {
    const shared = recording.clientEphemeral.agree(thief.serverPublic);
    expect(thief.read(shared)).toEqual(expect.arrayContaining(['answer', TEXT, TEXT]));
  });
});

test('the keys of one link open nothing of another under the same root', () => {
  const one = record('root', root);
  const other = record('root', root);
  const shared = one.clientEphemeral.agree(one.answer.subarray(0, 32));
  expect(new Thief(one, root).read(shared)).not.toEqual([]);
  expect(new Thief(other, root).read(shared)).toEqual([]);
});
