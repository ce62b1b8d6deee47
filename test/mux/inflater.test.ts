import { constants, deflateRawSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { Compressed, expectBytes, ForeignPeer, sample } from './compressed-pair.ts';

describe('a bomb', () => {
  /** 1 MiB of zeros in about a thousand bytes, which may be repeated. */
  const chunk = deflateRawSync(new Uint8Array(2 ** 20), { finishFlush: constants.Z_FULL_FLUSH });

  test('of 1 MB that inflates to 1 GB is refused after a few KiB, with the reason', () => {
    const victim = new ForeignPeer();
    victim.victim.keeps = false;
    victim.say(concatBytes(Array.from({ length: 1024 }, () => chunk)));
    expect(victim.victim.byteCount).toBeLessThan(200_000);
    const reason = 'reset 4 inflates to more than 64 times its length';
    expect(victim.victim.lines).toEqual([reason, 'close']);
    expect(victim.peer.lines.slice(1)).toEqual([reason, 'close']);
    expect(victim.pair.server.channelCount).toBe(0);
  });

  test('is refused behind any amount of what is none', () => {
    const victim = new ForeignPeer();
    const random = sample(1, 300_000, 8);
    victim.say(deflateRawSync(random, { finishFlush: constants.Z_FULL_FLUSH }));
    expectBytes(victim.victim.data, random);
    victim.say(concatBytes(Array.from({ length: 10 }, () => chunk)));
    expect(victim.victim.byteCount).toBeLessThan(500_000);
    expect(victim.victim.lines).toContain('reset 4 inflates to more than 64 times its length');
  });

  test('is not what a sender makes of zeros, or of a line again and again', () => {
    const line = utf8('all is well, nothing to see\n');
    const lines = concatBytes(Array.from({ length: 40_000 }, () => line));
    for (const bytes of [new Uint8Array(1_000_000), lines]) {
      const { pair, client, far } = new Compressed().readBoth();
      far.keeps = false;
      for (let i = 0; i < 10; i += 1) client.write(bytes);
      for (let at = 0; at < 100_000; at += 1000) client.write(bytes.subarray(at, at + 1000));
      pair.run();
      expect(far.lines).toEqual([]);
      expect(far.byteCount).toBe(10 * bytes.length + 100_000);
    }
  });

  test('is not a change between what deflates well and what does not', () => {
    const { pair, client, far } = new Compressed().readBoth();
    far.keeps = false;
    for (let i = 0; i < 200; i += 1) {
      const random = sample(1, 16_000 + 37 * i, i);
      client.write(concatBytes([random, new Uint8Array(49_536), random, new Uint8Array(70_000)]));
    }
    pair.run(1000);
    expect(far.lines).toEqual([]);
  });
});

describe('a peer with a deflate of its own', () => {
  test.each([0, 1, 6, 9])('is understood at level %i', (level) => {
    const bytes = sample(2, 300_000, level);
    const { victim, channel, pair } = new ForeignPeer().say(deflateRawSync(bytes, { level }));
    channel.end();
    pair.run();
    expectBytes(victim.data, bytes);
    expect(victim.lines).toEqual(['eof at 300000']);
  });

  test.each([
    ['ends within its stream', Uint8Array.of(0x4a), 'reset 4 EOF within deflate'],
    [
      'says more behind the end of its stream',
      concatBytes([deflateRawSync(utf8('x')), Uint8Array.of(0)]),
      'reset 4 bytes behind the end of deflate',
    ],
    ['sends a block that there is not', Uint8Array.of(0x07), 'reset 4 not deflate: '],
  ])('that %s loses its channel, and nothing else', (_, bytes, line) => {
    const { victim, channel, pair, peer } = new ForeignPeer().say(bytes);
    if (channel.isOpen) channel.end();
    pair.run();
    expect(victim.lines.at(-2)).toContain(line);
    expect(victim.lines.at(-1)).toBe('close');
    expect(peer.lines.at(-2)).toContain(line);
    const other = new Compressed(pair).readBoth();
    other.client.write(utf8('still here'));
    pair.run();
    expect(other.far.text).toBe('still here');
  });

  test('says a byte behind its end in another message, and loses its channel', () => {
    const { victim } = new ForeignPeer().say(deflateRawSync(utf8('x'))).say(Uint8Array.of(0));
    expect(victim.lines).toEqual(['reset 4 bytes behind the end of deflate', 'close']);
    expect(victim.text).toBe('x');
  });

  test('can send anything: the channel is reset with code 4, or what it sent was deflate', () => {
    for (let seed = 0; seed < 1500; seed += 1) {
      const random = new SeededRandom(seed);
      const bytes = random.chance(0.6) ? mutant(random) : random.bytes(random.integer(1, 3000));
      const peer = new ForeignPeer();
      for (let at = 0; at < bytes.length && peer.channel.isOpen; ) {
        const piece = bytes.subarray(at, at + random.integer(1, 800));
        peer.say(piece);
        at += piece.length;
      }
      const { lines, byteCount } = peer.victim;
      expect(byteCount).toBeLessThan(64 * bytes.length + 150_000);
      if (lines.length > 0) expect([lines[0]?.slice(0, 7), lines[1]]).toEqual(['reset 4', 'close']);
      expect(peer.channel.isOpen).toBe(lines.length === 0);
      expect(peer.pair.clock.pending).toBe(0);
    }
  });
});

/** A sound stream with one byte changed. */
function mutant(random: SeededRandom): Uint8Array {
  const plain = sample(random.integer(0, 2), 20_000, random.integer(0, 1e9));
  const bytes = new Uint8Array(deflateRawSync(plain));
  bytes[random.integer(0, bytes.length - 1)] = random.integer(0, 255);
  return bytes;
}
