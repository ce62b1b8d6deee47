import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, EMPTY_BYTES, toHex, utf8 } from '../../src/base/bytes.ts';
import { ephemeralKeyFrom } from '../../src/crypto/ephemeral-key.ts';
import { linkCrypto } from '../../src/crypto/link-crypto.ts';
import { nobleRecordCipher } from '../../src/crypto/noble-record-cipher.ts';
import type {
  HandshakeContext,
  HelloKey,
  RecordKeys,
  RecordOpener,
  RecordSealer,
} from '../../src/wire/link-crypto.ts';
import { hex } from '../support/hex.ts';

const passkey = new Uint8Array(32).fill(0x11);
const root = new Uint8Array(32).fill(0x22);
const routeId = hex('00112233445566778899aabbccddeeff');
const payload = { instance: hex('0102030405060708090a0b0c0d0e0f10'), dialNumber: 7 };
const context: HandshakeContext = {
  sessionId: hex('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf'),
  protocol: 1,
  features: [],
  kind: 'bytes',
};
const secrets = (key: HelloKey): Uint8Array => (key === 'passkey' ? passkey : root);
const crypto = linkCrypto();

function seal(sealer: RecordSealer, number: number, text: string): Uint8Array {
  const pieces: Uint8Array[] = [];
  sealer.seal(number, utf8(text), pieces);
  return concatBytes(pieces);
}

function opens(sealer: RecordSealer, opener: RecordOpener, number: number): boolean {
  const opened = opener.open(number, seal(sealer, number, 'hello'));
  return opened !== undefined && toHex(opened) === toHex(utf8('hello'));
}

/** A whole handshake under `key`. */
function handshake(
  key: HelloKey,
  shared: HandshakeContext = context,
  server = crypto,
): {
  hello: Uint8Array;
  answer: Uint8Array;
  client: { keys: RecordKeys; root: Uint8Array | undefined };
  serverKeys: RecordKeys;
} {
  const client = crypto.startClient(shared, routeId, key, secrets(key), payload);
  const read = server.readHello(shared, secrets, client.hello);
  if (read === undefined) throw new Error('the hello was refused');
  const { answer, keys } = read.answer(root);
  const finished = client.finish(answer);
  if (finished === undefined) throw new Error('the answer was refused');
  return { hello: client.hello, answer, client: finished, serverKeys: keys };
}

describe.each(['bytes', 'datagrams'] as const)('a handshake on %s', (kind) => {
  const shared = { ...context, kind, features: ['zip'] };

  test.each(['passkey', 'root'] as const)('under the %s gives both ends the same keys', (key) => {
    const { client, serverKeys } = handshake(key, shared);
    expect(opens(client.keys.sealer, serverKeys.opener, 0)).toBe(true);
    expect(opens(serverKeys.sealer, client.keys.opener, 0)).toBe(true);
    // The two directions have keys of their own.
    expect(opens(client.keys.sealer, client.keys.opener, 1)).toBe(false);
    expect(opens(serverKeys.sealer, serverKeys.opener, 1)).toBe(false);
  });

  test('brings the root under the passkey, and only then', () => {
    expect(handshake('passkey', shared).client.root).toEqual(root);
    expect(handshake('root', shared).client.root).toBeUndefined();
  });

  test('has messages of the exact length, and the hello names key and route', () => {
    const { hello, answer } = handshake('root', shared);
    const length = kind === 'bytes' ? 1400 : 1200;
    expect(hello).toHaveLength(length);
    expect(answer).toHaveLength(length);
    expect(toHex(hello.subarray(0, 22))).toBe(`4556544d0101${toHex(routeId)}`);
  });

  test('tells the server who dials', () => {
    const { hello } = crypto.startClient(shared, routeId, 'root', root, payload);
    const read = crypto.readHello(shared, secrets, hello);
    expect(read?.key).toBe('root');
    expect(read?.payload).toEqual(payload);
  });
});

test('no two hellos, answers or keys are alike', () => {
  const a = handshake('root');
  const b = handshake('root');
  expect(toHex(a.hello.subarray(22))).not.toBe(toHex(b.hello.subarray(22)));
  expect(toHex(a.answer)).not.toBe(toHex(b.answer));
  expect(opens(a.client.keys.sealer, b.serverKeys.opener, 0)).toBe(false);
});

test('a link has an id that both ends know, of its own, marked by its first two bits', () => {
  const seen = new Set<string>();
  for (let i = 0; i < 40; i += 1) {
    const { client, serverKeys } = handshake('root', { ...context, kind: 'datagrams' });
    const { linkId } = client.keys;
    expect(linkId).toEqual(serverKeys.linkId);
    expect(linkId).toHaveLength(8);
    expect((linkId[0] ?? 0) >> 6).toBe(3);
    seen.add(toHex(linkId));
  }
  expect(seen.size).toBe(40);
});

test('the route id may be rewritten on the way', () => {
  const client = crypto.startClient(context, routeId, 'root', root, payload);
  const rewritten = client.hello.slice();
  rewritten.fill(0xee, 6, 22);
  const read = crypto.readHello(context, secrets, rewritten);
  expect(client.finish(read?.answer(root).answer ?? EMPTY_BYTES)).toBeDefined();
});

test.each<[string, Partial<HandshakeContext>]>([
  ['another session', { sessionId: new Uint8Array(16) }],
  ['another protocol version', { protocol: 2 }],
  ['other features', { features: ['zip'] }],
])('a hello for %s does not authenticate', (_, change) => {
  const { hello } = crypto.startClient(context, routeId, 'root', root, payload);
  expect(crypto.readHello({ ...context, ...change }, secrets, hello)).toBeUndefined();
});

test('a hello under a forgotten or another key does not authenticate', () => {
  const { hello } = crypto.startClient(context, routeId, 'passkey', passkey, payload);
  expect(crypto.readHello(context, () => undefined, hello)).toBeUndefined();
  expect(crypto.readHello(context, () => root, hello)).toBeUndefined();
  const relabelled = hello.slice();
  relabelled[5] = 1;
  expect(crypto.readHello(context, secrets, relabelled)).toBeUndefined();
});

test('every bit of the hello behind the route id, and of the answer, is authenticated', () => {
  const client = crypto.startClient(context, routeId, 'root', root, payload);
  const answer = crypto.readHello(context, secrets, client.hello)?.answer(root).answer;
  const accepted: number[] = [];
  for (let at = 22; at < 1400; at += 1) {
    const bit = 1 << (at & 7);
    const hello = client.hello.slice();
    hello[at] = (hello[at] ?? 0) ^ bit;
    if (crypto.readHello(context, secrets, hello) !== undefined) accepted.push(at);
    const forged = Uint8Array.from(answer ?? EMPTY_BYTES);
    forged[at - 22] = (forged[at - 22] ?? 0) ^ bit;
    if (client.finish(forged) !== undefined) accepted.push(-at);
  }
  expect(accepted).toEqual([]);
  // After 1,378 forgeries the true answer is still accepted.
  expect(client.finish(answer ?? EMPTY_BYTES)).toBeDefined();
});

test('an answer to another hello is refused', () => {
  const client = crypto.startClient(context, routeId, 'root', root, payload);
  expect(client.finish(handshake('root').answer)).toBeUndefined();
});

test('a server that reads the hello does no Diffie-Hellman until it answers', () => {
  const { hello } = crypto.startClient(context, routeId, 'root', root, payload);
  let made = 0;
  const counting = linkCrypto({
    newEphemeral: () => {
      made += 1;
      return ephemeralKeyFrom(new Uint8Array(32).fill(made));
    },
  });
  const read = counting.readHello(context, secrets, hello);
  expect(made).toBe(0);
  read?.answer(root);
  expect(made).toBe(1);
});

test('a hello whose key can give no secret is refused, though it is authentic', () => {
  const lowOrder = linkCrypto({
    newEphemeral: () => ({ publicBytes: new Uint8Array(32), agree: () => undefined }),
  });
  const { hello } = lowOrder.startClient(context, routeId, 'root', root, payload);
  expect(crypto.readHello(context, secrets, hello)).toBeUndefined();
});

test('an answer whose key can give no secret is refused', () => {
  const client = crypto.startClient(context, routeId, 'root', root, payload);
  const answer = new Uint8Array(1400);
  expect(client.finish(answer)).toBeUndefined();
});

test('an answer under the passkey that brings no root is refused', () => {
  // A server that believes the hello to be under the root answers without one.
  const client = crypto.startClient(context, routeId, 'passkey', passkey, payload);
  const relabelled = client.hello.slice();
  relabelled[5] = 1;
  const read = crypto.readHello(context, () => passkey, relabelled);
  expect(read?.key).toBe('root');
  expect(client.finish(read?.answer(root).answer ?? EMPTY_BYTES)).toBeUndefined();
});

test.each([0, 16, 31, 33])('a secret of %i bytes is refused at both ends', (length) => {
  const short = new Uint8Array(length);
  const refused = expect.objectContaining({ code: 'ET_ERR_USAGE' });
  expect(() => crypto.startClient(context, routeId, 'root', short, payload)).toThrowError(refused);
  const { hello } = crypto.startClient(context, routeId, 'root', root, payload);
  expect(() => crypto.readHello(context, () => short, hello)).toThrowError(refused);
});

test('the portable records and the fast ones are one protocol', () => {
  const portable = linkCrypto({ cipher: nobleRecordCipher });
  const { client, serverKeys } = handshake('root', context, portable);
  expect(opens(client.keys.sealer, serverKeys.opener, 0)).toBe(true);
  expect(opens(serverKeys.sealer, client.keys.opener, 0)).toBe(true);
});

test('whatever arrives in place of a hello or an answer is refused without a word', () => {
  const client = crypto.startClient(context, routeId, 'root', root, payload);
  const start = client.hello.subarray(0, 22);
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 100 }),
    fc.uint8Array({ minLength: 1378, maxLength: 1378 }).map((rest) => concatBytes([start, rest])),
    fc.uint8Array({ minLength: 1400, maxLength: 1400 }),
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      expect(crypto.readHello(context, secrets, bytes)).toBeUndefined();
      expect(client.finish(bytes)).toBeUndefined();
    }),
    { numRuns: 300 },
  );
});

interface GoldenHandshake {
  readonly name: string;
  readonly kind: 'bytes' | 'datagrams';
  readonly key: HelloKey;
  readonly features: readonly string[];
  readonly secret: string;
  readonly root: string;
  readonly sessionId: string;
  readonly routeId: string;
  readonly instance: string;
  readonly dialNumber: number;
  readonly clientEphemeral: string;
  readonly serverEphemeral: string;
  readonly hello: string;
  readonly answer: string;
  readonly clientRecords: readonly string[];
  readonly serverRecords: readonly string[];
}

const golden = JSON.parse(
  readFileSync(new URL('../vectors/handshake.json', import.meta.url), 'utf8'),
) as { readonly handshakes: readonly GoldenHandshake[] };

test.each(golden.handshakes)('golden handshake: $name', (vector) => {
  const shared: HandshakeContext = {
    sessionId: hex(vector.sessionId),
    protocol: 1,
    features: vector.features,
    kind: vector.kind,
  };
  const client = linkCrypto({
    newEphemeral: () => ephemeralKeyFrom(hex(vector.clientEphemeral)),
  }).startClient(shared, hex(vector.routeId), vector.key, hex(vector.secret), {
    instance: hex(vector.instance),
    dialNumber: vector.dialNumber,
  });
  expect(toHex(client.hello)).toBe(vector.hello);
  const read = linkCrypto({
    newEphemeral: () => ephemeralKeyFrom(hex(vector.serverEphemeral)),
  }).readHello(shared, () => hex(vector.secret), client.hello);
  const answered = read?.answer(hex(vector.root));
  expect(toHex(answered?.answer ?? EMPTY_BYTES)).toBe(vector.answer);
  const keys = client.finish(answered?.answer ?? EMPTY_BYTES)?.keys;
  if (keys === undefined || answered === undefined) throw new Error('no keys');
  const records = (sealer: RecordSealer): string[] =>
    ['ping', 'pong'].map((text, number) => toHex(seal(sealer, number, text)));
  expect(records(keys.sealer)).toEqual(vector.clientRecords);
  expect(records(answered.keys.sealer)).toEqual(vector.serverRecords);
});
