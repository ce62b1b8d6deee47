import { constants, deflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { InflatingHalf } from '../../src/mux/inflating-half.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { expectBytes, sample } from './compressed-pair.ts';

/** An owner that only counts, and consumes when a test says so. */
class Owner {
  readonly half: InflatingHalf;
  unconsumed = 0;
  paid = 0;
  readonly told: string[] = [];
  onData: (bytes: Uint8Array) => void = () => undefined;

  constructor() {
    this.half = new InflatingHalf({
      deliverData: (bytes) => {
        this.unconsumed += bytes.length;
        this.onData(bytes);
      },
      deliverNote: (body) => this.told.push(JSON.stringify(body)),
      deliverEof: () => this.told.push('eof'),
      payCredit: (bytes) => {
        this.paid += bytes;
      },
      onFault: (text) => this.told.push(`fault ${text}`),
      onSettled: () => undefined,
    });
  }

  consume(bytes: number): void {
    const some = Math.min(bytes, this.unconsumed);
    this.unconsumed -= some;
    this.half.consumed(some);
  }

  consumeAll(): void {
    while (this.unconsumed > 0) this.consume(this.unconsumed);
  }
}

test('credit for every byte that came is paid once all is consumed, and none twice', () => {
  const random = new SeededRandom(1);
  for (let round = 0; round < 60; round += 1) {
    const owner = new Owner();
    const plain = sample(round % 3, random.integer(1, 300_000), round);
    // One of level 6 keeps within the ratio what is no longer than this.
    const bytes = deflateRawSync(round % 3 === 0 ? plain.subarray(0, 100_000) : plain);
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + random.integer(1, 5000));
      owner.half.data(piece);
      at += piece.length;
      owner.consume(random.integer(0, 40_000));
      expect(owner.paid).toBeLessThanOrEqual(at);
    }
    owner.consumeAll();
    expect(owner.paid).toBe(bytes.length);
    expect(owner.told).toEqual([]);
  }
});

test('credit is paid in proportion while only a part is consumed', () => {
  const owner = new Owner();
  const bytes = deflateRawSync(sample(1, 10_000, 2), { finishFlush: constants.Z_SYNC_FLUSH });
  owner.half.data(bytes);
  owner.consume(5000);
  expect(Math.abs(owner.paid - bytes.length / 2)).toBeLessThan(2);
});

test('bytes that make nothing are paid for at once, or the sender would wait for ever', () => {
  const owner = new Owner();
  for (let i = 0; i < 100; i += 1) owner.half.data(Uint8Array.of(0, 0, 0, 0xff, 0xff));
  expect([owner.paid, owner.unconsumed]).toEqual([500, 0]);
});

test('what waits is a copy: the bytes that came are used for something else', () => {
  const owner = new Owner();
  const bytes = new Uint8Array(deflateRawSync(sample(2, 400_000, 3)));
  owner.half.data(bytes);
  owner.half.data(bytes.slice());
  bytes.fill(0xff);
  expect(owner.unconsumed).toBeLessThan(100_000);
  let total = 0;
  while (owner.unconsumed > 0) {
    total += owner.unconsumed;
    owner.consume(owner.unconsumed);
  }
  expect(total).toBe(400_000);
  expect(owner.told).toEqual(['fault bytes behind the end of deflate']);
});

test('notes and the end of file wait for the bytes before them', () => {
  const owner = new Owner();
  owner.half.data(deflateRawSync(sample(2, 200_000, 4)));
  owner.half.note({ n: 1 });
  owner.half.eof();
  owner.half.note({ n: 2 });
  expect([owner.told, owner.half.isEmpty]).toEqual([[], false]);
  owner.consumeAll();
  expect([owner.told, owner.half.isEmpty]).toEqual([['{"n":1}', 'eof', '{"n":2}'], true]);
});

test('bytes are the same until the owner returns, who may have consumed them first', () => {
  const owner = new Owner();
  const plain = sample(2, 200_000, 6);
  const pieces: Uint8Array[] = [];
  owner.onData = (bytes) => {
    owner.consumeAll();
    pieces.push(bytes.slice());
  };
  owner.half.data(deflateRawSync(plain));
  expectBytes(concatBytes(pieces), plain);
});

test('nothing is delivered after a drop', () => {
  const owner = new Owner();
  owner.half.data(deflateRawSync(sample(2, 200_000, 5)));
  owner.half.note({ n: 1 });
  owner.half.drop();
  owner.consumeAll();
  owner.half.eof();
  owner.half.data(Uint8Array.of(1));
  expect([owner.told, owner.half.isEmpty]).toEqual([[], true]);
});
