import { inflateRawSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { Deflater } from '../../src/mux/deflater.ts';
import { Inflater } from '../../src/mux/inflater.ts';
import { expectBytes, sample } from './compressed-pair.ts';

/** A deflater, and what it has emitted since it was last asked. */
function deflater(): { deflater: Deflater; emitted(): Uint8Array } {
  const pieces: Uint8Array[] = [];
  return {
    deflater: new Deflater((bytes) => pieces.push(bytes.slice())),
    emitted: () => concatBytes(pieces.splice(0)),
  };
}

test('zlib inflates what is emitted, whatever it is and however it was cut', () => {
  const made = deflater();
  const parts = [0, 1, 2, 0, 2, 1].map((kind, seed) => sample(kind, 20_000 * seed + 1, seed));
  for (const part of parts) made.deflater.write(part);
  made.deflater.finish();
  expectBytes(inflateRawSync(made.emitted()), concatBytes(parts));
});

test('each write can be read before the next, and ends at a byte', () => {
  const made = deflater();
  const inflater = new Inflater();
  for (const letter of ['a', 'b', 'a', 'b', 'é', 'the last one']) {
    made.deflater.write(utf8(letter));
    const emitted = made.emitted();
    expect([...emitted.subarray(-4)]).toEqual([0, 0, 0xff, 0xff]);
    inflater.feed(emitted);
    expect(inflater.next()).toEqual(utf8(letter));
    expect(inflater.isHungry).toBe(true);
  }
});

test('whatever is written, what is emitted is at least a 64th of it', () => {
  for (const length of [1, 1000, 32_767, 32_768, 32_769, 65_537, 500_000]) {
    const made = deflater();
    made.deflater.write(new Uint8Array(length));
    const emitted = made.emitted();
    expect(emitted.length * 64).toBeGreaterThanOrEqual(length);
    expect(emitted.length).toBeLessThan(length / 64 + 40 + length / 1000);
    made.deflater.finish();
    expectBytes(inflateRawSync(concatBytes([emitted, made.emitted()])), new Uint8Array(length));
  }
});

test('what does not deflate is no longer than its blocks make it, and what follows it is deflated again', () => {
  const made = deflater();
  const random = sample(1, 2_000_000, 3);
  const lines = sample(2, 2_000_000, 4);
  made.deflater.write(random);
  const first = made.emitted();
  expect(first.length).toBeLessThan(random.length * 1.001);
  made.deflater.write(lines);
  const second = made.emitted();
  expect(second.length).toBeLessThan(lines.length / 2);
  made.deflater.write(random.subarray(0, 100_000));
  made.deflater.finish();
  const whole = concatBytes([first, second, made.emitted()]);
  expectBytes(inflateRawSync(whole), concatBytes([random, lines, random.subarray(0, 100_000)]));
});

test('what did not deflate, and went as it was, is nothing that later bytes are confused by', () => {
  const made = deflater();
  const lines = sample(2, 4000, 6);
  const parts = [lines, ...Array.from({ length: 9 }, (_, i) => sample(1, 1100, i)), lines];
  for (const part of parts) made.deflater.write(part);
  made.deflater.finish();
  expectBytes(inflateRawSync(made.emitted()), concatBytes(parts));
});

test('a stream whose last bytes did not deflate has an end too', () => {
  const made = deflater();
  const random = sample(1, 70_000, 5);
  made.deflater.write(random);
  made.deflater.finish();
  expectBytes(inflateRawSync(made.emitted()), random);
});

test('two that are given the same emit the same, whatever others were given', () => {
  const secret = sample(2, 5000, 1);
  const [first, second] = [deflater(), deflater()];
  first.deflater.write(secret);
  second.deflater.write(secret);
  expect(second.emitted()).toEqual(first.emitted());
});
