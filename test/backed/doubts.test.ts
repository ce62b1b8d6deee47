import { describe, expect, test } from 'vitest';
import type { SessionLink } from '../../src/backed/session-link.ts';
import { equalBytes } from '../../src/base/bytes.ts';
import type { LinkFaults } from '../support/memory-faults.ts';
import type { MemoryPair } from '../support/memory-link.ts';
import { arrives, WIRE, writeAll } from './both-ways.ts';
import { type LinkKind, type Road, SessionPair } from './session-pair.ts';
import { pattern } from './stream-script.ts';

const KINDS: readonly LinkKind[] = ['bytes', 'datagrams'];
const RTT_MS = 50;
/** A round trip, the least margin, and the latest that anything here is due within it. */
const DOUBTED_MS = RTT_MS + 30 + 5;

interface Two {
  readonly pair: SessionPair;
  readonly first: Road & { readonly link: SessionLink };
  readonly second: Road & { readonly link: SessionLink };
}

/** Two links that are known well, of which the first carries. `second`: what the other one's wires are like. */
function two(kind: LinkKind = 'bytes', secondWire: LinkFaults = WIRE.aToB): Two {
  const pair = new SessionPair();
  const first = pair.join({ kind, ...WIRE });
  const second = pair.join({ kind, aToB: secondWire, bToA: secondWire });
  for (const { link } of [second, first]) {
    pair.client.session.prefer(link);
    for (let i = 0; i < 20; i += 1) {
      for (const { script } of pair.ends) script.write(2, pattern(10));
      pair.clock.advance(100);
    }
  }
  for (const { log } of pair.ends) log.length = 0;
  return { pair, first, second };
}

describe('a link whose acknowledgement is overdue', () => {
  test.each(KINDS)(
    'gives what it carries to the other one, each way, a round trip after it fell silent; over %s',
    (kind) => {
      const { pair, first } = two(kind);
      first.pair.hold('both');
      for (const { script } of pair.ends) script.write(0, pattern(10));
      pair.clock.advance(RTT_MS + 25);
      expect(pair.ends.map(({ log }) => log)).toEqual([[], []]);
      pair.clock.advance(DOUBTED_MS - RTT_MS - 25);
      expect(pair.ends.map(({ log }) => log)).toEqual([['doubted 1'], ['doubted 1']]);
      pair.clock.advance(RTT_MS / 2 + 1);
      for (const { script } of pair.ends)
        expect(equalBytes(script.received(0), pattern(10))).toBe(true);
    },
  );

  test('no longer carries anything, and the server is told', () => {
    const { pair, first, second } = two();
    first.pair.hold('both');
    pair.client.script.write(0, pattern(10));
    pair.clock.advance(DOUBTED_MS + RTT_MS);
    const sent = first.link.sent.next;
    // The server has noticed nothing itself.
    expect(pair.server.log).toEqual([]);
    expect(pair.server.session.links.best?.id).toBe(second.link.id);
    writeAll(pair, 5000);
    expect(arrives(pair, 5000, 300)).toBe(false);
    pair.clock.advance(300);
    expect(first.link.sent.next).toBe(sent);
  });

  test('carries again, where it is preferred, once it has been left alone for eight times its silence', () => {
    const { pair, first } = two();
    first.pair.hold('both');
    pair.client.script.write(0, pattern(10));
    pair.clock.advance(DOUBTED_MS + 100);
    pair.client.session.prefer(first.link);
    expect(pair.client.session.links.best?.id).toBe(2);
    first.pair.release('both');
    pair.clock.advance(RTT_MS);
    expect(pair.client.session.links.best?.id).toBe(2);
    pair.clock.advance(8 * 200);
    expect(pair.client.log).toEqual(['doubted 1', 'steady 1']);
    expect(pair.ends.map(({ session }) => session.links.best?.id)).toEqual([1, 1]);
    expect(pair.finish()).toBe(0);
  });

  test('becomes suspect as it does without another, and its bytes are not sent a third time', () => {
    // The other one's acknowledgement comes only after the suspicion.
    const { pair, first, second } = two('bytes', { delayMs: 475 });
    first.pair.hold('both');
    const bytesBefore = second.link.sentBytes;
    pair.client.script.write(0, pattern(2000));
    pair.clock.advance(900);
    expect(first.link.isSuspect).toBe(false);
    const bytesAfter = second.link.sentBytes;
    expect(bytesAfter - bytesBefore).toBeGreaterThan(2000);
    pair.clock.advance(300);
    expect(first.link.isSuspect).toBe(true);
    expect(pair.client.log).toEqual(['doubted 1', 'suspect 1']);
    pair.clock.advance(3000);
    expect(equalBytes(pair.server.script.received(0), pattern(2000))).toBe(true);
    expect(second.link.sentBytes - bytesAfter).toBeLessThan(200);
  });

  test('is not doubted when it is the only one, or the others are retired or suspect', () => {
    for (const spoil of ['lost', 'retired', 'suspect']) {
      const { pair, first, second } = two();
      if (spoil === 'lost') pair.client.session.dropLink(second.link);
      if (spoil === 'retired') pair.client.session.retire(second.link);
      if (spoil === 'suspect') pair.client.session.suspect(second.link);
      pair.client.log.length = 0;
      first.pair.hold('both');
      pair.client.script.write(0, pattern(10));
      pair.clock.advance(900);
      expect(pair.client.log).toEqual([]);
    }
  });

  test('is not doubted for one that is overdue itself', () => {
    const { pair, first, second } = two();
    for (const road of [first, second]) road.pair.hold('both');
    pair.client.script.write(0, pattern(10));
    pair.clock.advance(900);
    expect(pair.client.log).toEqual(['doubted 1']);
    for (const road of [first, second]) road.pair.release('both');
    pair.clock.advance(100);
    expect(equalBytes(pair.server.script.received(0), pattern(10))).toBe(true);
  });

  test('takes over again when the other one is silent in its turn', () => {
    const { pair, first, second } = two();
    first.pair.hold('both');
    pair.client.script.write(0, pattern(10));
    pair.clock.advance(DOUBTED_MS + 50);
    first.pair.release('both');
    pair.clock.advance(60);
    second.pair.hold('both');
    pair.client.script.write(0, pattern(10, 10));
    pair.clock.advance(2 * DOUBTED_MS);
    expect(pair.client.log).toEqual(['doubted 1', 'doubted 2']);
    expect(equalBytes(pair.server.script.received(0), pattern(20))).toBe(true);
  });
});

describe('what was on its way when a link fell silent', () => {
  test('and has arrived is not sent again, once the other end has said so', () => {
    const { pair, first, second } = two();
    const fast = { delayMs: 25, bytesPerSecond: 4_000_000 };
    for (const road of [first, second]) road.pair.set('both', fast);
    const links = [...pair.server.session.links];
    const sentBytes = (): number => links.reduce((sum, link) => sum + link.sentBytes, 0);
    const alreadySent = sentBytes();
    pair.server.script.write(1, pattern(3_000_000));
    pair.clock.advance(500);
    const onItsWay = pair.server.session.links.best?.sent.inFlightBytes ?? 0;
    expect(onItsWay).toBeGreaterThan(100_000);
    // Only the acknowledgements are lost.
    first.pair.hold('aToB');
    pair.clock.advance(DOUBTED_MS + 2 * RTT_MS);
    expect(pair.server.log).toContain('doubted 1');
    pair.runUntil(() => pair.client.script.receivedBytes(1) === 3_000_000);
    expect(equalBytes(pair.client.script.received(1), pattern(3_000_000))).toBe(true);
    pair.clock.advance(200);
    // Of what had arrived, no more than the first window of the other link goes for nothing.
    expect(sentBytes() - alreadySent).toBeLessThan(3_000_000 + onItsWay / 4);
  });
});

describe('doubts that are wrong', () => {
  /** A path that stands still again and again, a little longer than a doubt takes, under bulk; bytes sent in all. */
  function bulkOver(pair: SessionPair, wire: MemoryPair, bytes: number): number {
    const links = [...pair.server.session.links];
    const sentBytes = (): number => links.reduce((sum, link) => sum + link.sentBytes, 0);
    const before = sentBytes();
    pair.server.script.isKeeping = false;
    pair.client.script.isKeeping = false;
    pair.server.script.write(1, new Uint8Array(bytes));
    while (pair.client.script.receivedBytes(1) < bytes) {
      pair.clock.advance(400);
      wire.hold('both');
      pair.clock.advance(DOUBTED_MS + 40);
      wire.release('both');
    }
    return sentBytes() - before;
  }

  test('cost 256 KiB and a twenty-fifth of what is sent, however often they come', () => {
    const fast = { delayMs: 25, bytesPerSecond: 4_000_000 };
    const { pair, first, second } = two('bytes', fast);
    for (const road of [first, second]) road.pair.set('both', fast);
    const bytes = 60_000_000;
    expect(bulkOver(pair, first.pair, bytes)).toBeLessThan(1.05 * bytes + 262_144);
    expect(pair.server.log.filter((line) => line === 'doubted 1').length).toBeGreaterThan(8);
  });

  test('and have cost too much still move keys, and bulk once the link is suspect', () => {
    const fast = { delayMs: 25, bytesPerSecond: 4_000_000 };
    const { pair, first, second } = two('bytes', fast);
    for (const road of [first, second]) road.pair.set('both', fast);
    pair.client.script.isKeeping = false;
    let bulk = 0;
    let keys = 0;
    /** The path stands still until just before suspicion; whether bulk went over the other one. */
    const isBulkMoved = (): boolean => {
      bulk += 3_000_000;
      pair.server.script.write(1, new Uint8Array(3_000_000));
      pair.clock.advance(400);
      keys += 1;
      pair.server.script.write(0, pattern(1));
      first.pair.hold('both');
      pair.clock.advance(DOUBTED_MS + RTT_MS);
      expect(pair.client.script.receivedBytes(0)).toBe(keys);
      const before = pair.client.script.receivedBytes(1);
      pair.clock.advance(600);
      return pair.client.script.receivedBytes(1) > before;
    };
    const finish = (): void =>
      pair.runUntil(() => pair.client.script.receivedBytes(1) === bulk, 5000);
    let moved = 0;
    while (isBulkMoved()) {
      moved += 1;
      first.pair.release('both');
      finish();
      pair.clock.advance(10_000);
    }
    expect(moved).toBeGreaterThan(0);
    expect(moved).toBeLessThan(5);
    finish();
    expect(pair.server.log).toContain('suspect 1');
  });
});

test('a link counts what it has sent and received, what has arrived and what was given up', () => {
  const { pair, first } = two();
  const { link } = first;
  const before = { sent: link.sentBytes, delivered: link.deliveredBytes };
  pair.client.script.write(0, pattern(1000));
  pair.clock.advance(100);
  expect(link.sentBytes - before.sent).toBeGreaterThan(1000);
  expect(link.deliveredBytes - before.delivered).toBeGreaterThan(1000);
  expect([link.lostBytes, Math.round(link.rttMs ?? 0)]).toEqual([0, RTT_MS]);
  const server = pair.server.session.links.get(1);
  expect(server?.receivedBytes).toBe(link.sentBytes);
  first.pair.hold('both');
  pair.client.script.write(0, pattern(1000));
  pair.clock.advance(1200);
  expect(link.lostBytes).toBeGreaterThan(1000);
});
