import { expect, test } from 'vitest';
import type { Session } from '../../src/backed/session.ts';
import { equalBytes, viewOf } from '../../src/base/bytes.ts';
import type { Channel, ChannelEvents, IncomingOpen } from '../../src/mux/channel.ts';
import { Mux } from '../../src/mux/mux.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import { WIRE } from './both-ways.ts';
import { type LinkKind, type RoadOptions, SessionPair } from './session-pair.ts';
import { pattern } from './stream-script.ts';

const KINDS: readonly LinkKind[] = ['bytes', 'datagrams'];
const QUESTION = { kind: 'udp', metadata: {}, stream: 1, priority: 'forward' } as const;
/** A kilobyte each 4 ms: the least record there is. */
const THIN = { delayMs: 20, bytesPerSecond: 128_000 };
const THIN_WIRE: RoadOptions = { aToB: THIN, bToA: THIN };

function muxOn(
  session: Session,
  clock: VirtualClock,
  onOpen: (incoming: IncomingOpen) => void,
): Mux {
  const mux = new Mux({ role: session.role, clock, transport: session, events: { onOpen } });
  session.attach(mux);
  return mux;
}

/** A session with a mux at each end, and a channel of datagrams between them. */
class DatagramWorld {
  readonly pair: SessionPair = new SessionPair();
  readonly client: Mux;
  readonly server: Mux;
  readonly arrived: { readonly atMs: number; readonly bytes: Uint8Array }[] = [];
  readonly returned: Uint8Array[] = [];
  bulkBytes = 0;
  near: Channel;
  far: Channel | undefined;

  constructor(options: RoadOptions, first: readonly Uint8Array[] = []) {
    const { clock, client, server } = this.pair;
    this.client = muxOn(client.session, clock, (incoming) => incoming.refuse(1, ''));
    this.server = muxOn(server.session, clock, (incoming) => this.#accept(incoming, first));
    this.pair.join(options);
    this.near = this.client.open(QUESTION, {
      onData: () => undefined,
      onDatagram: (bytes) => this.returned.push(bytes.slice()),
    });
    this.pair.runUntil(() => this.far !== undefined);
    clock.advance(500);
  }

  /** A channel that takes whatever it can get on stream 1. */
  openBulk(): Channel {
    const bulk = this.client.open({ ...QUESTION, kind: 'tcp' }, { onData: () => undefined });
    this.pair.clock.advance(500);
    bulk.write(new Uint8Array(8e6));
    return bulk;
  }

  finish(): number {
    this.client.close();
    this.server.close();
    return this.pair.finish();
  }

  #accept(incoming: IncomingOpen, first: readonly Uint8Array[]): void {
    const events: ChannelEvents = {
      onData: (bytes) => {
        this.bulkBytes += bytes.length;
        channel.consumed(bytes.length);
      },
      onDatagram: (bytes) =>
        this.arrived.push({ atMs: this.pair.clock.now(), bytes: bytes.slice() }),
    };
    const channel = incoming.accept({}, events, { priority: 'forward' });
    this.far ??= channel;
    if (incoming.kind === 'udp') for (const bytes of first) channel.sendDatagram(bytes);
  }
}

test.each(KINDS)('datagrams of any size cross a session whole, both ways, over %s', (kind) => {
  const world = new DatagramWorld({ kind, ...WIRE });
  const sizes = [0, 1, 1200, 1472, 9000, 65_507];
  for (const size of sizes) {
    world.near.sendDatagram(pattern(size));
    world.far?.sendDatagram(pattern(size));
    world.pair.clock.advance(2000);
  }
  for (const bytes of [world.arrived.map((one) => one.bytes), world.returned]) {
    expect(bytes.map(({ length }) => length)).toEqual(sizes);
    expect(bytes.every((one) => equalBytes(one, pattern(one.length)))).toBe(true);
  }
  expect(world.finish()).toBe(0);
});

test('a datagram of 65,507 bytes passes in records of a kilobyte, and a key does not wait for it', () => {
  const world = new DatagramWorld(THIN_WIRE);
  const keys = world.client.open(
    { ...QUESTION, kind: 'keys', stream: 0 },
    { onData: () => undefined },
  );
  world.pair.clock.advance(500);
  world.near.sendDatagram(pattern(65_507));
  world.pair.clock.advance(100);
  const before = world.bulkBytes;
  const pressedMs = world.pair.clock.now();
  keys.write(pattern(1));
  world.pair.runUntil(() => world.bulkBytes > before);
  const keyMs = world.pair.clock.now() - pressedMs;
  expect(world.arrived).toEqual([]);
  // What is in flight: the path's 20 ms, and a queue of as much again.
  expect(keyMs).toBeLessThan(150);
  world.pair.runUntil(() => world.arrived.length === 1);
  expect(equalBytes(world.arrived[0]?.bytes ?? new Uint8Array(), pattern(65_507))).toBe(true);
  expect(world.finish()).toBe(0);
});

test('datagrams are paced as bytes of streams are, and those too many are dropped and counted', () => {
  const world = new DatagramWorld(THIN_WIRE);
  const [link] = world.pair.client.session.links;
  for (let i = 0; i < 4000; i += 1) {
    world.near.sendDatagram(new Uint8Array(1000));
    world.pair.clock.advance(1);
    expect(link?.sent.inFlightBytes).toBeLessThan(36_000);
  }
  world.pair.clock.advance(3000);
  // Four seconds at 128 kB/s, and what waited at their end.
  expect(world.arrived.length).toBeGreaterThan(400);
  expect(world.arrived.length).toBeLessThan(620);
  expect(world.arrived.length + world.near.droppedDatagramCount).toBe(4000);
  expect(world.client.droppedDatagramCount).toBe(world.near.droppedDatagramCount);
  expect(world.finish()).toBe(0);
});

test('an outage leaves no old datagrams: what comes first afterwards is fresh', () => {
  const world = new DatagramWorld(WIRE);
  const [link] = world.pair.client.session.links;
  if (link !== undefined) world.pair.client.session.dropLink(link);
  for (let second = 0; second < 600; second += 1) {
    const stamp = new Uint8Array(100);
    viewOf(stamp).setUint32(0, second);
    world.near.sendDatagram(stamp);
    world.pair.clock.advance(1000);
  }
  expect(world.arrived).toEqual([]);
  world.pair.join(WIRE);
  world.pair.clock.advance(1000);
  const stamps = world.arrived.map(({ bytes }) => viewOf(bytes).getUint32(0));
  expect(stamps.length).toBeGreaterThan(0);
  expect(stamps.every((stamp) => stamp >= 598)).toBe(true);
  expect(world.near.droppedDatagramCount).toBe(600 - stamps.length);
  expect(world.finish()).toBe(0);
});

test('datagrams and bytes of stream 1 have half of a link each, whichever floods', () => {
  const world = new DatagramWorld(THIN_WIRE);
  world.openBulk();
  world.pair.clock.advance(3000);
  const before = { bulk: world.bulkBytes, datagrams: world.arrived.length };
  for (let i = 0; i < 5000; i += 1) {
    world.near.sendDatagram(new Uint8Array(1000));
    world.pair.clock.advance(1);
  }
  const bulk = world.bulkBytes - before.bulk;
  const datagrams = (world.arrived.length - before.datagrams) * 1000;
  expect(bulk / (bulk + datagrams)).toBeGreaterThan(0.4);
  expect(bulk / (bulk + datagrams)).toBeLessThan(0.6);
  expect(bulk + datagrams).toBeGreaterThan(400_000);
  expect(world.finish()).toBe(0);
});

test('few datagrams do not wait behind a flood on stream 1', () => {
  const world = new DatagramWorld(THIN_WIRE);
  world.openBulk();
  world.pair.clock.advance(3000);
  const waitsMs: number[] = [];
  for (let i = 0; i < 100; i += 1) {
    const sentMs = world.pair.clock.now();
    const before = world.arrived.length;
    world.near.sendDatagram(new Uint8Array(200));
    world.pair.runUntil(() => world.arrived.length > before);
    waitsMs.push(world.pair.clock.now() - sentMs);
    world.pair.clock.advance(20);
  }
  waitsMs.sort((a, b) => a - b);
  expect(waitsMs[90]).toBeLessThan(150);
  expect(world.finish()).toBe(0);
});

test('what the end that was asked sends with its acceptance does not overtake it', () => {
  const world = new DatagramWorld(WIRE, [pattern(10), pattern(3000)]);
  expect(world.returned.map(({ length }) => length)).toEqual([10, 3000]);
  expect(world.finish()).toBe(0);
});

test('a link that is lost in the middle of a datagram loses it, and the next one passes', () => {
  const world = new DatagramWorld(THIN_WIRE);
  world.near.sendDatagram(pattern(60_000));
  world.pair.clock.advance(150);
  for (const { session } of world.pair.ends)
    for (const link of session.links) session.dropLink(link);
  world.pair.clock.advance(2500);
  world.pair.join(WIRE);
  world.pair.clock.advance(1500);
  expect(world.arrived).toEqual([]);
  world.near.sendDatagram(pattern(50));
  world.pair.clock.advance(500);
  expect(world.arrived.map(({ bytes }) => bytes.length)).toEqual([50]);
  expect(world.finish()).toBe(0);
});

test('what is no more than a few keys is copied on a lossy link, and what is more is not', () => {
  const bytesFor = (count: number): number => {
    const pair = new SessionPair();
    const { pair: wire, link } = pair.join({
      kind: 'datagrams',
      aToB: { delayMs: 25 },
      bToA: { delayMs: 25 },
    });
    wire.set('both', { loss: 0.3 });
    for (let i = 0; i < 60; i += 1) {
      pair.client.script.write(0, Uint8Array.of(i));
      pair.clock.advance(200);
    }
    wire.set('both', { loss: 0 });
    const before = link.sentBytes;
    pair.client.script.write(0, pattern(count));
    // Before an answer can be there.
    pair.clock.advance(45);
    return link.sentBytes - before;
  };
  expect(bytesFor(300)).toBeGreaterThan(3 * 300);
  expect(bytesFor(800)).toBeLessThan(1.3 * 800);
});

test('the first record of a link, when it is lost, is said again', () => {
  const pair = new SessionPair();
  const { link } = pair.join({ kind: 'datagrams', aToB: { delayMs: 5 }, bToA: { delayMs: 5 } });
  pair.clock.advance(100);
  expect(link.owesResume).toBe(false);
  const mark = link.rate.mark(0, 0);
  pair.client.session.requeue(link, [{ number: 1, bytes: 50, mark, ranges: [] }]);
  expect(link.owesResume).toBe(false);
  pair.client.session.requeue(link, [{ number: 0, bytes: 50, mark, ranges: [] }]);
  expect(link.owesResume).toBe(true);
  expect(pair.finish()).toBe(0);
});
