import { describe, expect, test } from 'vitest';
import type { SessionLink } from '../../src/backed/session-link.ts';
import { equalBytes } from '../../src/base/bytes.ts';
import type { MemoryPair } from '../support/memory-link.ts';
import { WIRE } from './both-ways.ts';
import { cheapCrypto } from './cheap-crypto.ts';
import { type LinkKind, SessionPair } from './session-pair.ts';
import { SleepyClock } from './sleepy-clock.ts';
import { pattern } from './stream-script.ts';

const KINDS: readonly LinkKind[] = ['bytes', 'datagrams'];

describe('suspicion', () => {
  /** A joined pair whose client has typed into a wire that has swallowed it. */
  function silent(kind: LinkKind = 'bytes'): {
    readonly pair: SessionPair;
    readonly wire: MemoryPair;
    readonly link: SessionLink;
  } {
    const pair = new SessionPair();
    const { pair: wire, link } = pair.join({ kind, ...WIRE });
    pair.clock.advance(500);
    wire.hold('both');
    pair.client.script.write(0, pattern(10));
    return { pair, wire, link };
  }

  test.each(KINDS)('comes a second after an acknowledgement was due, once; over %s', (kind) => {
    const { pair, link } = silent(kind);
    pair.clock.advance(990);
    expect(link.isSuspect).toBe(false);
    pair.clock.advance(20);
    expect(link.isSuspect).toBe(true);
    pair.clock.advance(60_000);
    expect(pair.client.log).toEqual(['joined 1', 'suspect 1']);
  });

  test('is waited out without another probe, for an answer to the first would say as much', () => {
    const { pair, link } = silent();
    pair.clock.advance(10);
    const sent = link.sent.next;
    pair.clock.advance(3_600_000);
    expect(link.sent.next).toBe(sent);
  });

  test('waits for three round trips where they are longer', () => {
    const pair = new SessionPair();
    const { pair: wire, link } = pair.join({ aToB: { delayMs: 400 }, bToA: { delayMs: 400 } });
    pair.clock.advance(5000);
    pair.runUntil(() => link.sent.inFlightBytes === 0);
    wire.hold('both');
    pair.client.script.write(0, pattern(10));
    pair.clock.advance(2300);
    expect(link.isSuspect).toBe(false);
    pair.clock.advance(200);
    expect(link.isSuspect).toBe(true);
  });

  test('comes of a probe too, when nothing else was sent', () => {
    const pair = new SessionPair();
    const { pair: wire, link } = pair.join(WIRE);
    pair.clock.advance(600);
    wire.hold('both');
    pair.clock.advance(400);
    expect(link.isSuspect).toBe(false);
    pair.clock.advance(2100);
    expect(link.isSuspect).toBe(true);
  });

  test.each(KINDS)('ends with a late answer; over %s', (kind) => {
    const { pair, wire, link } = silent(kind);
    pair.clock.advance(1500);
    expect(link.isSuspect).toBe(true);
    wire.release('both');
    pair.clock.advance(2500);
    expect(pair.client.log).toEqual(['joined 1', 'suspect 1', 'revived 1']);
    expect(link.isSuspect).toBe(false);
    expect(equalBytes(pair.server.script.received(0), pattern(10))).toBe(true);
    expect(pair.finish()).toBe(0);
  });

  test('ends with a late answer also when all it carried went over another link', () => {
    const { pair, wire, link } = silent();
    pair.clock.advance(1500);
    pair.join(WIRE);
    pair.clock.advance(200);
    expect(equalBytes(pair.server.script.received(0), pattern(10))).toBe(true);
    expect(link.isSuspect).toBe(true);
    wire.release('both');
    pair.clock.advance(200);
    expect(link.isSuspect).toBe(false);
    expect(pair.finish()).toBe(0);
  });

  test('of the only link keeps bulk from getting its place, until it is heard of again', () => {
    const { pair, wire, link } = silent();
    pair.clock.advance(1100);
    expect(link.isSuspect).toBe(true);
    pair.client.script.write(1, pattern(3000));
    pair.clock.advance(10_000);
    expect(pair.client.session.writers[1]?.next).toBe(0);
    wire.release('both');
    pair.clock.advance(1000);
    expect(equalBytes(pair.server.script.received(1), pattern(3000))).toBe(true);
    expect(pair.finish()).toBe(0);
  });

  test('leaves nothing waiting on a silent link once another one is heard of again', () => {
    const pair = new SessionPair();
    const first = pair.join(WIRE);
    const second = pair.join(WIRE);
    pair.clock.advance(500);
    second.pair.hold('both');
    first.pair.hold('both');
    pair.client.script.write(0, pattern(10));
    pair.client.session.suspect(first.link);
    pair.clock.advance(1500);
    expect([first.link.isSuspect, second.link.isSuspect]).toEqual([true, true]);
    // The bytes are on their way over the second alone, which stays silent; the first lives.
    first.pair.release('both');
    first.link.owesPing = true;
    pair.client.session.wake();
    pair.clock.advance(1000);
    expect(equalBytes(pair.server.script.received(0), pattern(10))).toBe(true);
    expect(first.link.isSuspect).toBe(false);
    expect(pair.finish()).toBe(0);
  });

  test('comes also when an older record was answered and the last one is not', () => {
    const pair = new SessionPair();
    const { pair: wire, link } = pair.join(WIRE);
    pair.clock.advance(500);
    pair.client.script.write(0, pattern(10));
    pair.clock.advance(30);
    pair.client.script.write(0, pattern(10));
    pair.clock.advance(27);
    // The first is acknowledged by now; the acknowledgement of the second has yet to leave.
    wire.hold('both');
    expect(link.sent.inFlightBytes).toBeGreaterThan(0);
    pair.clock.advance(950);
    expect(link.isSuspect).toBe(false);
    pair.clock.advance(60);
    expect(link.isSuspect).toBe(true);
  });

  test.each(KINDS)('comes as soon after a long silence as after none; over %s', (kind) => {
    const { pair, wire, link } = silent(kind);
    for (let outage = 0; outage < 3; outage += 1) {
      pair.clock.advance(40_000);
      expect(link.isSuspect).toBe(true);
      wire.release('both');
      for (let key = 0; key < 10; key += 1) {
        pair.clock.advance(100);
        pair.client.script.write(0, pattern(1));
      }
      pair.clock.advance(300);
      expect(link.isSuspect).toBe(false);
      wire.hold('both');
      pair.client.script.write(0, pattern(10));
      pair.clock.advance(1050);
      expect(link.isSuspect).toBe(true);
    }
  });

  test('of a path that has become very slow ends once its round trip is known', () => {
    const pair = new SessionPair();
    const { pair: wire, link } = pair.join(WIRE);
    pair.clock.advance(500);
    wire.set('both', { delayMs: 3000 });
    for (let i = 0; i < 300; i += 1) {
      pair.client.script.write(0, pattern(10));
      pair.clock.advance(1000);
    }
    const before = pair.client.log.length;
    for (let i = 0; i < 100; i += 1) {
      pair.client.script.write(0, pattern(10));
      pair.clock.advance(1000);
    }
    expect(link.isSuspect).toBe(false);
    expect(pair.client.log.length).toBe(before);
  });

  test('is put off once when the look at the link came late, for the machine may have slept', () => {
    const clock = new SleepyClock();
    const pair = new SessionPair(1, cheapCrypto, clock);
    const { pair: wire, link } = pair.join(WIRE);
    clock.advance(500);
    for (let night = 0; night < 2; night += 1) {
      wire.hold('both');
      pair.client.script.write(0, pattern(10));
      clock.advance(10);
      clock.sleep(60_000);
      clock.advance(1000);
      expect(link.isSuspect).toBe(false);
      wire.release('both');
      clock.advance(500);
      pair.runUntil(() => link.sent.inFlightBytes === 0, 500);
    }
    wire.hold('both');
    pair.client.script.write(0, pattern(10));
    clock.advance(10);
    clock.sleep(60_000);
    clock.advance(1000);
    clock.sleep(60_000);
    expect(link.isSuspect).toBe(false);
    // The second late look in a row is not put off.
    clock.advance(1000);
    expect(link.isSuspect).toBe(true);
    expect(pair.finish()).toBe(0);
  });
});

describe('a client that was killed', () => {
  test.each([
    ['datagrams', ['joined 1', 'suspect 1']],
    ['bytes', ['joined 1']],
  ] as const)('over %s: its server has %j within two minutes', (kind, log) => {
    const pair = new SessionPair();
    const { pair: wire } = pair.join({ kind, ...WIRE });
    pair.clock.advance(500);
    wire.blackHole('both');
    // Only datagrams say nothing of it: of bytes the kernel tells.
    const asked = pair.server.session.links.best?.sent.next;
    pair.clock.advance(120_000);
    expect(pair.server.log).toEqual(log);
    const isAsked = (pair.server.session.links.best?.sent.next ?? 0) > (asked ?? 0);
    expect(isAsked).toBe(kind === 'datagrams');
  });

  test('is not looked for while it is there, who asks often enough by itself', () => {
    const pair = new SessionPair();
    pair.join({ kind: 'datagrams', ...WIRE });
    pair.clock.advance(600_000);
    const { best } = pair.server.session.links;
    expect(pair.server.log).toEqual(['joined 1']);
    // One record for each of the client's probes: nothing but what answers them.
    expect(best?.sent.next).toBeLessThan(32);
    pair.finish();
  });
});

describe('a link in datagrams that a client has left', () => {
  test('is forgotten by the server, which nobody tells, while another carries', () => {
    const pair = new SessionPair();
    const faults = { delayMs: 10 };
    const first = pair.join({ kind: 'datagrams', aToB: faults, bToA: faults });
    pair.join({ kind: 'datagrams', aToB: faults, bToA: faults });
    pair.client.session.dropLink(first.link);
    pair.clock.advance(60_000);
    expect(pair.server.session.links.count).toBe(2);
    pair.clock.advance(20_000);
    expect(pair.server.session.links.count).toBe(1);
    pair.clock.advance(3_600_000);
    expect([pair.client.session.links.count, pair.server.session.links.count]).toEqual([1, 1]);
    expect(pair.finish()).toBe(0);
  });
});

test('a goodbye in datagrams is said often enough for a bad path', () => {
  let heard = 0;
  for (let seed = 1; seed <= 40; seed += 1) {
    const pair = new SessionPair(seed);
    const { pair: wire } = pair.join({
      kind: 'datagrams',
      aToB: { delayMs: 10 },
      bToA: { delayMs: 10 },
    });
    wire.set('both', { loss: 0.3 });
    pair.client.session.end(0, 'done');
    pair.clock.advance(100);
    if (pair.server.end?.kind === 'bye') heard += 1;
    pair.finish();
  }
  expect(heard).toBeGreaterThanOrEqual(39);
});
