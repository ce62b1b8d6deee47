import fc from 'fast-check';
import { expect, test } from 'vitest';
import { equalBytes, utf8 } from '../../src/base/bytes.ts';
import type { Channel } from '../../src/mux/channel.ts';
import { Datagrams } from '../../src/mux/datagrams.ts';
import { FrameWriter } from '../../src/wire/frame-writer.ts';
import type { DatagramPiece } from '../../src/wire/frames.ts';
import { MAX_DATAGRAM_BYTES } from '../../src/wire/limits.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { ChannelLog } from './channel-log.ts';
import { MuxPair } from './mux-pair.ts';

const ASK = { kind: 'udp', metadata: {}, priority: 'forward' } as const;

function receive(into: Datagrams, piece: DatagramPiece): Uint8Array | undefined {
  return into.receive(piece.channel, piece.id, piece.index, piece.count, piece.bytes);
}

/** All pieces that wait, in records of `roomBytes`; checks that each frame fits. */
function takeAll(from: Datagrams, roomBytes: number): DatagramPiece[] {
  const pieces: DatagramPiece[] = [];
  for (;;) {
    const piece = from.take(roomBytes);
    if (piece === undefined) return pieces;
    const { channel, id, index, count, bytes } = piece;
    const writer = new FrameWriter(new Uint8Array(roomBytes));
    expect(writer.datagram(channel, id, index, count, bytes)).toBe(true);
    pieces.push(piece);
  }
}

test('a datagram of any size arrives whole through records of any size, in any order of its pieces', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.nat(3000), fc.nat(200_000)),
      fc.integer({ min: 600, max: 61_440 }),
      fc.nat(),
      (size, room, seed) => {
        const random = new SeededRandom(seed);
        const bytes = random.bytes(size);
        const clock = new VirtualClock();
        const [from, to] = [new Datagrams(clock), new Datagrams(clock)];
        from.send(4, bytes);
        const pieces = takeAll(from, room);
        pieces.sort(() => random.uniform() - 0.5);
        const whole = pieces.map((piece) => receive(to, piece)).filter((one) => one !== undefined);
        expect(whole).toHaveLength(1);
        expect(equalBytes(whole[0] as Uint8Array, bytes)).toBe(true);
        expect([to.heldBytes, clock.pending]).toEqual([0, 0]);
      },
    ),
    { numRuns: 60 },
  );
});

test('a datagram that lacks a piece is forgotten after a second, and never delivered in part', () => {
  const clock = new VirtualClock();
  const [from, to] = [new Datagrams(clock), new Datagrams(clock)];
  from.send(0, new Uint8Array(3000));
  const [first, ...rest] = takeAll(from, 1024) as [DatagramPiece, ...DatagramPiece[]];
  for (const piece of rest) expect(receive(to, piece)).toBeUndefined();
  for (const piece of rest) expect(receive(to, piece)).toBeUndefined();
  clock.advance(999);
  expect(to.heldBytes).toBeGreaterThan(0);
  clock.advance(1);
  expect([to.heldBytes, to.droppedCount, clock.pending]).toEqual([0, 1, 0]);
  expect(receive(to, first)).toBeUndefined();
  to.clear();
  expect(clock.pending).toBe(0);
});

test('a piece that comes twice counts once', () => {
  const clock = new VirtualClock();
  const [from, to] = [new Datagrams(clock), new Datagrams(clock)];
  const bytes = new SeededRandom(1).bytes(1500);
  from.send(0, bytes);
  const [first, second] = takeAll(from, 1024) as [DatagramPiece, DatagramPiece];
  expect(receive(to, first)).toBeUndefined();
  expect(receive(to, first)).toBeUndefined();
  expect(receive(to, second)).toEqual(bytes);
});

test('datagrams of 0 and of 1 MiB pass, one byte more is refused and counted', () => {
  const clock = new VirtualClock();
  const [from, to] = [new Datagrams(clock), new Datagrams(clock)];
  for (const size of [0, MAX_DATAGRAM_BYTES]) {
    expect(from.send(2, new Uint8Array(size))).toBe(true);
    const whole = takeAll(from, 1200).map((piece) => receive(to, piece));
    expect(whole.at(-1)?.length).toBe(size);
  }
  expect(from.send(2, new Uint8Array(MAX_DATAGRAM_BYTES + 1))).toBe(false);
  expect(from.droppedCount).toBe(1);
});

test('a queue beyond its bound forgets its oldest, and counts them', () => {
  const from = new Datagrams(new VirtualClock());
  for (let i = 0; i < 70; i += 1) from.send(0, Uint8Array.of(i));
  expect(from.droppedCount).toBe(6);
  expect(takeAll(from, 1024).map((piece) => piece.bytes[0])).toEqual(
    Array.from({ length: 64 }, (_, i) => i + 6),
  );
  for (let i = 0; i < 5; i += 1) from.send(0, new Uint8Array(100_000));
  expect(from.droppedCount).toBe(9);
});

test('the oldest may be forgotten when half of it is sent: the next has another id', () => {
  const clock = new VirtualClock();
  const [from, to] = [new Datagrams(clock), new Datagrams(clock)];
  from.send(0, new Uint8Array(200_000).fill(1));
  receive(to, from.take(61_000) as DatagramPiece);
  from.send(0, new Uint8Array(200_000).fill(2));
  const whole = takeAll(from, 61_000).map((piece) => receive(to, piece));
  expect(whole.at(-1)?.length).toBe(200_000);
  expect(whole.at(-1)?.every((byte) => byte === 2)).toBe(true);
});

test('a datagram begun in large pieces is begun again where only small ones fit', () => {
  const clock = new VirtualClock();
  const [from, to] = [new Datagrams(clock), new Datagrams(clock)];
  const bytes = new SeededRandom(3).bytes(150_000);
  from.send(0, bytes);
  receive(to, from.take(61_000) as DatagramPiece);
  const whole = takeAll(from, 1200).map((piece) => receive(to, piece));
  expect(equalBytes(whole.at(-1) as Uint8Array, bytes)).toBe(true);
  expect(from.take(1200)).toBeUndefined();
});

test('a datagram that is begun is not begun again for a record that has little room left', () => {
  const from = new Datagrams(new VirtualClock());
  from.send(0, new Uint8Array(65_507));
  const ids = new Set<number>();
  let count = 0;
  for (let left = 1, record = 0; left > 0; record += 1) {
    const piece = from.take([1000, 800, 600, 760][record % 4] ?? 0, 1000);
    if (piece === undefined) continue;
    ids.add(piece.id);
    count += 1;
    left = piece.count - 1 - piece.index;
  }
  expect([[...ids], count]).toEqual([[0], 89]);
});

test('what has waited for more than two seconds is dropped, and what came since is sent', () => {
  const clock = new VirtualClock();
  const dropped: number[] = [];
  const from = new Datagrams(clock, (channel) => dropped.push(channel));
  from.send(0, Uint8Array.of(1));
  from.send(2, Uint8Array.of(2));
  clock.advance(1);
  from.send(0, Uint8Array.of(3));
  clock.advance(2000);
  expect(takeAll(from, 1024).map(({ bytes }) => bytes[0])).toEqual([3]);
  expect(dropped).toEqual([0, 2]);
  expect([from.isReady, from.droppedCount]).toEqual([false, 2]);
});

test('all channels together hold 8 MiB at the most, and what a channel that is gone held is free again', () => {
  const from = new Datagrams(new VirtualClock());
  for (let channel = 0; channel < 80; channel += 2) {
    for (let i = 0; i < 4; i += 1) from.send(channel, new Uint8Array(60_000));
  }
  const fit = Math.floor((8 * 2 ** 20) / 60_000);
  expect(from.droppedCount).toBe(160 - fit);
  expect(takeAll(from, 61_000)).toHaveLength(fit);
  for (let i = 0; i < 200; i += 1) from.send(2 * i, new Uint8Array(60_000), true);
  expect([from.isReady, from.droppedCount]).toEqual([false, 160 - fit + 200 - fit]);
  for (let i = 0; i < 200; i += 1) from.forget(2 * i);
  for (let i = 0; i < fit; i += 1) from.send(2 * i, new Uint8Array(60_000));
  expect(takeAll(from, 61_000)).toHaveLength(fit);
});

test('what is held waits for its release, and is bounded like the rest', () => {
  const from = new Datagrams(new VirtualClock());
  for (let i = 0; i < 70; i += 1) from.send(0, Uint8Array.of(i), true);
  expect([from.isReady, takeAll(from, 1024)]).toEqual([false, []]);
  from.release(0);
  from.release(2);
  expect(takeAll(from, 1024)).toHaveLength(64);
  expect(from.droppedCount).toBe(6);
});

test('channels take turns, a datagram at a time; one that is gone has none', () => {
  const from = new Datagrams(new VirtualClock());
  for (const channel of [0, 2, 4]) {
    for (let i = 0; i < 2; i += 1) from.send(channel, new Uint8Array(10));
  }
  from.forget(2);
  expect(takeAll(from, 1024).map((piece) => piece.channel)).toEqual([0, 4, 0, 4]);
  expect(from.isReady).toBe(false);
});

test('a record without room worth it takes none, and loses none', () => {
  const from = new Datagrams(new VirtualClock());
  from.send(0, new Uint8Array(1000));
  from.send(0, new Uint8Array(10));
  expect(from.take(300)).toBeUndefined();
  expect(from.take(1200)?.bytes.length).toBe(1000);
  expect(from.take(20)).toBeUndefined();
  expect(from.take(40)?.bytes.length).toBe(10);
});

test('whatever pieces come, memory stays within two of the largest', () => {
  const clock = new VirtualClock();
  const to = new Datagrams(clock);
  const random = new SeededRandom(9);
  for (let i = 0; i < 20_000; i += 1) {
    const count = random.integer(1, 65_536);
    const bytes = random.bytes(random.integer(0, 3000));
    to.receive(
      random.integer(0, 3),
      random.integer(0, 50),
      random.integer(0, count - 1),
      count,
      bytes,
    );
    expect(to.heldBytes).toBeLessThanOrEqual(2 * MAX_DATAGRAM_BYTES);
    if (random.chance(0.01)) clock.advance(random.integer(0, 400));
  }
  to.forget(0);
  clock.advance(2000);
  expect([to.heldBytes, clock.pending]).toEqual([0, 0]);
});

test('a channel carries datagrams beside its data once it is accepted, and not before', () => {
  const pair = new MuxPair();
  const log = new ChannelLog();
  const far: Channel[] = [];
  pair.onServerOpen = (incoming) => far.push(incoming.accept({}, log, { priority: 'forward' }));
  const near = pair.client.open(ASK, new ChannelLog());
  expect(near.sendDatagram(utf8('too early'))).toBe(false);
  const carry = () => {
    for (;;) {
      const piece = pair.client.takeDatagram(1200);
      if (piece === undefined) return;
      const { channel, id, index, count, bytes } = piece;
      pair.server.receiveDatagram(channel, id, index, count, bytes);
    }
  };
  pair.run();
  const wakes = pair.wakes.client;
  expect(near.sendDatagram(new Uint8Array(5000))).toBe(true);
  expect(pair.wakes.client).toBe(wakes + 1);
  expect(pair.client.isDatagramReady).toBe(true);
  carry();
  expect(log.lines).toEqual(['datagram 5000']);
  near.sendDatagram(utf8('late'));
  far[0]?.reset();
  carry();
  pair.server.receiveDatagram(99, 0, 0, 1, utf8('for nobody'));
  expect(pair.server.droppedDatagramCount).toBe(2);
  near.sendDatagram(utf8('waits'));
  pair.run();
  expect(pair.client.isDatagramReady).toBe(false);
});
