import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { SecureLink } from '../../src/backed/secure-link.ts';
import { concatBytes, equalBytes } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import { recordCipher } from '../../src/crypto/record-cipher.ts';
import { MAX_RECORD_BYTES, TAG_BYTES } from '../../src/wire/limits.ts';
import { LINK_ID } from './link-id.ts';
import { RecordingCarrier } from './recording-carrier.ts';
import { pattern } from './stream-script.ts';

const KEYS = { up: pattern(32), down: pattern(32, 32) };
const PLAINTEXTS = [pattern(1), pattern(40), pattern(1000), pattern(MAX_RECORD_BYTES), pattern(7)];

const EXPECTED = concatBytes(PLAINTEXTS);

type Kind = 'bytes' | 'datagrams';

/** One end, and what its owner was told. */
class End {
  readonly carrier: RecordingCarrier;
  readonly link: SecureLink;
  readonly records: { number: number; plaintext: Uint8Array; sealedBytes: number }[] = [];
  readonly closes: (string | undefined)[] = [];

  constructor(kind: Kind, sealKey: Uint8Array, openKey: Uint8Array) {
    this.carrier = new RecordingCarrier(kind);
    const keys = {
      linkId: LINK_ID,
      sealer: recordCipher.newSealer(sealKey),
      opener: recordCipher.newOpener(openKey),
    };
    this.link = new SecureLink(7, this.carrier, keys, 0);
    this.carrier.start(this.link);
    this.link.attach({
      onRecord: (number, plaintext, sealedBytes) =>
        this.records.push({ number, plaintext: plaintext.slice(), sealedBytes }),
      onClose: (error) => this.closes.push(error?.code),
    });
  }

  get plaintexts(): Uint8Array[] {
    return this.records.map(({ plaintext }) => plaintext);
  }
}

function pairOf(kind: Kind): { sender: End; receiver: End } {
  return {
    sender: new End(kind, KEYS.up, KEYS.down),
    receiver: new End(kind, KEYS.down, KEYS.up),
  };
}

function sealAll(sender: End): Uint8Array[] {
  PLAINTEXTS.forEach((plaintext, number) => {
    sender.link.seal(number, plaintext);
  });
  sender.link.flush();
  return sender.carrier.takeWrites();
}

describe('on bytes', () => {
  let sender: End;
  let receiver: End;
  beforeEach(() => {
    ({ sender, receiver } = pairOf('bytes'));
  });

  test('what is sealed leaves with the flush, in one write', () => {
    sender.link.seal(0, pattern(10));
    expect(sender.carrier.takeWrites()).toEqual([]);
    sender.link.seal(1, pattern(10));
    sender.link.flush();
    expect(sender.carrier.takeWrites().map(({ length }) => length)).toEqual([56]);
    sender.link.flush();
    expect(sender.carrier.takeWrites()).toEqual([]);
  });

  test('records arrive whole through a pipe of one byte', () => {
    for (const byte of concatBytes(sealAll(sender))) receiver.carrier.feed(Uint8Array.of(byte));
    expect(equalBytes(concatBytes(receiver.plaintexts), EXPECTED)).toBe(true);
    expect(receiver.records.map(({ number }) => number)).toEqual([0, 1, 2, 3, 4]);
    expect(receiver.records.map(({ sealedBytes }) => sealedBytes)).toEqual(
      PLAINTEXTS.map(({ length }) => length + 18),
    );
  });

  test('records arrive whole in pieces of any sizes', () => {
    const sealed = concatBytes(sealAll(sender));
    const sizes = fc.array(
      fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 70_000 })),
      {
        minLength: 1,
        maxLength: 30,
      },
    );
    fc.assert(
      fc.property(sizes, (pieces) => {
        const end = pairOf('bytes').receiver;
        let at = 0;
        for (const size of [...pieces, sealed.length]) {
          end.carrier.feed(sealed.subarray(at, at + size));
          at += size;
        }
        expect(end.plaintexts.map(({ length }) => length)).toEqual(
          PLAINTEXTS.map(({ length }) => length),
        );
        expect(equalBytes(concatBytes(end.plaintexts), EXPECTED)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  test.each([0, 1, 16, MAX_RECORD_BYTES + TAG_BYTES + 1, 65_535])(
    'a length of %i ends the link before anything else is awaited',
    (length) => {
      receiver.carrier.feed(Uint8Array.of(length >> 8));
      expect(receiver.closes).toEqual([]);
      receiver.carrier.feed(Uint8Array.of(length & 0xff));
      expect(receiver.closes).toEqual(['ET_ERR_RECORD_SIZE']);
      expect(receiver.carrier.state).toBe('reset');
    },
  );

  test('a length that is wrong behind good records ends the link after them', () => {
    sender.link.seal(0, pattern(5));
    sender.link.flush();
    receiver.carrier.feed(concatBytes([sender.carrier.takeWritten(), Uint8Array.of(0, 3, 1, 1)]));
    expect(receiver.plaintexts).toEqual([pattern(5)]);
    expect(receiver.closes).toEqual(['ET_ERR_RECORD_SIZE']);
  });

  test('any flipped bit ends the link, and nothing behind it is taken', () => {
    sender.link.seal(0, pattern(6));
    sender.link.seal(1, pattern(6));
    sender.link.flush();
    const sealed = sender.carrier.takeWritten();
    for (let bit = 0; bit < (sealed.length / 2) * 8; bit += 1) {
      const end = pairOf('bytes').receiver;
      const tampered = sealed.slice();
      tampered[bit >> 3] = (tampered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      end.carrier.feed(tampered);
      expect(end.records).toEqual([]);
      // A greater length is awaited; what comes of it is not authentic either.
      if (end.closes.length === 0) end.carrier.feed(new Uint8Array(65_536));
      expect(end.records).toEqual([]);
      expect(end.closes.length).toBe(1);
      expect(end.carrier.state).toBe('reset');
    }
  });

  test('a record that is repeated, left out or out of turn ends the link', () => {
    const [first = pattern(0), second = pattern(0)] = [0, 1].map((number) => {
      sender.link.seal(number, pattern(20));
      sender.link.flush();
      return sender.carrier.takeWritten();
    });
    for (const order of [[first, first], [second], [second, first]]) {
      const end = pairOf('bytes').receiver;
      for (const bytes of order) end.carrier.feed(bytes);
      expect(end.closes).toEqual(['ET_ERR_RECORD_SEAL']);
    }
  });

  test('the owner is told of the end once, and of nothing after it', () => {
    receiver.carrier.feed(Uint8Array.of(0, 0));
    receiver.link.onClose(new EtError('ET_ERR_CARRIER', 'reset'));
    receiver.link.onBytes(concatBytes(sealAll(sender)));
    expect(receiver.closes.length).toBe(1);
    expect(receiver.records).toEqual([]);
  });

  test('close lets out what was sealed, reset does not; no event follows', () => {
    sender.link.seal(0, pattern(5));
    sender.link.close();
    expect(sender.carrier.takeWritten().length).toBe(23);
    expect(sender.carrier.state).toBe('closed');
    receiver.link.seal(0, pattern(5));
    receiver.link.reset();
    receiver.link.flush();
    expect(receiver.carrier.takeWritten().length).toBe(0);
    expect(receiver.carrier.state).toBe('reset');
    receiver.link.onClose(undefined);
    expect(receiver.closes).toEqual([]);
  });
});

test('an end that comes before the owner does is told to the owner', () => {
  const carrier = new RecordingCarrier();
  const keys = {
    linkId: LINK_ID,
    sealer: recordCipher.newSealer(KEYS.up),
    opener: recordCipher.newOpener(KEYS.down),
  };
  const link = new SecureLink(1, carrier, keys, 0);
  carrier.start(link);
  carrier.feedEnd(new EtError('ET_ERR_CARRIER', 'reset'));
  const closes: (string | undefined)[] = [];
  link.attach({ onRecord: () => undefined, onClose: (error) => closes.push(error?.code) });
  expect(closes).toEqual(['ET_ERR_CARRIER']);
});

describe('on datagrams', () => {
  test('each begins with the id of its link and the number, and one with another id is none of ours', () => {
    const { sender, receiver } = pairOf('datagrams');
    const sealed = sealAll(sender)[1] ?? pattern(0);
    expect(sealed.subarray(0, 12)).toEqual(concatBytes([LINK_ID, Uint8Array.of(0, 0, 0, 1)]));
    for (let at = 0; at < 8; at += 1) {
      const other = sealed.slice();
      other[at] = (other[at] ?? 0) ^ 1;
      receiver.carrier.feed(other);
    }
    expect(receiver.records.length).toBe(0);
    receiver.carrier.feed(sealed);
    expect(receiver.records.length).toBe(1);
  });

  test('each record is one datagram, and arrives in whatever order and however often', () => {
    const { sender, receiver } = pairOf('datagrams');
    const sealed = sealAll(sender);
    expect(sealed.length).toBe(PLAINTEXTS.length);
    for (const n of [2, 0, 0, 4, 1]) receiver.carrier.feed(sealed[n] ?? pattern(0));
    // Which of them are repetitions is for the owner to judge, who remembers the numbers.
    expect(receiver.records.map(({ number }) => number)).toEqual([2, 0, 0, 4, 1]);
    expect(receiver.plaintexts[0]).toEqual(PLAINTEXTS[2]);
    expect(receiver.records[0]?.sealedBytes).toBe(1028);
  });

  test('what is not authentic is dropped without a trace', () => {
    const { sender, receiver } = pairOf('datagrams');
    const [sealed = pattern(0)] = sealAll(sender);
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const tampered = sealed.slice();
      tampered[bit >> 3] = (tampered[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      receiver.carrier.feed(tampered);
    }
    for (let length = 0; length < sealed.length; length += 1)
      receiver.carrier.feed(sealed.subarray(0, length));
    expect(receiver.records).toEqual([]);
    expect(receiver.closes).toEqual([]);
    expect(receiver.carrier.state).toBe('open');
    receiver.carrier.feed(sealed);
    expect(receiver.records.length).toBe(1);
  });

  test('numbers above 2^31 travel whole', () => {
    const { sender, receiver } = pairOf('datagrams');
    for (const number of [2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) sender.link.seal(number, pattern(3));
    for (const datagram of sender.carrier.takeWrites()) receiver.carrier.feed(datagram);
    expect(receiver.records.map(({ number }) => number)).toEqual([
      2 ** 31 - 1,
      2 ** 31,
      2 ** 32 - 1,
    ]);
  });
});
