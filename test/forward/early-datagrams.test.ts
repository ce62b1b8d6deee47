import fc from 'fast-check';
import { expect, test } from 'vitest';
import { concatBytes, copyOf } from '../../src/base/bytes.ts';
import { EarlyDatagrams, encodeEarlyDatagram } from '../../src/forward/early-datagrams.ts';
import { MAX_EARLY_DATA_BYTES } from '../../src/wire/limits.ts';

/** What comes of `bytes` in pieces of these sizes, the last of them again and again; `undefined` once they break the rules. */
function pushAll(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] | undefined {
  const early = new EarlyDatagrams();
  const datagrams: Uint8Array[] = [];
  for (let at = 0, i = 0; at < bytes.length; i += 1) {
    const size = Math.max(1, sizes[Math.min(i, sizes.length - 1)] ?? 1);
    // What is pushed is valid until the call returns.
    const piece = copyOf(bytes.subarray(at, at + size));
    const found = early.push(piece);
    if (found === undefined) return undefined;
    datagrams.push(...found.map(copyOf));
    piece.fill(0xff);
    at += size;
  }
  return datagrams;
}

test('datagrams of any size, none included, come out as they went in, however they are cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 700 }), { maxLength: 11 }),
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1 }),
      (datagrams, sizes) => {
        const bytes = concatBytes(datagrams.map(encodeEarlyDatagram));
        expect(pushAll(bytes, sizes)).toEqual(datagrams.map(copyOf));
      },
    ),
  );
});

test('a length is two bytes, high one first', () => {
  expect(encodeEarlyDatagram(new Uint8Array(0x1_f0)).subarray(0, 3)).toEqual(
    Uint8Array.of(1, 0xf0, 0),
  );
  expect(encodeEarlyDatagram(new Uint8Array(0))).toEqual(Uint8Array.of(0, 0));
});

test('8 KiB may come in all, and no byte more', () => {
  const most = encodeEarlyDatagram(new Uint8Array(MAX_EARLY_DATA_BYTES - 2));
  expect(pushAll(most, [1000])).toHaveLength(1);
  expect(pushAll(concatBytes([most, Uint8Array.of(0)]), [1000])).toBeUndefined();
  const many = concatBytes(Array.from({ length: 4096 }, () => Uint8Array.of(0, 0)));
  expect(pushAll(many, [7])).toHaveLength(4096);
  expect(pushAll(concatBytes([many, Uint8Array.of(0, 0)]), [7])).toBeUndefined();
});

test('a length that cannot be fulfilled is found before its body comes', () => {
  expect(pushAll(Uint8Array.of(0x1f, 0xfe), [2])).toEqual([]);
  expect(pushAll(Uint8Array.of(0x1f, 0xff), [2])).toBeUndefined();
  expect(pushAll(Uint8Array.of(0, 0, 0x1f, 0xfd), [4])).toBeUndefined();
});

test('random bytes never throw, and what is kept of them stays within 8 KiB', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 20_000 }),
      fc.array(fc.integer({ min: 1, max: 5000 }), { minLength: 1 }),
      (bytes, sizes) => {
        const found = pushAll(bytes, sizes);
        if (bytes.length > MAX_EARLY_DATA_BYTES) expect(found).toBeUndefined();
        const total = (found ?? []).reduce((sum, { length }) => sum + length + 2, 0);
        expect(total).toBeLessThanOrEqual(Math.min(bytes.length, MAX_EARLY_DATA_BYTES));
      },
    ),
    { numRuns: 500 },
  );
});
