import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { concatBytes, toHex } from '../../src/base/bytes.ts';
import { ephemeralKeyFrom } from '../../src/crypto/ephemeral-key.ts';
import { nobleRecordCipher } from '../../src/crypto/noble-record-cipher.ts';
import { NoiseInitiator, NoiseResponder } from '../../src/crypto/noise.ts';
import { recordCipher } from '../../src/crypto/record-cipher.ts';
import { hex } from '../support/hex.ts';

interface Vector {
  readonly init_prologue: string;
  readonly init_psk: string;
  readonly init_ephemeral: string;
  readonly resp_prologue: string;
  readonly resp_psk: string;
  readonly resp_ephemeral: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

const vector = JSON.parse(
  readFileSync(new URL('../vectors/noise-nnpsk0.json', import.meta.url), 'utf8'),
) as Vector;

function message(index: number): { payload: Uint8Array; ciphertext: Uint8Array } {
  const found = vector.messages[index];
  if (found === undefined) throw new Error(`no message ${index}`);
  return { payload: hex(found.payload), ciphertext: hex(found.ciphertext) };
}

function initiator(): NoiseInitiator {
  return new NoiseInitiator(
    hex(vector.init_prologue),
    hex(vector.init_psk),
    ephemeralKeyFrom(hex(vector.init_ephemeral)),
  );
}

function readFirst(bytes: Uint8Array): ReturnType<typeof NoiseResponder.readFirst> {
  return NoiseResponder.readFirst(hex(vector.resp_prologue), hex(vector.resp_psk), bytes);
}

/** Both messages exchanged; what each end holds afterwards. */
function handshake(): {
  client: ReturnType<NoiseInitiator['readSecond']>;
  server: ReturnType<NoiseResponder['writeSecond']>;
} {
  const client = initiator();
  const first = readFirst(client.writeFirst(message(0).payload));
  const server = first?.responder.writeSecond(
    message(1).payload,
    ephemeralKeyFrom(hex(vector.resp_ephemeral)),
  );
  if (server === undefined) throw new Error('message 1 was refused');
  return { client: client.readSecond(server.message), server };
}

describe('the official vectors of NNpsk0', () => {
  test('message 1 is byte for byte the one of the vector, and opens', () => {
    const bytes = initiator().writeFirst(message(0).payload);
    expect(toHex(bytes)).toBe(toHex(message(0).ciphertext));
    expect(readFirst(bytes)?.payload).toEqual(message(0).payload);
  });

  test('message 2 is byte for byte the one of the vector, and opens', () => {
    const { client, server } = handshake();
    expect(toHex(server.message)).toBe(toHex(message(1).ciphertext));
    expect(client?.payload).toEqual(message(1).payload);
    expect(client?.keys).toEqual(server.keys);
  });

  test.each([
    ['node', recordCipher],
    ['noble', nobleRecordCipher],
  ])('transport messages of both directions are the ones of the vector (%s)', (_, cipher) => {
    const { server } = handshake();
    const toServer = cipher.newSealer(server.keys.clientToServer);
    const toClient = cipher.newSealer(server.keys.serverToClient);
    for (const index of [2, 3, 4, 5]) {
      const { payload, ciphertext } = message(index);
      const pieces: Uint8Array[] = [];
      (index % 2 === 0 ? toServer : toClient).seal((index - 2) >> 1, payload, pieces);
      expect(toHex(concatBytes(pieces))).toBe(toHex(ciphertext));
    }
  });
});

test('every bit of message 1 and of message 2 is authenticated', () => {
  const client = initiator();
  const first = client.writeFirst(message(0).payload);
  const { server } = handshake();
  const accepted: string[] = [];
  for (let bit = 0; bit < 8 * first.length; bit += 1) {
    const flipped = flip(first, bit);
    if (readFirst(flipped) !== undefined) accepted.push(`message 1 bit ${bit}`);
  }
  for (let bit = 0; bit < 8 * server.message.length; bit += 1) {
    if (client.readSecond(flip(server.message, bit)) !== undefined) {
      accepted.push(`message 2 bit ${bit}`);
    }
  }
  expect(accepted).toEqual([]);
  // Forgeries have done no harm: the true message 2 still opens.
  expect(client.readSecond(server.message)?.payload).toEqual(message(1).payload);
});

test.each([
  ['another prologue', { prologue: hex('00') }],
  ['another pre-shared key', { psk: new Uint8Array(32) }],
])('message 1 does not open under %s', (_, change) => {
  const bytes = initiator().writeFirst(message(0).payload);
  const prologue = 'prologue' in change ? change.prologue : hex(vector.resp_prologue);
  const psk = 'psk' in change ? change.psk : hex(vector.resp_psk);
  expect(NoiseResponder.readFirst(prologue, psk, bytes)).toBeUndefined();
});

test('a message cut short is refused, at every length', () => {
  const client = initiator();
  const first = client.writeFirst(message(0).payload);
  const { server } = handshake();
  for (let length = 0; length < first.length; length += 1) {
    expect(readFirst(first.subarray(0, length))).toBeUndefined();
  }
  for (let length = 0; length < server.message.length; length += 1) {
    expect(client.readSecond(server.message.subarray(0, length))).toBeUndefined();
  }
});

test.each([0, 16, 31, 33])('a pre-shared key of %i bytes is refused', (length) => {
  expect(
    () =>
      new NoiseInitiator(
        new Uint8Array(0),
        new Uint8Array(length),
        ephemeralKeyFrom(hex(vector.init_ephemeral)),
      ),
  ).toThrowError(expect.objectContaining({ code: 'ET_ERR_USAGE' }));
});

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return flipped;
}
