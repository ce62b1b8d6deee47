import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { EtError } from '../../src/base/errors.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import { CarrierLog, patternAt } from '../link/carrier-conformance.ts';
import type { LinkFaults } from './memory-faults.ts';
import {
  type CutOrder,
  type MemoryPair,
  type MemoryPairOptions,
  makeMemoryPair,
} from './memory-link.ts';
import { SeededRandom } from './seeded-random.ts';
import { VirtualClock } from './virtual-clock.ts';

interface World extends MemoryPair {
  readonly clock: VirtualClock;
  readonly log: string[];
}

type WorldOptions = Partial<MemoryPairOptions> & { readonly seed?: number };

/** A pair with both ends started; each event is a line: time, end, bytes or close. */
function world(kind: Carrier['kind'], options: WorldOptions = {}): World {
  const clock = new VirtualClock();
  const random = new SeededRandom(options.seed ?? 1);
  const pair = makeMemoryPair({ clock, random, kind, ...options });
  const log: string[] = [];
  for (const end of ['a', 'b'] as const) {
    pair[end].start({
      onBytes: (bytes) =>
        log.push(`${clock.now()} ${end} ${kind === 'bytes' ? bytes.length : bytes.join()}`),
      onClose: (error) => log.push(`${clock.now()} ${end} ${closing(error)}`),
    });
  }
  return { ...pair, clock, log };
}

function closing(error: EtError | undefined): string {
  return error === undefined ? 'ended' : 'failed';
}

describe('memory bytes', () => {
  test('the same seed and calls give the same events, another seed others', () => {
    const run = (seed: number): string[] => {
      const faults = { delayMs: 20, jitterMs: 9, bytesPerSecond: 1e6 };
      const it = world('bytes', { seed, aToB: faults, bToA: faults });
      for (let at = 0; at < 200_000; at += 20_000) {
        it.a.write([patternAt(at, 10_000), patternAt(at + 10_000, 10_000)]);
        it.b.write([patternAt(at, 5000)]);
        it.clock.advance(10);
      }
      it.b.close();
      it.clock.advance(5000);
      return it.log;
    };
    expect(run(7)).toEqual(run(7));
    expect(run(7)).not.toEqual(run(8));
  });

  test('bytes come after the delay, and never within the call', () => {
    const { a, b, clock, log } = world('bytes', { aToB: { delayMs: 30 } });
    a.write([Uint8Array.of(1)]);
    b.write([Uint8Array.of(1)]);
    expect(log).toEqual([]);
    clock.advance(100);
    expect(log).toEqual(['0 a 1', '30 b 1']);
  });

  test('jitter never reorders bytes', () => {
    const { a, b, clock } = makePlain({ delayMs: 5, jitterMs: 50 });
    const atB = new CarrierLog();
    b.start(atB);
    for (let at = 0; at < 10_000; at += 100) {
      a.write([patternAt(at, 100)]);
      clock.advance(3);
    }
    clock.advance(1000);
    expect(atB).toMatchObject({ receivedBytes: 10_000, wrongAt: undefined });
  });

  test('the line takes as long as its rate says, and what the kernel has not taken is queued', () => {
    const faults = { bytesPerSecond: 100_000, kernelBytes: 20_000 };
    const { a, clock, deliveredBytes } = world('bytes', { aToB: faults });
    a.write([patternAt(0, 60_000), patternAt(0, 40_000)]);
    expect(a.queuedBytes).toBe(80_000);
    clock.advance(500);
    expect(deliveredBytes('aToB')).toBeGreaterThanOrEqual(48_000);
    expect(deliveredBytes('aToB')).toBeLessThanOrEqual(50_000);
    expect(a.queuedBytes).toBe(100_000 - 20_000 - deliveredBytes('aToB'));
    clock.advance(501);
    expect(deliveredBytes('aToB')).toBe(100_000);
    expect([a.queuedBytes, clock.pending]).toEqual([0, 0]);
  });

  test('a rate that changes holds for what has not entered the line', () => {
    const { a, clock, set, deliveredBytes } = world('bytes', { aToB: { bytesPerSecond: 1e6 } });
    a.write([patternAt(0, 65_000), patternAt(0, 65_000)]);
    clock.advance(30);
    set('aToB', { bytesPerSecond: 10_000 });
    clock.advance(1000);
    expect(deliveredBytes('aToB')).toBeGreaterThan(45_000);
    expect(deliveredBytes('aToB')).toBeLessThan(55_000);
  });

  test('a cut after n bytes delivers exactly n, and then ends both', () => {
    fc.assert(
      fc.property(
        fc.nat(5000),
        fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 12 }),
        fc.constantFrom(Number.POSITIVE_INFINITY, 50_000),
        (cutAfterBytes, sizes, bytesPerSecond) => {
          const faults = { cutAfterBytes, delayMs: 10, bytesPerSecond };
          const { a, b, clock } = makePlain(faults);
          const [atA, atB] = [new CarrierLog(), new CarrierLog()];
          a.start(atA);
          b.start(atB);
          let sentBytes = 0;
          for (const size of sizes) {
            a.write([patternAt(sentBytes, size)]);
            sentBytes += size;
          }
          clock.advance(10_000);
          const isCut = sentBytes >= cutAfterBytes;
          expect(atB).toMatchObject({
            receivedBytes: Math.min(sentBytes, cutAfterBytes),
            wrongAt: undefined,
            eventsAfterClose: 0,
          });
          expect([atA.closed !== 'no', atB.closed !== 'no']).toEqual([isCut, isCut]);
          expect(clock.pending).toBe(0);
        },
      ),
    );
  });

  test.each([
    [{ first: 'a', lagMs: 70 }, ['100 a failed', '170 b failed']],
    [{ first: 'b', lagMs: 70 }, ['100 b failed', '170 a failed']],
    [{ first: 'both', lagMs: 70 }, ['100 a failed', '100 b failed']],
  ] as const)(
    'a cut is told in the order %j, and nothing passes meanwhile',
    (order: CutOrder, told) => {
      const { a, b, clock, log, cut } = world('bytes', {
        aToB: { delayMs: 5 },
        bToA: { delayMs: 5 },
      });
      clock.advance(98);
      a.write([Uint8Array.of(1)]);
      clock.advance(2);
      cut(order);
      a.write([Uint8Array.of(2)]);
      b.write([Uint8Array.of(3)]);
      clock.advance(1000);
      expect(log).toEqual(told);
      expect(clock.pending).toBe(0);
    },
  );

  test('held bytes wait, count as queued, and come in order after release', () => {
    const { a, b, clock, hold, release } = makePlain({ kernelBytes: 1000, delayMs: 10 });
    const atB = new CarrierLog();
    b.start(atB);
    a.write([patternAt(0, 500)]);
    clock.advance(5);
    hold('aToB');
    a.write([patternAt(500, 9500)]);
    a.close();
    clock.advance(60_000);
    expect([atB.receivedBytes, atB.closed, clock.pending]).toEqual([0, 'no', 0]);
    expect(a.queuedBytes).toBe(8500);
    release('both');
    clock.advance(100);
    expect(atB).toMatchObject({ receivedBytes: 10_000, wrongAt: undefined, closed: 'ended' });
  });

  test('holding one direction leaves the other alone', () => {
    const { a, b, clock, log, hold } = world('bytes');
    hold('aToB');
    a.write([Uint8Array.of(1)]);
    b.write([Uint8Array.of(1)]);
    clock.advance(1000);
    expect(log).toEqual(['0 a 1']);
  });

  test('holding a busy line keeps its bytes', () => {
    const { a, b, clock, hold, release } = makePlain({ bytesPerSecond: 10_000 });
    const atB = new CarrierLog();
    b.start(atB);
    a.write([patternAt(0, 10_000)]);
    for (let i = 0; i < 20; i += 1) {
      clock.advance(37);
      hold('both');
      clock.advance(1000);
      release('both');
    }
    clock.advance(2000);
    expect(atB).toMatchObject({ receivedBytes: 10_000, wrongAt: undefined });
  });

  test('a black hole swallows everything in silence, also the end and the reset', () => {
    const { a, b, clock, log, blackHole, release } = world('bytes', {
      aToB: { kernelBytes: 1000, delayMs: 10 },
    });
    a.write([patternAt(0, 100)]);
    blackHole('aToB');
    a.write([patternAt(0, 5000)]);
    b.write([Uint8Array.of(1)]);
    expect(a.queuedBytes).toBe(4000);
    a.reset();
    release('both');
    clock.advance(60_000);
    expect(log).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('a reset passes what is in flight or not, and never what waits for the line', () => {
    const passed = new Set<number>();
    for (let seed = 0; seed < 20; seed += 1) {
      const { a, clock, log, deliveredBytes } = world('bytes', {
        seed,
        aToB: { delayMs: 50, bytesPerSecond: 100_000 },
      });
      a.write([patternAt(0, 10_000)]);
      clock.advance(45);
      a.reset();
      clock.advance(1000);
      passed.add(deliveredBytes('aToB'));
      expect(log.at(-1)).toBe('95 b failed');
      expect(clock.pending).toBe(0);
    }
    expect(passed).toEqual(new Set([0, 4000]));
  });

  test('an end whose peer has closed sends nothing more', () => {
    const { a, b, clock, deliveredBytes } = world('bytes', { bToA: { bytesPerSecond: 1000 } });
    b.write([patternAt(0, 50_000)]);
    a.close();
    clock.advance(60_000);
    expect(deliveredBytes('bToA')).toBe(0);
    expect([b.queuedBytes, clock.pending]).toEqual([0, 0]);
  });

  test('what is passed up is overwritten afterwards, so that nobody may keep it', () => {
    const { a, b, clock } = makePlain({});
    const kept: Uint8Array[] = [];
    b.start({ onBytes: (bytes) => kept.push(bytes), onClose: () => undefined });
    a.write([new Uint8Array(50).fill(1)]);
    clock.advance(1);
    expect(kept.every((bytes) => bytes.every((byte) => byte === 0xee))).toBe(true);
  });
});

function makePlain(aToB: LinkFaults, kind: Carrier['kind'] = 'bytes') {
  const clock = new VirtualClock();
  return { ...makeMemoryPair({ clock, random: new SeededRandom(3), kind, aToB }), clock };
}

describe('memory datagrams', () => {
  test('each is one event with its own bytes, whatever the pieces', () => {
    const { a, clock, log } = world('datagrams', { aToB: { delayMs: 7 } });
    a.write([Uint8Array.of(1, 2), Uint8Array.of(3)]);
    a.write([Uint8Array.of(4)]);
    a.write([]);
    clock.advance(10);
    expect(log).toEqual(['7 b 1,2,3', '7 b 4', '7 b ']);
    expect([a.queuedBytes, clock.pending]).toEqual([0, 0]);
  });

  test('those that come before start wait, up to a bound', () => {
    const { a, b, clock } = makePlain({}, 'datagrams');
    for (let i = 0; i < 3000; i += 1) a.write([Uint8Array.of(i & 255)]);
    clock.advance(10);
    const got: number[] = [];
    b.start({ onBytes: (bytes) => got.push(bytes[0] ?? -1), onClose: () => undefined });
    clock.advance(10);
    expect(got).toHaveLength(1024);
    expect(got.slice(0, 3)).toEqual([0, 1, 2]);
  });

  const count = (faults: LinkFaults): string[] => {
    const { a, clock, log } = world('datagrams', { aToB: { delayMs: 10, ...faults } });
    for (let i = 0; i < 250; i += 1) {
      a.write([Uint8Array.of(i)]);
      clock.advance(1);
    }
    clock.advance(1000);
    return log.map((line) => line.split(' ')[2] ?? '');
  };
  const sent = Array.from({ length: 250 }, (_, i) => String(i));

  test('none is lost, doubled or reordered without a fault', () => {
    expect(count({})).toEqual(sent);
  });

  test('loss loses about its share', () => {
    const arrived = count({ loss: 0.3 });
    expect(arrived.length).toBeGreaterThan(150);
    expect(arrived.length).toBeLessThan(200);
  });

  test('duplicates come twice, unharmed by what the first receiver did', () => {
    const arrived = count({ duplicate: 0.5 });
    expect(arrived.length).toBeGreaterThan(340);
    expect(new Set(arrived)).toEqual(new Set(sent));
  });

  test.each([{ reorder: 0.3 }, { jitterMs: 20 }])('%j reorders, and loses none', (faults) => {
    const arrived = count(faults);
    expect(arrived).not.toEqual(sent);
    expect([...arrived].sort()).toEqual([...sent].sort());
  });

  test('one above the MTU vanishes, one of its size passes', () => {
    const { a, clock, deliveredBytes } = world('datagrams', { aToB: { mtuBytes: 1200 } });
    a.write([new Uint8Array(1201)]);
    a.write([new Uint8Array(1200)]);
    clock.advance(10);
    expect(deliveredBytes('aToB')).toBe(1200);
  });

  test('a slow line spaces them, and drops what its queue cannot hold', () => {
    const { a, clock, log } = world('datagrams', {
      aToB: { bytesPerSecond: 1000, kernelBytes: 250 },
    });
    for (let i = 0; i < 4; i += 1) a.write([new Uint8Array(100).fill(i)]);
    clock.advance(10_000);
    expect(log.map((line) => line.split(' ')[0])).toEqual(['100', '200']);
  });

  test('held ones wait; those in a black hole are gone, until it is released', () => {
    const { a, clock, log, hold, release, blackHole } = world('datagrams');
    hold('aToB');
    a.write([Uint8Array.of(1)]);
    clock.advance(100);
    expect(log).toEqual([]);
    release('aToB');
    clock.advance(1);
    blackHole('aToB');
    a.write([Uint8Array.of(2)]);
    clock.advance(100);
    release('aToB');
    a.write([Uint8Array.of(3)]);
    clock.advance(100);
    expect(log).toEqual(['100 b 1', '201 b 3']);
  });

  test('the peer never learns of a close or a reset, and the closed end hears nothing', () => {
    const { a, b, clock, log } = world('datagrams', { aToB: { delayMs: 5 } });
    a.write([Uint8Array.of(1)]);
    a.close();
    a.write([Uint8Array.of(2)]);
    b.write([Uint8Array.of(3)]);
    clock.advance(100);
    b.reset();
    clock.advance(100);
    expect(log).toEqual(['5 b 1']);
  });

  test('a cut loses what is under way and ends both with an error', () => {
    const { a, clock, log, cut } = world('datagrams', { aToB: { delayMs: 5 } });
    a.write([Uint8Array.of(1)]);
    cut();
    clock.advance(100);
    expect(log).toEqual(['0 a failed', '0 b failed']);
  });
});
