import { describe, expect, test } from 'vitest';
import { equalBytes } from '../../src/base/bytes.ts';
import { MAX_LINKS, MAX_REASSEMBLY_BYTES } from '../../src/wire/limits.ts';
import { arrives, WIRE, writeAll } from './both-ways.ts';
import { SessionPair } from './session-pair.ts';
import { pattern } from './stream-script.ts';

describe('several links', () => {
  test('are sixteen at most: the oldest gives way', () => {
    const pair = new SessionPair();
    for (let i = 0; i < MAX_LINKS + 2; i += 1) pair.join();
    pair.clock.advance(100);
    for (const { session } of pair.ends) {
      expect(session.links.count).toBe(MAX_LINKS);
      expect([session.links.get(2), session.links.get(3)?.id]).toEqual([undefined, 3]);
    }
    writeAll(pair, 1000);
    expect(arrives(pair, 1000)).toBe(true);
    expect(pair.finish()).toBe(0);
  });

  test('both ends send on the one that the client prefers', () => {
    const pair = new SessionPair();
    const first = pair.join(WIRE);
    const second = pair.join(WIRE);
    pair.clock.advance(200);
    expect(pair.ends.map(({ session }) => session.links.best?.id)).toEqual([2, 2]);
    pair.client.session.prefer(first.link);
    pair.clock.advance(200);
    expect(pair.ends.map(({ session }) => session.links.best?.id)).toEqual([1, 1]);
    const before = [first.link.sent.next, second.link.sent.next];
    pair.client.script.write(0, pattern(500));
    pair.clock.advance(200);
    expect(first.link.sent.next).toBeGreaterThan(before[0] ?? 0);
    expect(second.link.sent.next).toBe(before[1]);
    expect(pair.finish()).toBe(0);
  });

  test('one has carried something once bytes have come over it, or were acknowledged on it', () => {
    const pair = new SessionPair();
    const idle = pair.join(WIRE);
    pair.clock.advance(1000);
    const hasCarried = (id: number): (boolean | undefined)[] =>
      pair.ends.map(({ session }) => session.links.get(id)?.hasCarried);
    expect(hasCarried(idle.link.id)).toEqual([false, false]);
    pair.client.script.write(0, pattern(500));
    pair.clock.advance(1000);
    expect(hasCarried(idle.link.id)).toEqual([true, true]);
    // What is there already, and is only asked about, is nothing to be proud of.
    const second = pair.join(WIRE);
    pair.client.session.probe();
    pair.clock.advance(1000);
    expect(hasCarried(second.link.id)).toEqual([false, false]);
    expect(pair.finish()).toBe(0);
  });

  test('what comes on stream 0 keeps bulk short at the end that hears it, too', () => {
    const pair = new SessionPair();
    const fast = { delayMs: 1, bytesPerSecond: 50_000_000 };
    const { link } = pair.join({ aToB: fast, bToA: fast });
    pair.server.script.write(1, pattern(25_000_000));
    pair.clock.advance(300);
    const cap = (): number => {
      const at = pair.server.session.links.get(link.id);
      return at === undefined ? 0 : at.room(true, pair.clock.now()) + at.inFlightBytes;
    };
    const before = cap();
    // A key that nobody answers.
    pair.client.script.write(0, pattern(1));
    pair.clock.advance(20);
    expect(cap()).toBeLessThan(before / 2);
    expect(pair.finish()).toBe(0);
  });

  test('a wish that a datagram lost is said again', () => {
    const pair = new SessionPair();
    const first = pair.join({ kind: 'datagrams', ...WIRE });
    const second = pair.join({ kind: 'datagrams', ...WIRE });
    pair.clock.advance(300);
    first.pair.set('aToB', { loss: 1 });
    // The first is preferred then, and there is no other to doubt it for.
    pair.client.session.suspect(second.link);
    pair.clock.advance(20);
    first.pair.set('aToB', { loss: 0 });
    pair.clock.advance(2000);
    expect(pair.server.session.links.best?.id).toBe(1);
    expect(pair.finish()).toBe(0);
  });

  test('replacing one before it breaks sends nothing twice', () => {
    const pair = new SessionPair();
    const slow = { delayMs: 50, bytesPerSecond: 200_000 };
    const first = pair.join({ aToB: slow, bToA: slow });
    pair.client.script.write(1, pattern(300_000));
    pair.clock.advance(1000);
    const onTheirWay = first.link.sent.inFlightBytes;
    expect(onTheirWay).toBeGreaterThan(5000);
    const { link } = pair.join(WIRE);
    pair.client.session.retire(first.link);
    pair.runUntil(() => pair.server.script.receivedBytes(1) === 300_000);
    pair.clock.advance(5000);
    expect(pair.ends.map(({ log }) => log)).toEqual([
      ['joined 1', 'joined 2', 'lost 1'],
      ['joined 1', 'joined 2', 'lost 1'],
    ]);
    // All that left the first link counts once: what the second carried is the rest.
    expect(link.rate.delivered + first.link.rate.delivered).toBeLessThan(300_000 * 1.05);
    expect(equalBytes(pair.server.script.received(1), pattern(300_000))).toBe(true);
    expect(pair.finish()).toBe(0);
  });

  test('acknowledgements of one that went silent in one direction come over another', () => {
    const pair = new SessionPair();
    const first = pair.join(WIRE);
    pair.clock.advance(500);
    first.pair.hold('bToA');
    pair.client.script.write(0, pattern(400));
    pair.server.script.write(0, pattern(10));
    pair.clock.advance(1500);
    expect(first.link.isSuspect).toBe(true);
    pair.join(WIRE);
    pair.clock.advance(300);
    expect(equalBytes(pair.client.script.received(0), pattern(10))).toBe(true);
    expect(pair.client.session.unacknowledgedBytes).toBe(0);
    expect(pair.server.session.unacknowledgedBytes).toBe(0);
    expect(pair.finish()).toBe(0);
  });

  test('of which one end has lost the way back: its acknowledgements come over another', () => {
    const pair = new SessionPair();
    const first = pair.join(WIRE);
    pair.join(WIRE);
    pair.client.session.prefer(first.link);
    pair.clock.advance(600);
    first.pair.hold('bToA');
    pair.server.script.write(0, pattern(10));
    pair.clock.advance(1100);
    expect(pair.server.log).toEqual(['joined 1', 'joined 2', 'doubted 1', 'suspect 1']);
    pair.client.script.write(0, pattern(400));
    pair.clock.advance(200);
    expect(pair.client.session.unacknowledgedBytes).toBe(0);
    expect(first.link.isSuspect).toBe(false);
    expect(pair.finish()).toBe(0);
  });

  test('one withheld for an hour makes neither end hold more than is reassembled', () => {
    const pair = new SessionPair();
    pair.server.script.isKeeping = false;
    const first = pair.join(WIRE);
    pair.join(WIRE);
    pair.clock.advance(300);
    pair.client.session.prefer(first.link);
    pair.clock.advance(300);
    // The first link takes a part and then is still. It is retired, so that its silence is noticed only after a second.
    pair.client.script.write(1, new Uint8Array(48 * 1024 * 1024));
    pair.clock.advance(10);
    first.pair.hold('both');
    const second = pair.client.session.links.get(2);
    if (second !== undefined) pair.client.session.prefer(second);
    pair.client.session.retire(first.link);
    let mostHeld = 0;
    let mostRetained = 0;
    for (let i = 0; i < 400; i += 1) {
      pair.clock.advance(5);
      mostHeld = Math.max(mostHeld, pair.server.session.readers[1]?.heldBytes ?? 0);
      mostRetained = Math.max(mostRetained, pair.client.session.unacknowledgedBytes);
    }
    expect(mostHeld).toBeGreaterThan(20 * 1024 * 1024);
    expect(mostHeld).toBeLessThanOrEqual(MAX_REASSEMBLY_BYTES);
    expect(mostRetained).toBeLessThanOrEqual(MAX_REASSEMBLY_BYTES);
    pair.clock.advance(3_600_000);
    expect(pair.server.script.receivedBytes(1)).toBe(48 * 1024 * 1024);
    expect(pair.server.log).toEqual(['joined 1', 'joined 2']);
    expect(pair.finish()).toBe(0);
  });
});
