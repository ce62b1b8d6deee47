import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes, EMPTY_BYTES, textOf, utf8 } from '../../src/base/bytes.ts';
import {
  type SocksCredentials,
  SocksHandshake,
  type SocksRequest,
} from '../../src/forward/socks-handshake.ts';
import { wire } from './socks-bytes.ts';
import { connect4, connect5, GRANTED, HELLO, ME, REFUSED } from './socks-conversations.ts';

/** All that came of a conversation, whatever the chunks. */
interface Outcome {
  readonly reply: Uint8Array;
  readonly rest: Uint8Array;
  readonly request: SocksRequest | undefined;
  readonly isRefused: boolean;
}

function talk(chunks: Iterable<Uint8Array>, credentials?: SocksCredentials): Outcome {
  const handshake = new SocksHandshake(credentials === undefined ? {} : { credentials });
  const replies: Uint8Array[] = [];
  const rests: Uint8Array[] = [];
  let request: SocksRequest | undefined;
  let isRefused = false;
  for (const chunk of chunks) {
    const step = handshake.push(chunk);
    if (step.reply !== undefined) replies.push(step.reply);
    if (step.rest !== undefined) rests.push(step.rest);
    request = step.request ?? request;
    isRefused = step.isRefused ?? false;
  }
  return { reply: concatBytes(replies), rest: concatBytes(rests), request, isRefused };
}

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

function bytesOf(bytes: Uint8Array): Uint8Array[] {
  return [...bytes].map((byte) => Uint8Array.of(byte));
}

describe.each(GRANTED)('$name is a request', ({ sent, reply, request, credentials }) => {
  const bytes = wire(sent);
  const expected = { reply: wire(reply), rest: EMPTY_BYTES, request, isRefused: false };

  test('in one piece, byte by byte, and cut in two anywhere', () => {
    expect(talk([bytes], credentials)).toEqual(expected);
    expect(talk(bytesOf(bytes), credentials)).toEqual(expected);
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(talk(cut(bytes, [at]), credentials), `cut at ${at}`).toEqual(expected);
    }
  });

  test('with its last byte and not before', () => {
    const before = talk(bytesOf(bytes.subarray(0, -1)), credentials);
    expect(before).toEqual({ ...expected, request: undefined });
  });

  test('before which and behind which no byte is lost', () => {
    const behind = utf8('early data \0\u0005');
    const whole = concatBytes([bytes, behind]);
    for (let at = 0; at <= whole.length; at += 1) {
      expect(talk(cut(whole, [at]), credentials), `cut at ${at}`).toEqual({
        ...expected,
        rest: behind,
      });
    }
  });
});

describe.each(REFUSED)('$name is refused', ({ sent, reply, credentials }) => {
  const bytes = wire(sent);
  const expected = { reply: wire(reply), rest: EMPTY_BYTES, request: undefined, isRefused: true };

  test('in one piece, byte by byte, and cut in two anywhere', () => {
    expect(talk([bytes], credentials)).toEqual(expected);
    expect(talk(bytesOf(bytes), credentials)).toEqual(expected);
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(talk(cut(bytes, [at]), credentials), `cut at ${at}`).toEqual(expected);
    }
  });

  test('with its last byte and not before', () => {
    expect(talk(bytesOf(bytes.subarray(0, -1)), credentials).isRefused).toBe(false);
  });

  test('for good', () => {
    const behind = wire(`${HELLO} 05 01 00 03 01 'a' 0050`);
    expect(talk([concatBytes([bytes, behind])], credentials)).toEqual(expected);
    expect(talk([bytes, behind, behind], credentials)).toEqual(expected);
  });
});

describe('HTTP', () => {
  test.each(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'CONNECT', 'OPTIONS', 'DELETE', 'TRACE'])(
    '%s is told at its first byte that this is a SOCKS port',
    (method) => {
      const bytes = utf8(`${method} http://example.com/ HTTP/1.1\r\n\r\n`);
      for (const chunks of [[bytes], bytesOf(bytes)]) {
        const outcome = talk(chunks);
        expect(outcome.isRefused).toBe(true);
        expect(textOf(outcome.reply)).toMatch(
          /^HTTP\/1\.0 400 This is a SOCKS port[^\r\n]*\r\n(?:[^\r\n]+\r\n)*\r\n[^\r\n]+\n$/u,
        );
      }
    },
  );
});

describe('steps', () => {
  test('each message is answered when its last byte has come', () => {
    const handshake = new SocksHandshake({ credentials: ME });
    expect(handshake.push(wire('05 01'))).toEqual({});
    expect(handshake.push(wire('02'))).toEqual({ reply: wire('05 02') });
    expect(handshake.push(EMPTY_BYTES)).toEqual({});
    expect(handshake.push(wire("01 02 'me' 07 'sécret'"))).toEqual({ reply: wire('01 00') });
    expect(handshake.push(wire("05 01 00 03 01 'a' 0050 'early'"))).toEqual({
      request: connect5('a', 80),
      rest: utf8('early'),
    });
    expect(handshake.push(utf8('late'))).toEqual({ rest: utf8('late') });
    expect(handshake.push(EMPTY_BYTES)).toEqual({});
  });

  test('bytes are copied: what the caller does with its buffer afterwards changes nothing', () => {
    const handshake = new SocksHandshake();
    const first = wire(`${HELLO} 05 01 00 03 02 'a'`);
    const second = wire("'b' 0050 'rest'");
    handshake.push(first);
    first.fill(0xff);
    const step = handshake.push(second);
    second.fill(0xff);
    expect(step).toEqual({ request: connect5('ab', 80), rest: utf8('rest') });

    const whole = wire("04 01 0050 c0000201 00 'rest'");
    const only = new SocksHandshake().push(whole);
    whole.fill(0xff);
    expect(only).toEqual({ request: connect4('192.0.2.1', 80), rest: utf8('rest') });
  });

  test('empty credentials must be named too', () => {
    const nobody: SocksCredentials = { user: '', password: '' };
    expect(talk([wire("05 01 02 01 00 00 05 01 00 03 01 'a' 0050")], nobody).request).toBeDefined();
    expect(talk([wire("05 01 02 01 01 'a' 00")], nobody).isRefused).toBe(true);
    expect(talk([wire(HELLO)], nobody).isRefused).toBe(true);
  });

  test('credentials of more than 255 bytes match nobody', () => {
    const long: SocksCredentials = { user: 'u'.repeat(256), password: 'p' };
    expect(talk([wire(`05 01 02 01 ff '${'u'.repeat(255)}' 01 'p'`)], long).isRefused).toBe(true);
  });
});

describe('fuzz', () => {
  const anySizes = fc.array(fc.nat({ max: 12 }), { maxLength: 40 });
  /** Bytes that get somewhere: parts of conversations, some of their bytes changed. */
  const anyTalk = fc
    .tuple(
      fc.array(
        fc.oneof(
          {
            weight: 3,
            arbitrary: fc.constantFrom(...GRANTED, ...REFUSED).map(({ sent }) => wire(sent)),
          },
          { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }) },
        ),
        { maxLength: 3 },
      ),
      fc.array(fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 255 })), { maxLength: 2 }),
    )
    .map(([parts, changes]) => {
      const bytes = concatBytes(parts);
      for (const [at, byte] of changes) if (at < bytes.length) bytes[at] = byte;
      return bytes;
    });
  const anyCredentials = fc.option(fc.constant(ME), { nil: undefined });

  test('the outcome does not depend on how the bytes are cut, and nothing throws', () => {
    fc.assert(
      fc.property(anyTalk, anySizes, anyCredentials, (bytes, sizes, credentials) => {
        expect(talk(cut(bytes, sizes), credentials)).toEqual(talk([bytes], credentials));
      }),
      { numRuns: 3000 },
    );
  });

  test('a handshake that has not ended within 1,034 bytes is none', () => {
    const endless = fc.oneof(
      fc.uint8Array({ minLength: 1034, maxLength: 1034 }),
      fc
        .tuple(anyTalk, fc.nat({ max: 255 }))
        .map(([start, byte]) => concatBytes([start, new Uint8Array(1034).fill(byte)])),
    );
    fc.assert(
      fc.property(endless, anyCredentials, (bytes, credentials) => {
        const { request, isRefused } = talk([bytes.subarray(0, 1034)], credentials);
        expect(request !== undefined || isRefused).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('only the right user and password get in', () => {
    const anyText = fc.string({ unit: 'grapheme', maxLength: 20 });
    fc.assert(
      fc.property(
        anyText,
        anyText,
        anyText,
        anyText,
        (user, password, givenUser, givenPassword) => {
          const given = [givenUser, givenPassword].map((text) => utf8(text).subarray(0, 255));
          const message = concatBytes([
            wire('05 01 02 01'),
            ...given.flatMap((text) => [Uint8Array.of(text.length), text]),
          ]);
          const isRight = user === givenUser && password === givenPassword;
          expect(talk([message], { user, password }).isRefused).toBe(!isRight);
        },
      ),
    );
  });
});
