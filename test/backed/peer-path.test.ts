import { beforeEach, describe, expect, test } from 'vitest';
import { PeerPath } from '../../src/backed/peer-path.ts';
import { equalBytes } from '../../src/base/bytes.ts';
import type { CarrierPaths, DatagramPath } from '../../src/link/carrier.ts';
import { SessionPair } from './session-pair.ts';
import { pattern } from './stream-script.ts';

const RTT_MS = 50;
const FOREIGN = '192.0.2.66:666';

describe('a new address', () => {
  const home: DatagramPath = { label: 'home', host: 'a' };
  const other: DatagramPath = { label: 'other', host: 'b' };
  const third: DatagramPath = { label: 'third', host: 'a' };
  let current: DatagramPath;
  let path: PeerPath;

  beforeEach(() => {
    current = home;
    const paths: CarrierPaths = {
      get current() {
        return current;
      },
      use: (to) => {
        current = to;
      },
      sendTo: () => undefined,
    };
    path = new PeerPath(paths);
  });

  test('is asked, and taken once what went there alone is acknowledged', () => {
    path.heard(other, true, 100);
    expect(path.askDueMs).toBeLessThanOrEqual(10);
    expect(path.ask(7, 40, 10)).toBe(other);
    expect(path.askDueMs).toBe(110);
    expect(path.acknowledged(6)).toBe('not');
    expect(current).toBe(home);
    expect(path.acknowledged(7)).toBe('to another host');
    expect(current).toBe(other);
    expect(path.isSettled).toBe(true);
    path.heard(home, true, 100);
    path.ask(9, 40, 20);
    path.heard(third, true, 100);
    path.ask(10, 40, 30);
    // The newest counts.
    expect(path.acknowledged(9)).toBe('not');
    expect(path.acknowledged(10)).toBe('to another host');
  });

  test('is none where the label is the same: what came last is the way that works', () => {
    const again = { ...home };
    path.heard(again, false, 100);
    expect(current).toBe(again);
    expect(path.isSettled).toBe(true);
  });

  test('of the same host is known to be that', () => {
    path.heard(third, true, 100);
    path.ask(1, 40, 10);
    expect(path.acknowledged(1)).toBe('within its host');
  });

  test('counts for nothing where a record is late, or a newer one comes from where the peer was', () => {
    path.heard(other, false, 100);
    expect(path.askDueMs).toBe(Number.POSITIVE_INFINITY);
    path.heard(other, true, 100);
    path.ask(1, 40, 10);
    path.heard(home, false, 100);
    expect(path.isSettled).toBe(false);
    path.heard(home, true, 100);
    expect(path.isSettled).toBe(true);
    expect(path.acknowledged(1)).toBe('not');
    expect(current).toBe(home);
  });

  test('gets three times what came from it, and no more', () => {
    path.heard(other, true, 100);
    expect([200, 60, 41, 40, 1].map((bytes) => path.alsoTo(bytes)?.label)).toEqual([
      'other',
      'other',
      undefined,
      'other',
      undefined,
    ]);
    expect(path.ask(1, 1, 200)).toBeUndefined();
    expect(path.askDueMs).toBe(Number.POSITIVE_INFINITY);
    path.heard(other, true, 10);
    expect(path.ask(2, 30, 300)).toBe(other);
  });
});

test('of very many questions the answers to the last ones count', () => {
  let current: DatagramPath = { label: 'home', host: 'a' };
  const other = { label: 'other', host: 'b' };
  const paths: CarrierPaths = {
    get current() {
      return current;
    },
    use: (to) => {
      current = to;
    },
    sendTo: () => undefined,
  };
  const path = new PeerPath(paths);
  for (let number = 0; number < 1000; number += 1) {
    path.heard(other, true, 100);
    path.ask(number, 40, 100 * number);
  }
  expect(path.acknowledged(983)).toBe('not');
  expect(path.acknowledged(984)).toBe('to another host');
});

describe('a client that changes its address', () => {
  function echoing(): ReturnType<SessionPair['roam']> & { readonly pair: SessionPair } {
    const pair = new SessionPair();
    const { road, link } = pair.roam(RTT_MS);
    pair.server.script.onReceive = (stream, bytes) => {
      if (stream === 0) pair.server.script.write(0, bytes.slice());
    };
    for (let i = 0; i < 10; i += 1) {
      pair.client.script.write(0, Uint8Array.of(i));
      pair.clock.advance(100);
    }
    return { pair, road, link };
  }

  /** Until the echo of one more key, in milliseconds. */
  function keyMs(pair: SessionPair): number {
    const before = pair.client.script.receivedBytes(0);
    const startedMs = pair.clock.now();
    pair.client.script.write(0, Uint8Array.of(1));
    pair.runUntil(() => pair.client.script.receivedBytes(0) > before);
    return pair.clock.now() - startedMs;
  }

  test('waits for its next echo no longer than for any, and has its link', () => {
    const { pair, road } = echoing();
    for (let i = 2; i < 6; i += 1) {
      road.address = `10.0.0.${i}:1000`;
      expect(keyMs(pair)).toBeLessThan(RTT_MS + 3);
      pair.clock.advance(500);
      expect([...pair.server.session.links][0]?.secure.paths?.current.label).toBe(
        `udp ${road.address}`,
      );
    }
    expect([pair.client.log, pair.server.log]).toEqual([['joined 1'], ['joined 1']]);
    expect(pair.finish()).toBe(0);
  });

  test('has what was on its way to the old address again, a round trip after it was heard from the new one', () => {
    const { pair, road } = echoing();
    pair.server.script.write(1, pattern(500_000));
    pair.clock.advance(200);
    const before = pair.client.script.receivedBytes(1);
    expect(before).toBeLessThan(500_000);
    road.address = '10.0.0.2:1000';
    pair.runUntil(() => pair.client.script.receivedBytes(1) === 500_000, 10_000);
    expect(equalBytes(pair.client.script.received(1), pattern(500_000))).toBe(true);
  });

  test('is not moved by whoever sends its datagrams again from elsewhere, nor is that flooded', () => {
    const { pair, road } = echoing();
    const replayed = [...road.seen];
    pair.server.script.write(1, pattern(300_000));
    for (const { datagram } of replayed) {
      road.inject(datagram, FOREIGN);
      pair.clock.advance(3);
    }
    pair.clock.advance(2000);
    const recorded = replayed.reduce((sum, { datagram }) => sum + datagram.length, 0);
    expect(road.sentTo.get(FOREIGN) ?? 0).toBeLessThanOrEqual(3 * recorded);
    expect([...pair.server.session.links][0]?.secure.paths?.current.label).toBe(
      `udp ${road.address}`,
    );
    expect(keyMs(pair)).toBeLessThan(RTT_MS + 3);
  });

  test('is not moved by whoever is faster than it, with each of its datagrams', () => {
    const { pair, road } = echoing();
    let recorded = 0;
    road.onSeen = (datagram) => {
      recorded += datagram.length;
      road.inject(datagram, FOREIGN);
    };
    pair.server.script.write(1, pattern(1_000_000));
    for (let i = 0; i < 30; i += 1) {
      expect(keyMs(pair)).toBeLessThan(3 * RTT_MS);
      pair.clock.advance(100);
    }
    expect(road.sentTo.get(FOREIGN) ?? 0).toBeLessThanOrEqual(3 * recorded);
    expect([...pair.server.session.links][0]?.secure.paths?.current.label).toBe(
      `udp ${road.address}`,
    );
    road.onSeen = () => undefined;
    pair.clock.advance(2000);
    expect(pair.client.script.receivedBytes(1)).toBe(1_000_000);
  });

  test('is not looked for where a datagram of it comes late from elsewhere, though nobody has seen that before', () => {
    const { pair, road } = echoing();
    const held: Uint8Array[] = [];
    road.holds = (datagram) => {
      held.push(datagram);
      return held.length <= 3;
    };
    for (let i = 0; i < 10; i += 1) {
      pair.client.script.write(0, Uint8Array.of(i));
      pair.clock.advance(200);
    }
    for (const datagram of held.slice(0, 3)) road.inject(datagram, FOREIGN);
    pair.clock.advance(1000);
    expect(road.sentTo.get(FOREIGN)).toBeUndefined();
    expect(pair.server.script.receivedBytes(0)).toBe(20);
  });

  test.each([
    ['of its host keeps', '10.0.0.1:2000', true],
    ['of another host forgets', '10.0.0.2:1000', false],
  ])('to one %s what is known of the path, and what was delivered', (_, address, isKept) => {
    const { pair, road } = echoing();
    const [link] = pair.server.session.links;
    const before = { delivered: link?.deliveredBytes ?? 0, rtt: link?.rtt };
    road.address = address;
    keyMs(pair);
    pair.clock.advance(500);
    expect(link?.secure.paths?.current.label).toBe(`udp ${address}`);
    expect(link?.rtt === before.rtt).toBe(isKept);
    expect(link?.deliveredBytes).toBeGreaterThan(before.delivered);
  });
});
