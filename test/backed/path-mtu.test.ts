import { describe, expect, test } from 'vitest';
import { PathMtu } from '../../src/backed/path-mtu.ts';
import type { SessionLink } from '../../src/backed/session-link.ts';
import { equalBytes } from '../../src/base/bytes.ts';
import { SessionPair } from './session-pair.ts';
import { pattern } from './stream-script.ts';

const BULK = 100_000;
const TEN_MINUTES_MS = 600_000;

/** Searches on a path that carries `pathBytes`; returns the sizes that were tried. */
function search(mtu: PathMtu, pathBytes: number, startMs = 0): number[] {
  const tried: number[] = [];
  for (let number = 0; ; number += 1) {
    const bytes = mtu.probeBytes(startMs, BULK);
    if (bytes === undefined) return tried;
    tried.push(bytes);
    mtu.probed(number, startMs);
    expect(mtu.probeBytes(startMs, BULK)).toBeUndefined();
    if (bytes <= pathBytes) mtu.acknowledged(number, bytes, startMs);
    else mtu.lost(number, bytes, startMs);
  }
}

describe('the largest datagram of a path', () => {
  test('is 1,200 bytes until a larger one was acknowledged; most paths carry the largest', () => {
    const mtu = new PathMtu(1472);
    expect(mtu.bytes).toBe(1200);
    expect(search(mtu, 9000)).toEqual([1472]);
    expect(mtu.bytes).toBe(1472);
    expect(mtu.probeBytes(100 * TEN_MINUTES_MS, BULK)).toBeUndefined();
  });

  test.each([
    [1472, 1472],
    [1471, 1452],
    [1400, 1372],
    [1280, 1280],
    [1231, 1200],
    [1200, 1200],
  ])(
    'on a path of %i bytes is %i, after three tries of each that is larger',
    (pathBytes, bytes) => {
      const mtu = new PathMtu(1472);
      const tried = search(mtu, pathBytes);
      expect(mtu.bytes).toBe(bytes);
      for (const size of new Set(tried))
        expect(tried.filter((each) => each === size).length).toBe(size <= pathBytes ? 1 : 3);
      // And again in ten minutes.
      expect(mtu.probeBytes(TEN_MINUTES_MS - 1, BULK)).toBeUndefined();
      if (bytes < 1472) expect(mtu.probeBytes(TEN_MINUTES_MS, BULK)).toBe(1472);
    },
  );

  test('is not looked for while nothing but keys is on its way, nor where none can be larger', () => {
    expect(new PathMtu(1472).probeBytes(0, 300)).toBeUndefined();
    expect(new PathMtu(1200).probeBytes(0, BULK)).toBeUndefined();
    expect(new PathMtu(576).probeBytes(0, BULK)).toBeUndefined();
  });

  test('is 1,200 again once six larger ones in a row are lost, and is looked for at once', () => {
    const mtu = new PathMtu(1472);
    search(mtu, 1472);
    for (let i = 0; i < 5; i += 1) mtu.lost(100 + i, 1472, 5);
    mtu.lost(110, 300, 5);
    mtu.acknowledged(111, 1472, 5);
    for (let i = 0; i < 5; i += 1) mtu.lost(120 + i, 1472, 5);
    mtu.acknowledged(130, 300, 5);
    expect(mtu.bytes).toBe(1472);
    mtu.lost(131, 1472, 5);
    expect(mtu.bytes).toBe(1200);
    search(mtu, 1280, 6);
    expect(mtu.bytes).toBe(1280);
  });

  test('is looked for again when nothing was heard of a probe', () => {
    const mtu = new PathMtu(1472);
    mtu.probed(1, 0);
    expect(mtu.probeBytes(9999, BULK)).toBeUndefined();
    expect(mtu.probeBytes(10_000, BULK)).toBe(1472);
  });
});

describe('a transfer in datagrams', () => {
  function transfer(
    pathBytes: number,
    maxDatagramBytes: number,
  ): {
    readonly pair: SessionPair;
    readonly road: ReturnType<SessionPair['join']>;
    readonly server: SessionLink | undefined;
  } {
    const pair = new SessionPair();
    const faults = { delayMs: 20, bytesPerSecond: 2_000_000, mtuBytes: pathBytes };
    const road = pair.join({ kind: 'datagrams', aToB: faults, bToA: faults, maxDatagramBytes });
    pair.server.script.write(1, pattern(2_500_000));
    pair.clock.advance(1000);
    return { pair, road, server: [...pair.server.session.links][0] };
  }

  test.each([
    [1472, 1472, 1472],
    [1400, 1472, 1372],
    [1252, 1472, 1232],
    [9000, 8972, 8972],
    [1472, 8972, 1452],
  ])('over a path of %i bytes, where %i may be tried, uses %i', (pathBytes, most, used) => {
    const { pair, server } = transfer(pathBytes, most);
    expect(server?.mtu.bytes).toBe(used);
    pair.runUntil(() => pair.client.script.receivedBytes(1) === 2_500_000);
    expect(equalBytes(pair.client.script.received(1), pattern(2_500_000))).toBe(true);
  });

  test('goes on within a second when the path carries no more what it did', () => {
    const { pair, road, server } = transfer(1472, 1472);
    road.pair.set('both', { mtuBytes: 1252 });
    pair.clock.advance(100);
    const before = pair.client.script.receivedBytes(1);
    pair.runUntil(() => pair.client.script.receivedBytes(1) > before + 20_000, 1000);
    expect(server?.mtu.bytes).toBeLessThan(1252);
    pair.runUntil(() => pair.client.script.receivedBytes(1) === 2_500_000);
    expect(equalBytes(pair.client.script.received(1), pattern(2_500_000))).toBe(true);
  });
});

describe('a padded link', () => {
  test.each([256, 512, 1200, 1400])('has datagrams of %i bytes and no others', (padBytes) => {
    const sizes = new Set<number>();
    const pair = new SessionPair(1, undefined, undefined, padBytes);
    const road = pair.join({
      kind: 'datagrams',
      aToB: { delayMs: 10, loss: 0.05 },
      bToA: { delayMs: 10, loss: 0.05 },
      maxDatagramBytes: 1472,
      onDatagram: (bytes) => sizes.add(bytes),
    });
    pair.server.script.onReceive = (stream, bytes) => {
      if (stream === 0) pair.server.script.write(0, bytes.slice());
    };
    pair.server.script.write(1, pattern(200_000));
    pair.client.script.write(2, pattern(100_000));
    for (let i = 0; i < 20; i += 1) {
      pair.client.script.write(0, Uint8Array.of(i));
      pair.clock.advance(100);
    }
    pair.runUntil(() => pair.client.script.receivedBytes(1) === 200_000);
    pair.clock.advance(70_000);
    expect(equalBytes(pair.client.script.received(1), pattern(200_000))).toBe(true);
    expect(pair.client.script.receivedBytes(0)).toBe(20);
    expect(road.failure).toBeUndefined();
    expect(pair.finish()).toBe(0);
    // Hello, answer and goodbye are among them.
    expect([...sizes]).toEqual([padBytes]);
  });

  test.each([
    [512, 1.12],
    [1400, 1.05],
  ])('of %i bytes takes %d times the bytes of a transfer at the most', (padBytes, most) => {
    const pair = new SessionPair(1, undefined, undefined, padBytes);
    const faults = { delayMs: 10, bytesPerSecond: 2_000_000 };
    pair.join({ kind: 'datagrams', bToA: faults, aToB: { delayMs: 10 } });
    const before = [...pair.server.session.links][0];
    const startBytes = before?.sentBytes ?? 0;
    pair.server.script.write(1, pattern(1_000_000));
    pair.runUntil(() => pair.client.script.receivedBytes(1) === 1_000_000);
    const sentBytes = (before?.sentBytes ?? 0) - startBytes;
    // What a queue that was full has lost is another matter.
    expect((sentBytes - (before?.lostBytes ?? 0)) / 1_000_000).toBeLessThan(most);
  });
});

test('of some hundred datagrams one is lost, and one is sent again', () => {
  const pair = new SessionPair();
  let large = 0;
  let road: ReturnType<SessionPair['join']> | undefined;
  road = pair.join({
    kind: 'datagrams',
    aToB: { delayMs: 10 },
    bToA: { delayMs: 10, bytesPerSecond: 2_000_000 },
    onDatagram: (bytes) => {
      if (bytes < 1000 || road === undefined) return;
      large += 1;
      road.pair.set('bToA', { loss: large === 50 ? 1 : 0 });
    },
  });
  const [link] = pair.server.session.links;
  pair.server.script.write(1, pattern(400_000));
  pair.runUntil(() => pair.client.script.receivedBytes(1) === 400_000);
  pair.clock.advance(100);
  expect(large).toBeGreaterThan(300);
  expect(link?.lostBytes).toBe(1200);
  expect(pair.finish()).toBe(0);
});
