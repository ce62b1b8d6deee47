import { beforeEach, describe, expect, test } from 'vitest';
import {
  HANDSHAKE_TIMEOUT_MS,
  MAX_HALF_OPEN_HANDSHAKES,
  MAX_INSTANCES,
  REFUSED,
  REFUSED_AFTER_MS,
} from '../../src/wire/limits.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { AcceptorBench, sealedRecord } from './acceptor-bench.ts';
import type { RecordingCarrier } from './recording-carrier.ts';
import { pattern } from './stream-script.ts';

let bench: AcceptorBench;
beforeEach(() => {
  bench = new AcceptorBench();
});

/** What a stranger sees from its last byte on: when something comes, what, and how it ends. */
function seen(carrier: RecordingCarrier): { atMs: number; bytes: number[]; state: string } {
  const startedMs = bench.clock.now();
  while (carrier.state === 'open') if (!bench.clock.step()) break;
  return {
    atMs: bench.clock.now() - startedMs,
    bytes: [...carrier.takeWritten()],
    state: carrier.state,
  };
}

const REFUSAL = { atMs: REFUSED_AFTER_MS, bytes: [...REFUSED], state: 'closed' };

describe('a stranger', () => {
  test.each<[string, () => Uint8Array]>([
    ['sends garbage', () => pattern(1400, 5)],
    ['sends eight bytes that are no hello', () => pattern(8, 5)],
    ['sends one wrong byte', () => Uint8Array.of(0x47)],
    ['has the wrong magic', () => flipped(bench.hello(1).hello, 0)],
    ['has the wrong envelope version', () => flipped(bench.hello(1).hello, 4)],
    ['names a key that is none', () => changed(bench.hello(1).hello, 5, 2)],
    ['swaps the keys', () => changed(bench.hello(1).hello, 5, 1)],
    ['has flipped a bit of the ephemeral key', () => flipped(bench.hello(1).hello, 22)],
    ['has flipped a bit of the payload', () => flipped(bench.hello(1).hello, 700)],
    ['has flipped the last bit', () => flipped(bench.hello(1).hello, 1399)],
    ['guesses the passkey', () => bench.hello(1, 'passkey', { secret: pattern(32, 9) }).hello],
    ['guesses the root', () => bench.hello(1, 'root', { secret: pattern(32, 9) }).hello],
    ['sends a zero ephemeral key', () => bench.hello(1).hello.fill(0, 22, 54)],
    ['repeats a hello', () => repeated(bench.hello(1).hello)],
    ['repeats a dial number', () => repeated(bench.hello(1).hello, bench.hello(1).hello)],
    ['uses the passkey after a client has joined', afterJoin],
    ['comes seventeenth', seventeenth],
  ])('who %s sees the same refusal', (_how, makeHello) => {
    const carrier = bench.carrier();
    carrier.feed(makeHello());
    expect(carrier.takeWritten().length).toBe(0);
    expect(seen(carrier)).toEqual(REFUSAL);
    bench.acceptor.close();
    expect(bench.acceptor.waitingCount).toBe(0);
    expect(bench.clock.pending).toBe(0);
  });

  test('who sends half a hello and waits is refused after ten seconds', () => {
    const carrier = bench.carrier();
    carrier.feed(bench.hello(1).hello.subarray(0, 1399));
    expect(seen(carrier)).toEqual({ ...REFUSAL, atMs: HANDSHAKE_TIMEOUT_MS + REFUSED_AFTER_MS });
    expect(bench.clock.pending).toBe(0);
  });

  test('who goes on sending after what was wrong is refused no later', () => {
    const carrier = bench.carrier();
    carrier.feed(pattern(8, 5));
    bench.clock.advance(40);
    carrier.feed(pattern(5000));
    expect(seen(carrier)).toEqual({ ...REFUSAL, atMs: 10 });
  });

  test('who goes away leaves nothing', () => {
    for (const bytes of [0, 7, 100, 1399, 1400]) {
      const carrier = bench.carrier();
      carrier.feed(bench.hello(bytes + 1).hello.subarray(0, bytes));
      carrier.feedEnd();
    }
    expect(bench.acceptor.waitingCount).toBe(0);
    expect(bench.clock.pending).toBe(0);
  });

  test('costs no Diffie-Hellman, whatever it sends', () => {
    const { hello } = bench.hello(1);
    bench.send(hello);
    expect(bench.answerCount).toBe(1);
    for (let i = 0; i < 100; i += 1) bench.send(hello);
    for (let i = 0; i < 1400; i += 7) bench.send(flipped(bench.hello(2).hello, i));
    // The route id is in the clear, for routers: it alone may be changed on the way.
    expect(bench.answerCount).toBeLessThanOrEqual(2);
  });

  test('on datagrams hears nothing, and nothing is kept of it', () => {
    for (const bytes of [
      pattern(1200),
      flipped(bench.hello(1, 'root', { kind: 'datagrams' }).hello, 600),
    ]) {
      const carrier = bench.carrier('datagrams');
      carrier.feed(bytes);
      expect(bench.acceptor.waitingCount).toBe(0);
      expect(bench.clock.pending).toBe(0);
      expect(seen(carrier)).toEqual({ atMs: 0, bytes: [], state: 'reset' });
    }
  });
});

function flipped(hello: Uint8Array, at: number): Uint8Array {
  return changed(hello, at, (hello[at] ?? 0) ^ 1);
}

function changed(hello: Uint8Array, at: number, byte: number): Uint8Array {
  const copy = hello.slice();
  copy[at] = byte;
  return copy;
}

function repeated(hello: Uint8Array, again: Uint8Array = hello): Uint8Array {
  bench.send(hello);
  return again;
}

function afterJoin(): Uint8Array {
  bench.join(bench.hello(1));
  return bench.hello(2).hello;
}

function seventeenth(): Uint8Array {
  bench.instanceCount = MAX_INSTANCES;
  return bench.hello(1, 'root', { instance: 17 }).hello;
}

test('10,000 connections of garbage leave nothing', () => {
  const random = new SeededRandom(7);
  let mostWaiting = 0;
  for (let i = 0; i < 10_000; i += 1) {
    const carrier = bench.carrier();
    const hello = bench.passkey;
    if (random.chance(0.5)) carrier.feed(random.bytes(random.integer(0, 40)));
    if (random.chance(0.2)) carrier.feed(hello);
    if (random.chance(0.3)) carrier.feedEnd();
    if (random.chance(0.1)) bench.clock.advance(random.integer(0, 100));
    mostWaiting = Math.max(mostWaiting, bench.acceptor.waitingCount);
  }
  expect(mostWaiting).toBeLessThanOrEqual(256);
  bench.clock.advance(HANDSHAKE_TIMEOUT_MS + REFUSED_AFTER_MS);
  expect(bench.acceptor.waitingCount).toBe(0);
  expect(bench.clock.pending).toBe(0);
  bench.join(bench.hello(1));
  expect(bench.joined.length).toBe(1);
});

describe('a client', () => {
  test('joins by its first record, which is delivered', () => {
    const handshake = bench.hello(3);
    const { carrier, answer } = bench.send(handshake.hello);
    expect(answer.length).toBe(1400);
    expect(bench.joined).toEqual([]);
    const keys = handshake.finish(answer)?.keys;
    if (keys === undefined) throw new Error('no keys');
    const record = sealedRecord(keys.sealer, 0, pattern(50));
    carrier.feed(record.subarray(0, record.length - 1));
    expect(bench.joined).toEqual([]);
    carrier.feed(record.subarray(record.length - 1));
    const [first] = bench.joined;
    expect([first?.link.id, first?.records]).toEqual([3, [pattern(50)]]);
    expect(bench.acceptor.waitingCount).toBe(0);
    expect(bench.clock.pending).toBe(0);
    carrier.feed(sealedRecord(keys.sealer, 1, pattern(60)));
    expect(first?.records.length).toBe(2);
  });

  test('may send its first records right behind the hello', () => {
    // It cannot seal them before the answer; a test that knows the future checks the order of things alone.
    const handshake = bench.hello(1);
    const carrier = bench.carrier();
    for (const byte of handshake.hello) carrier.feed(Uint8Array.of(byte));
    const keys = handshake.finish(carrier.takeWritten())?.keys;
    if (keys === undefined) throw new Error('no keys');
    const records = [0, 1, 2].map((n) => sealedRecord(keys.sealer, n, pattern(9, n)));
    carrier.feed(Uint8Array.from(records.flatMap((record) => [...record])));
    expect(bench.joined[0]?.records.length).toBe(3);
  });

  test('whose first record is not authentic does not join, and the passkey lives', () => {
    const handshake = bench.hello(1);
    const { carrier, answer } = bench.send(handshake.hello);
    const keys = handshake.finish(answer)?.keys;
    if (keys === undefined) throw new Error('no keys');
    const record = sealedRecord(keys.sealer, 0, pattern(50));
    carrier.feed(changed(record, 10, (record[10] ?? 0) ^ 1));
    expect(carrier.state).toBe('reset');
    expect(bench.joined).toEqual([]);
    expect(bench.acceptor.waitingCount).toBe(0);
    expect(bench.keyRing.hasPasskey).toBe(true);
  });

  test('that sends nothing after the answer is dropped after ten seconds', () => {
    const { carrier } = bench.send(bench.hello(1).hello);
    bench.clock.advance(HANDSHAKE_TIMEOUT_MS - 1);
    expect(carrier.state).toBe('open');
    bench.clock.advance(1);
    expect(carrier.state).toBe('reset');
    expect(bench.acceptor.waitingCount).toBe(0);
    expect(bench.keyRing.hasPasskey).toBe(true);
  });

  test('gets the root with the answer to a hello under the passkey, and only then', () => {
    const first = bench.hello(1);
    expect(first.finish(bench.send(first.hello).answer)?.root).toEqual(bench.root);
    const second = bench.hello(2, 'root');
    const result = second.finish(bench.send(second.hello).answer);
    expect([result?.keys === undefined, result?.root]).toEqual([false, undefined]);
  });

  test('under the root is let in from the beginning, and after the passkey is gone', () => {
    bench.join(bench.hello(1, 'root', { instance: 1 }));
    expect(bench.keyRing.hasPasskey).toBe(false);
    bench.join(bench.hello(1, 'root', { instance: 2 }));
    expect(bench.joined.map(({ link }) => link.id)).toEqual([1, 1]);
    expect(bench.instances.size).toBe(2);
  });

  test('finds the passkey forgotten with the first record, not with the hello', () => {
    const first = bench.hello(1);
    const second = bench.hello(2);
    bench.send(first.hello);
    expect(bench.keyRing.hasPasskey).toBe(true);
    // Two address families dialled at once: the second hello under the passkey comes before any record.
    bench.join(second);
    expect(bench.keyRing.hasPasskey).toBe(false);
    // The answer to the first is still good.
    expect(bench.joined.length).toBe(1);
  });

  test('may have eight attempts half open; the ninth ends the oldest', () => {
    const carriers = Array.from({ length: MAX_HALF_OPEN_HANDSHAKES + 1 }, (_, i) => {
      return bench.send(bench.hello(i + 1).hello).carrier;
    });
    expect(carriers.map(({ state }) => state)).toEqual([
      'reset',
      ...Array.from({ length: MAX_HALF_OPEN_HANDSHAKES }, () => 'open'),
    ]);
    expect(bench.acceptor.waitingCount).toBe(MAX_HALF_OPEN_HANDSHAKES);
  });

  test('gets in while 256 strangers wait: the oldest of them gives way', () => {
    const strangers = Array.from({ length: 300 }, () => bench.carrier());
    expect(bench.acceptor.waitingCount).toBe(256);
    expect(strangers.filter(({ state }) => state === 'reset').length).toBe(44);
    bench.join(bench.hello(1));
    expect(bench.joined.length).toBe(1);
  });

  test('is not driven out by strangers once it was answered', () => {
    const handshake = bench.hello(1);
    const { carrier, answer } = bench.send(handshake.hello);
    for (let i = 0; i < 600; i += 1) bench.carrier();
    const keys = handshake.finish(answer)?.keys;
    if (keys === undefined) throw new Error('no keys');
    carrier.feed(sealedRecord(keys.sealer, 0, pattern(5)));
    expect(bench.joined.length).toBe(1);
  });

  test('may dial out of turn within 64 numbers', () => {
    bench.join(bench.hello(70, 'root'));
    bench.join(bench.hello(6, 'root'));
    expect(bench.send(bench.hello(5, 'root').hello).answer.length).toBe(0);
    expect(bench.send(bench.hello(6, 'root').hello).answer.length).toBe(0);
  });

  test('dials by numbers of its own: another with the same numbers is let in', () => {
    bench.join(bench.hello(1, 'root', { instance: 1 }));
    bench.join(bench.hello(1, 'root', { instance: 2 }));
    expect(bench.joined.length).toBe(2);
  });

  test('stays protected from replays while sixty-four others come and go', () => {
    const { hello } = bench.hello(1, 'root', { instance: 1 });
    bench.send(hello);
    bench.instances.add(bench.joined[0]?.instance ?? '');
    bench.join(bench.hello(2, 'root', { instance: 1 }));
    bench.instanceCount = 1;
    for (let i = 2; i < 80; i += 1) {
      bench.join(bench.hello(1, 'root', { instance: i }));
      // Every other client process has ended.
      for (const other of [...bench.instances].slice(2)) bench.instances.delete(other);
    }
    expect(bench.send(hello).answer.length).toBe(0);
  });
});

test('close ends every carrier that has not joined', () => {
  const stranger = bench.carrier();
  const { carrier } = bench.send(bench.hello(1).hello);
  const joined = bench.join(bench.hello(2));
  bench.acceptor.close();
  expect([stranger.state, carrier.state, joined.state]).toEqual(['reset', 'reset', 'open']);
  expect(bench.clock.pending).toBe(0);
});
