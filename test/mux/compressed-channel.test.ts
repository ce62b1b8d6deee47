import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { Compressed, expectBytes, sample } from './compressed-pair.ts';
import { MuxPair } from './mux-pair.ts';

describe('a compressed channel', () => {
  test('gives each write to the other end without waiting for the next', () => {
    const { pair, client, far } = new Compressed().readBoth();
    for (let count = 1; count <= 300; count += 1) {
      client.write(Uint8Array.of(count & 0xff));
      pair.run();
      expect(far.byteCount).toBe(count);
    }
  });

  test('goes on in one direction when the other has ended', () => {
    const { pair, client, server, near, far } = new Compressed().readBoth();
    client.write(utf8('the question'));
    client.end();
    pair.run();
    expect([far.text, far.lines]).toEqual(['the question', ['eof at 12']]);
    const answer = sample(2, 500_000, 1);
    server.write(answer);
    server.note({ exit: 0 });
    server.end();
    pair.run();
    expectBytes(near.data, answer);
    expect(near.lines.slice(1)).toEqual(['note {"exit":0} at 500000', 'eof at 500000', 'close']);
    expect(client.isOpen).toBe(false);
  });

  test('takes notes behind the end of file', () => {
    const { pair, client, far } = new Compressed().readBoth();
    client.write(utf8('x'));
    client.end();
    client.note({ signal: 'INT' });
    pair.run();
    expect(far.lines).toEqual(['eof at 1', 'note {"signal":"INT"} at 1']);
  });

  test('sends nothing but EOF in a direction in which nothing was written', () => {
    const { pair, client, far } = new Compressed().readBoth();
    client.end();
    expect(pair.run().up).toBeLessThan(4);
    expect(far.lines).toEqual(['eof at 0']);
  });

  test('tells the other end of a reset in the middle of a stream, with its reason, and nothing after it', () => {
    const { pair, client, server, far, near } = new Compressed();
    client.write(sample(1, 60_000, 2));
    pair.run();
    client.reset(9, 'enough');
    expect(near.lines.at(-1)).toBe('close');
    pair.run();
    expect(far.lines).toEqual(['reset 9 enough', 'close']);
    const before = far.byteCount;
    far.read(server);
    pair.run();
    expect([far.byteCount, server.isOpen, server.write(utf8('x'))]).toEqual([before, false, false]);
    expect(pair.server.channelCount).toBe(0);
  });

  test('is closed for its owner when the last byte has been delivered, though both ends are over', () => {
    const { pair, client, server, far } = new Compressed();
    const bytes = sample(0, 400_000, 3);
    client.write(bytes);
    client.end();
    server.end();
    pair.run();
    expect(pair.server.channelCount).toBe(0);
    expect([far.lines, server.isOpen]).toEqual([[], true]);
    far.read(server);
    expectBytes(far.data, bytes);
    expect([far.lines, server.isOpen]).toEqual([['eof at 400000', 'close'], false]);
  });

  test('asks its writer to wait, and says when to go on', () => {
    const { pair, client, far, server, near } = new Compressed();
    const bytes = sample(1, 100_000, 4);
    let writes = 0;
    while (client.write(bytes)) writes += 1;
    expect(writes).toBeGreaterThan(1);
    expect(near.lines).not.toContain('drain');
    far.read(server);
    pair.run();
    expect(near.lines).toContain('drain');
    expect(client.write(bytes)).toBe(true);
  });

  test('takes no bytes after its end', () => {
    const { client } = new Compressed();
    client.end();
    expect(() => client.write(utf8('x'))).toThrow('write after end');
  });

  test('of text, sends a third at most', () => {
    const { pair, client, far } = new Compressed().readBoth();
    for (let i = 0; i < 100; i += 1) client.write(sample(2, 16_384, i));
    expect(pair.run().up).toBeLessThan((100 * 16_384) / 3);
    expect(far.byteCount).toBe(100 * 16_384);
  });

  test("is as long as if it were alone: another's secret that it repeats is no shorter for that", () => {
    const secret = sample(1, 900, 5);
    const alone = new Compressed().readBoth();
    alone.client.write(secret);
    const aloneBytes = alone.pair.run().up;

    const pair = new MuxPair();
    const first = new Compressed(pair).readBoth();
    first.client.write(secret);
    pair.run();
    const second = new Compressed(pair).readBoth();
    second.client.write(secret);
    expect(pair.run().up).toBe(aloneBytes);
    // And in itself it is.
    second.client.write(secret);
    expect(pair.run().up).toBeLessThan(100);
  });
});

describe('what a compressed channel holds', () => {
  test('is bounded while its owner consumes nothing, however much came', () => {
    const { pair, client, far, server } = new Compressed();
    const zeros = new Uint8Array(1_000_000);
    for (let i = 0; i < 20; i += 1) client.write(zeros);
    pair.run();
    expect(far.byteCount).toBeLessThan(100_000);
    far.keeps = false;
    far.read(server);
    pair.run();
    expect(far.byteCount).toBe(20_000_000);
  });

  test('is more as its owner consumes, and never much more than was consumed', () => {
    const { pair, client, far, server } = new Compressed();
    client.write(sample(0, 5_000_000, 0));
    let consumed = 0;
    for (let i = 0; i < 2000 && consumed < 5_000_000; i += 1) {
      pair.run();
      expect(far.byteCount - consumed).toBeLessThan(100_000);
      const bytes = Math.min(7777, far.byteCount - consumed);
      server.consumed(bytes);
      consumed += bytes;
    }
    expect(consumed).toBe(5_000_000);
  });

  test('pays back all the credit that the bytes have cost, however they were consumed', () => {
    const { pair, client, far, server } = new Compressed();
    const random = new SeededRandom(6);
    let consumed = 0;
    for (let i = 0; i < 400; i += 1) {
      client.write(sample(i % 3, random.integer(1, 20_000), i));
      pair.run(random.integer(200, 61_440));
      const bytes = random.integer(0, far.byteCount - consumed);
      server.consumed(bytes);
      consumed += bytes;
    }
    server.consumed(far.byteCount - consumed);
    far.unconsumedBytes = 0;
    far.read(server);
    pair.run();
    const { windowBytes } = server;
    const before = far.byteCount;
    // A whole window can be sent again without a byte of it being consumed.
    far.reader = undefined;
    client.write(sample(1, windowBytes - 1000, 7).subarray(0, 60_000));
    pair.run();
    expect(far.byteCount - before).toBe(Math.min(60_000, windowBytes - 1000));
    expect(client.bufferedBytes).toBe(0);
  });
});
