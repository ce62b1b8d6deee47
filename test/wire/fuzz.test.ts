import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { type ErrorCode, EtError } from '../../src/base/errors.ts';
import { parseRequest } from '../../src/wire/bootstrap-request.ts';
import { decodeFrames } from '../../src/wire/decode-frames.ts';
import { FrameWriter } from '../../src/wire/frame-writer.ts';
import {
  canBeHello,
  isRefused,
  parseAnswerPayload,
  parseHello,
  parseHelloPayload,
} from '../../src/wire/hello.ts';
import { MessageDecoder } from '../../src/wire/message-decoder.ts';
import { ReplyScanner } from '../../src/wire/reply-scanner.ts';
import { hex } from '../support/hex.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { anyFrame } from './any-frame.ts';
import { anyMessage } from './any-message.ts';
import { FrameLog, type LoggedFrame, writeFrame } from './frame-log.ts';
import { encodeMessage, type LoggedMessage, MessageLog } from './message-log.ts';
import { readVectors } from './vectors.ts';

/** `EVERTERM_FUZZ_RUNS=1000000` for a long night: so many changed inputs for each decoder. */
const WISH = Number(process.env['EVERTERM_FUZZ_RUNS'] ?? 1000);
/** Runs of each property, whose inputs are made slowly and shrink well. */
const RUNS = Math.min(WISH, 20_000);
/** Inputs changed by plain chance, which cost microseconds; a failure names its seed. */
const MUTATIONS = Math.max(WISH, 20_000);
const LONG = { timeout: 60_000 + 20 * RUNS + MUTATIONS };
/** The longest message but DATA. */
const MAX_HELD_BYTES = 4161;

/** Runs `decode`; the code of the EtError that it threw, if any. Anything else that is thrown fails the test. */
function codeOf(decode: () => void): ErrorCode | undefined {
  try {
    decode();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof EtError) return thrown.code;
    throw thrown;
  }
}

function recordOf(frames: readonly LoggedFrame[]): Uint8Array {
  const writer = new FrameWriter(new Uint8Array(61_440));
  for (const frame of frames) writeFrame(writer, frame);
  return writer.bytes;
}

/** Valid bytes after a few changes: a byte set, a piece cut out, put in, or doubled. */
function mutated(valid: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.tuple(fc.nat({ max: 3 }), fc.nat(), fc.nat({ max: 9 }), fc.nat({ max: 255 }));
  return fc
    .tuple(valid, fc.array(change, { minLength: 1, maxLength: 4 }))
    .map(([bytes, changes]) => changes.reduce(mutate, bytes));
}

function mutate(
  bytes: Uint8Array,
  [kind, place, count, value]: [number, number, number, number],
): Uint8Array {
  const at = bytes.length === 0 ? 0 : place % bytes.length;
  const before = bytes.subarray(0, at);
  if (kind === 0) return concatBytes([before, Uint8Array.of(value), bytes.subarray(at + 1)]);
  if (kind === 1) return concatBytes([before, bytes.subarray(at + count)]);
  if (kind === 2)
    return concatBytes([before, new Uint8Array(count).fill(value), bytes.subarray(at)]);
  return concatBytes([bytes.subarray(0, at + count), bytes.subarray(at)]);
}

describe('frames', () => {
  const check = (bytes: Uint8Array): void => {
    const code = codeOf(() => decodeFrames(bytes, new FrameLog()));
    expect([undefined, 'ET_ERR_FRAME']).toContain(code);
  };

  test('random bytes are decoded or refused, and nothing else', LONG, () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), check), { numRuns: RUNS });
  });

  test('changed records are decoded or refused, and nothing else', LONG, () => {
    const record = fc.array(anyFrame, { maxLength: 6 }).map(recordOf);
    fc.assert(fc.property(mutated(record), check), { numRuns: RUNS });
  });

  test('whatever a record decodes to is written and decoded to the same again', LONG, () => {
    const record = fc.array(anyFrame, { maxLength: 6 }).map(recordOf);
    fc.assert(
      fc.property(mutated(record), (bytes) => {
        const first = new FrameLog();
        if (codeOf(() => decodeFrames(bytes, first)) !== undefined) return;
        const again = recordOf(first.frames);
        if (again.length === 0) return;
        const second = new FrameLog();
        decodeFrames(again, second);
        expect(second.frames).toEqual(first.frames);
      }),
      { numRuns: RUNS },
    );
  });
});

/** What a stream says, and how it ended, when it comes in pieces of the given sizes. */
function decodeIn(
  bytes: Uint8Array,
  sizes: readonly number[],
): { messages: readonly LoggedMessage[]; code: ErrorCode | undefined } {
  const log = new MessageLog();
  const decoder = new MessageDecoder(log);
  const code = codeOf(() => {
    let round = 0;
    for (let at = 0; at < bytes.length; round += 1) {
      const size = sizes[round % sizes.length] ?? 1;
      // A copy, spoiled afterwards: nothing may be kept of it.
      const chunk = bytes.slice(at, at + size);
      decoder.push(chunk);
      chunk.fill(0xee);
      expect(decoder.heldBytes).toBeLessThan(MAX_HELD_BYTES);
      at += size;
    }
  });
  return { messages: log.messages, code };
}

describe('messages', () => {
  const stream = fc
    .array(anyMessage, { maxLength: 8 })
    .map((messages) => concatBytes(messages.map(encodeMessage)));
  const sizes = fc.array(fc.integer({ min: 1, max: 80 }), { minLength: 1, maxLength: 8 });

  test('come back as they were encoded, in pieces of any sizes', LONG, () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 8 }), sizes, (messages, pieces) => {
        const bytes = concatBytes(messages.map(encodeMessage));
        const whole = decodeIn(bytes, [1_000_000]);
        expect(whole.code).toBeUndefined();
        const expected = new MessageLog();
        for (const message of messages) replay(message, expected);
        expect(whole.messages).toEqual(expected.messages);
        expect(decodeIn(bytes, pieces)).toEqual(whole);
        expect(decodeIn(bytes, [1])).toEqual(whole);
      }),
      { numRuns: RUNS },
    );
  });

  test(
    'random and changed bytes say the same, or fail the same, in pieces of any sizes',
    LONG,
    () => {
      const bytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), mutated(stream));
      fc.assert(
        fc.property(bytes, sizes, (input, pieces) => {
          const whole = decodeIn(input, [1_000_000]);
          expect([undefined, 'ET_ERR_MESSAGE']).toContain(whole.code);
          const cut = decodeIn(input, pieces);
          expect(cut.messages).toEqual(whole.messages);
          expect(cut.code).toBe(whole.code);
          expect(decodeIn(input, [1])).toEqual(cut);
        }),
        { numRuns: RUNS },
      );
    },
  );
});

function replay(message: LoggedMessage, log: MessageLog): void {
  if (message[0] === 'data') log.onData(Number(message[1]), Buffer.from(String(message[2]), 'hex'));
  else log.messages.push(message);
}

test('what is read before a key is known never throws', LONG, () => {
  const hello = fc
    .tuple(fc.uint8Array({ minLength: 1394, maxLength: 1396 }), fc.nat({ max: 2 }))
    .map(([rest, key]) =>
      concatBytes([Uint8Array.of(0x45, 0x56, 0x54, 0x4d, 1, key), rest]).subarray(0, 1400),
    );
  fc.assert(
    fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), mutated(hello)), (bytes) => {
      for (const kind of ['bytes', 'datagrams'] as const) {
        const parsed = parseHello(kind, bytes);
        if (parsed !== undefined) expect(parsed.message1.length).toBe(bytes.length - 22);
      }
      canBeHello(bytes);
      isRefused(bytes);
      parseHelloPayload('bytes', bytes);
      parseHelloPayload('datagrams', bytes);
      parseAnswerPayload(bytes);
    }),
    { numRuns: RUNS },
  );
});

test('requests are parsed or refused with the code of the bootstrap', LONG, () => {
  const members = fc.record(
    {
      everterm: fc.constantFrom(1, 2, '1'),
      protocol: fc.oneof(fc.constant([1, 1]), fc.jsonValue()),
      features: fc.oneof(fc.constant([]), fc.jsonValue()),
      port: fc.oneof(fc.constant('60000-61000'), fc.jsonValue()),
      bind: fc.oneof(fc.constant(''), fc.jsonValue()),
      graceSeconds: fc.oneof(fc.constant(null), fc.jsonValue()),
    },
    { requiredKeys: ['everterm'] },
  );
  const line = fc.oneof(
    fc.string(),
    fc.json(),
    members.map((each) => JSON.stringify(each)),
  );
  fc.assert(
    fc.property(line, (text) => {
      expect([undefined, 'ET_ERR_BOOTSTRAP']).toContain(codeOf(() => parseRequest(text)));
    }),
    { numRuns: RUNS },
  );
});

test('a scanner of replies never throws and keeps no more than its bound', LONG, () => {
  const word = fc.oneof(
    fc.constantFrom('EVERTERM-REPLY', 'EVERTERM-END', '{', '}', '{"error":{"code":""}}', ' ', '\n'),
    fc.string({ maxLength: 20 }),
    fc.json({ maxDepth: 1 }),
  );
  fc.assert(
    fc.property(fc.array(word, { maxLength: 40 }), fc.uint8Array(), (words, bytes) => {
      const scanner = new ReplyScanner();
      for (const each of [...words, bytes]) {
        scanner.push(each);
        expect(scanner.seen.length).toBeLessThanOrEqual(65_536);
      }
    }),
    { numRuns: Math.ceil(RUNS / 4) },
  );
});

describe('plain chance', () => {
  /** One to six changes to a random one of `corpus`. */
  const changed = (corpus: readonly Uint8Array[], seed: number): Uint8Array => {
    const random = new SeededRandom(seed);
    let bytes = corpus[random.integer(0, corpus.length - 1)] ?? new Uint8Array(0);
    for (let left = random.integer(1, 6); left > 0; left -= 1) {
      const numbers = [
        random.integer(0, 3),
        random.integer(0, 5000),
        random.integer(0, 9),
      ] as const;
      bytes = mutate(bytes, [...numbers, random.integer(0, 255)]);
    }
    return bytes;
  };
  const corpusOf = (name: string): Uint8Array[] => {
    const { valid, malformed } = readVectors<unknown>(name);
    return [...valid, ...malformed].map(({ bytes }) => hex(bytes));
  };

  test('never brings the decoder of frames to anything but ET_ERR_FRAME', LONG, () => {
    const corpus = corpusOf('frames');
    let refused = 0;
    for (let seed = 0; seed < MUTATIONS; seed += 1) {
      const record = changed(corpus, seed);
      const code = codeOf(() => decodeFrames(record, new FrameLog()));
      if (code === 'ET_ERR_FRAME') refused += 1;
      else if (code !== undefined) throw new Error(`seed ${seed}: ${code}`);
    }
    // Some were still records: the changes are not so wild that only the first byte is ever looked at.
    expect(refused).toBeLessThan(0.98 * MUTATIONS);
    expect(refused).toBeGreaterThan(0.5 * MUTATIONS);
  });

  test('never brings the decoder of messages to anything but ET_ERR_MESSAGE', LONG, () => {
    const corpus = corpusOf('messages');
    let refused = 0;
    for (let seed = 0; seed < MUTATIONS; seed += 1) {
      const stream = changed(corpus, seed);
      const { code } = decodeIn(stream, [1 + (seed % 7), 1 + (seed % 31)]);
      if (code === 'ET_ERR_MESSAGE') refused += 1;
      else if (code !== undefined) throw new Error(`seed ${seed}: ${code}`);
    }
    expect(refused).toBeLessThan(0.98 * MUTATIONS);
    expect(refused).toBeGreaterThan(0.2 * MUTATIONS);
  });
});
