import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RateMark } from '../../src/backed/delivery-rate.ts';
import { SentRecords } from '../../src/backed/sent-records.ts';
import type { AckRange } from '../../src/wire/frames.ts';

function markAt(sentAtMs: number): RateMark {
  return {
    delivered: 0,
    deliveredAtMs: 0,
    firstSentAtMs: 0,
    sentAtMs,
    applicationLimited: false,
  };
}

/** Ten records of 100 bytes; the odd ones ask for no acknowledgement. */
function tenRecords(): SentRecords {
  const sent = new SentRecords();
  for (let n = 0; n < 10; n += 1) sent.add(100, n % 2 === 0 ? markAt(n) : undefined, []);
  return sent;
}

const numbers = (records: readonly { readonly number: number }[]): number[] =>
  records.map(({ number }) => number);

test('records that ask for no acknowledgement have numbers and are not in flight', () => {
  const sent = tenRecords();
  expect(sent.next).toBe(10);
  expect(sent.inFlightBytes).toBe(500);
  expect(sent.oldest?.number).toBe(0);
});

test('an ACK takes off what it names, however many ranges, and tells the latest', () => {
  const sent = tenRecords();
  const result = sent.acknowledge([
    { smallest: 8, largest: 9 },
    { smallest: 2, largest: 5 },
  ]);
  expect(numbers(result.records).sort((a, b) => a - b)).toEqual([2, 4, 8]);
  expect(result.bytes).toBe(300);
  expect(result.latest?.number).toBe(8);
  expect(sent.inFlightBytes).toBe(200);
  expect(sent.largestAcknowledged).toBe(9);
});

test('a second ACK of the same records brings nothing', () => {
  const sent = tenRecords();
  sent.acknowledge([{ smallest: 0, largest: 9 }]);
  const again = sent.acknowledge([{ smallest: 0, largest: 9 }]);
  expect(again).toEqual({ records: [], bytes: 0, latest: undefined });
  expect(sent.inFlightBytes).toBe(0);
});

test('a number that was never sent is refused', () => {
  const sent = tenRecords();
  expect(() => sent.acknowledge([{ smallest: 10, largest: 10 }])).toThrow(/record 10 .* 10 sent/u);
  expect(() => new SentRecords().acknowledge([{ smallest: 0, largest: 0 }])).toThrow(/0 sent/u);
  expect(sent.inFlightBytes).toBe(500);
});

test('only what lies below an acknowledged record can be lost', () => {
  const sent = tenRecords();
  expect(sent.takeLost(() => true)).toEqual([]);
  sent.acknowledge([{ smallest: 4, largest: 4 }]);
  expect(numbers(sent.takeLost(() => true))).toEqual([0, 2]);
  expect(sent.inFlightBytes).toBe(200);
  expect(sent.oldest?.number).toBe(6);
});

test('everything is taken off at once when a link is gone', () => {
  const sent = tenRecords();
  sent.acknowledge([{ smallest: 2, largest: 2 }]);
  expect(numbers(sent.takeAll())).toEqual([0, 4, 6, 8]);
  expect(sent.inFlightBytes).toBe(0);
  expect(sent.oldest).toBe(undefined);
  expect(sent.acknowledge([{ smallest: 0, largest: 9 }]).records).toEqual([]);
});

type Event =
  | { readonly kind: 'add'; readonly asks: boolean; readonly bytes: number }
  | { readonly kind: 'ack'; readonly low: number; readonly length: number }
  | { readonly kind: 'lost'; readonly parity: number };

const event: fc.Arbitrary<Event> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), asks: fc.boolean(), bytes: fc.nat(1000) }),
  fc.record({ kind: fc.constant('ack' as const), low: fc.nat(30), length: fc.nat(6) }),
  fc.record({ kind: fc.constant('lost' as const), parity: fc.constantFrom(0, 1) }),
);

/** The same, without any cleverness. */
class NaiveRecords {
  readonly inFlight = new Map<number, number>();
  #largest = -1;

  get bytes(): number {
    return [...this.inFlight.values()].reduce((a, b) => a + b, 0);
  }

  acknowledge(smallest: number, largest: number): number[] {
    this.#largest = Math.max(this.#largest, largest);
    return this.#take((n) => n >= smallest && n <= largest);
  }

  takeLost(parity: number): number[] {
    return this.#take((n) => n <= this.#largest && n % 2 === parity);
  }

  #take(isIt: (n: number) => boolean): number[] {
    const taken = [...this.inFlight.keys()].filter(isIt);
    for (const n of taken) this.inFlight.delete(n);
    return taken;
  }
}

function apply(sent: SentRecords, naive: NaiveRecords, each: Event): void {
  if (each.kind === 'add') {
    const number = sent.add(each.bytes, each.asks ? markAt(0) : undefined, []);
    if (each.asks) naive.inFlight.set(number, each.bytes);
    return;
  }
  if (each.kind === 'lost') {
    const lost = sent.takeLost(({ number }) => number % 2 === each.parity);
    expect(numbers(lost)).toEqual(naive.takeLost(each.parity));
    return;
  }
  const range: AckRange = { smallest: each.low, largest: each.low + each.length };
  if (range.largest >= sent.next) return;
  const { records } = sent.acknowledge([range]);
  expect(numbers(records)).toEqual(naive.acknowledge(range.smallest, range.largest));
}

test('what is in flight is what was sent and neither acknowledged nor lost', () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const sent = new SentRecords();
      const naive = new NaiveRecords();
      for (const each of events) {
        apply(sent, naive, each);
        expect([sent.inFlightBytes, sent.oldest?.number]).toEqual([
          naive.bytes,
          [...naive.inFlight.keys()][0],
        ]);
      }
    }),
    { numRuns: 200 },
  );
});
