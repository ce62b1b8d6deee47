import { expect, test } from 'vitest';
import { equalBytes } from '../../src/base/bytes.ts';
import type { Channel } from '../../src/mux/channel.ts';
import {
  encodeAccept,
  encodeOpen,
  encodeReset,
  writeDataHeader,
} from '../../src/wire/encode-message.ts';
import { MAX_CHANNEL_CREDIT_BYTES, MAX_CREDIT_SUM_BYTES } from '../../src/wire/limits.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { ChannelLog } from './channel-log.ts';
import { MuxPair } from './mux-pair.ts';
import { runTimed } from './timed-run.ts';

const ASK = { kind: 'test', metadata: {}, priority: 'forward' } as const;
const TAKE = { priority: 'forward' } as const;

interface End {
  readonly channel: Channel;
  readonly log: ChannelLog;
}

/** Opens `count` channels, each accepted with `credit`. */
function open(pair: MuxPair, count: number, credit?: number): { near: End[]; far: End[] } {
  const near: End[] = [];
  const far: End[] = [];
  pair.onServerOpen = (incoming) => {
    const log = new ChannelLog();
    log.keeps = count === 1;
    far.push({ channel: incoming.accept({}, log, { ...TAKE, credit }), log });
  };
  for (let i = 0; i < count; i += 1) {
    const log = new ChannelLog();
    near.push({ channel: pair.client.open({ ...ASK, credit }, log), log });
    if (i % 200 === 199) pair.run();
  }
  pair.run();
  return { near, far };
}

function only(ends: readonly End[]): End {
  return ends[0] as End;
}

test('an unread peer blocks the sender at exactly the credit, and reading lets exactly as much follow', () => {
  const pair = new MuxPair();
  const { near, far } = open(pair, 1, 50_000);
  const [sender, reader] = [only(near).channel, only(far)];
  sender.write(new Uint8Array(400_000));
  pair.run();
  pair.clock.advance(60_000);
  pair.run();
  expect(reader.log.byteCount).toBe(50_000);
  expect(sender.bufferedBytes).toBe(350_000);

  reader.channel.consumed(20_000);
  pair.run();
  expect(reader.log.byteCount).toBe(70_000);
  reader.channel.consumed(1);
  pair.run();
  expect(reader.log.byteCount).toBe(70_000);
  expect(reader.log.lines).toEqual([]);
});

test('the credit in OPEN bounds the other direction just so', () => {
  const pair = new MuxPair();
  const { near, far } = open(pair, 1, 12_345);
  only(far).channel.write(new Uint8Array(100_000));
  pair.run();
  expect(only(near).log.byteCount).toBe(12_345);
});

test('a note waits for credit like data, and is consumed by being delivered', () => {
  const pair = new MuxPair();
  const { near, far } = open(pair, 1, 20_000);
  const [sender, reader] = [only(near).channel, only(far)];
  sender.write(new Uint8Array(19_990));
  sender.note({ exit: 1234 });
  sender.write(new Uint8Array(1));
  pair.run();
  expect(reader.log.lines).toEqual([]);
  reader.channel.consumed(19_990);
  pair.run();
  expect(reader.log.lines).toEqual(['note {"exit":1234} at 19990']);
  for (let i = 0; i < 1000; i += 1) sender.note({ text: 'x'.repeat(1000) });
  pair.run();
  expect(reader.log.lines).toHaveLength(1001);
});

test('credit is granted for a quarter of the window at a time, not per read', () => {
  const pair = new MuxPair();
  const { near, far } = open(pair, 1, 100_000);
  only(near).channel.write(new Uint8Array(100_000));
  pair.run();
  let credits = 0;
  for (let i = 0; i < 1000; i += 1) {
    only(far).channel.consumed(100);
    if (pair.run().down > 0) credits += 1;
  }
  expect(credits).toBeGreaterThanOrEqual(2);
  expect(credits).toBeLessThanOrEqual(4);
});

test('a million writes of one byte are the same as one write of a million', () => {
  const bytes = new SeededRandom(2).bytes(1_000_000);
  const pair = new MuxPair();
  const { near, far } = open(pair, 1);
  only(far).log.read(only(far).channel);
  for (let i = 0; i < bytes.length; i += 1) only(near).channel.write(bytes.subarray(i, i + 1));
  const { up } = pair.run();
  expect(equalBytes(only(far).log.data, bytes)).toBe(true);
  expect(up).toBeLessThan(1_001_000);
});

test('one of a hundred readers that stops takes nothing from the others', () => {
  const pair = new MuxPair();
  const { near, far } = open(pair, 100);
  const [stalled, ...readers] = far as [End, ...End[]];
  for (const { channel, log } of readers) log.read(channel);
  const total = 500_000;
  for (const { channel } of near) channel.write(new Uint8Array(total));
  pair.run();
  for (const { log } of readers) expect(log.byteCount).toBe(total);
  expect(stalled.log.byteCount).toBe(65_536);
});

test('both ends write until they block, and once they read everything arrives', () => {
  const pair = new MuxPair();
  const { near, far } = open(pair, 3);
  const ends = [...near, ...far];
  for (const { channel } of ends) {
    for (let i = 0; i < 40; i += 1) channel.write(new Uint8Array(50_000));
    channel.end();
  }
  pair.run();
  for (const { channel } of ends) expect(channel.bufferedBytes).toBeGreaterThan(0);
  for (const { channel, log } of ends) log.read(channel);
  pair.run();
  for (const { channel, log } of ends) {
    expect(log.byteCount).toBe(2_000_000);
    expect(channel.isOpen).toBe(false);
  }
});

test('a paste of 10 MB into a slow reader that itself floods ends, and nothing is lost', () => {
  const pair = new MuxPair();
  const { near, far } = open(pair, 1);
  const [typist, shell] = [only(near), only(far)];
  typist.channel.write(new Uint8Array(10_000_000));
  shell.channel.write(new Uint8Array(10_000_000));
  typist.log.read(typist.channel);
  for (let i = 0; i < 100_000 && shell.log.byteCount < 10_000_000; i += 1) {
    const bite = Math.min(1000, shell.log.unconsumedBytes);
    shell.log.unconsumedBytes -= bite;
    shell.channel.consumed(bite);
    if (i % 10 === 0) pair.run();
  }
  pair.run();
  expect(shell.log.byteCount).toBe(10_000_000);
  expect(typist.log.byteCount).toBe(10_000_000);
});

test('the window reaches nine tenths of a 10 MB bandwidth-delay product within ten round trips', () => {
  const pair = new MuxPair();
  pair.rttMs = 100;
  const { near, far } = open(pair, 1);
  const [sender, reader] = [only(near).channel, only(far)];
  reader.log.read(reader.channel);
  const link = { oneWayMs: 50, bytesPerMs: 100_000, recordBytes: 61_440 };
  const feed = () => {
    while (sender.bufferedBytes < 1_000_000) sender.write(new Uint8Array(500_000));
  };
  feed();
  runTimed(pair, link, 1000, feed);
  expect(reader.channel.windowBytes).toBeGreaterThanOrEqual(9_000_000);
  const before = reader.log.byteCount;
  runTimed(pair, link, 200, feed);
  expect(reader.log.byteCount - before).toBeGreaterThan(0.9 * 200 * link.bytesPerMs);
});

test('over a fast local link the window is soon megabytes, and bulk never waits for credit', () => {
  const pair = new MuxPair();
  pair.rttMs = 0.2;
  const { near, far } = open(pair, 1);
  const [sender, reader] = [only(near).channel, only(far)];
  reader.log.read(reader.channel);
  const link = { oneWayMs: 0.1, bytesPerMs: 500_000, recordBytes: 61_440 };
  const feed = () => {
    while (sender.bufferedBytes < 1_000_000) sender.write(new Uint8Array(500_000));
  };
  feed();
  runTimed(pair, link, 30, feed);
  expect(reader.channel.windowBytes).toBeGreaterThanOrEqual(4 * 1024 * 1024);
});

test('a window stays small for a slow reader, and shrinks when the rate falls', () => {
  const pair = new MuxPair();
  pair.rttMs = 100;
  const { near, far } = open(pair, 1);
  const [sender, reader] = [only(near).channel, only(far)];
  const trickle = (bytesPerMs: number, ms: number) => {
    for (let i = 0; i < ms; i += 1) {
      if (sender.bufferedBytes < 1_000_000) sender.write(new Uint8Array(1_000_000));
      pair.run();
      const bite = Math.min(bytesPerMs, reader.log.unconsumedBytes);
      reader.log.unconsumedBytes -= bite;
      reader.channel.consumed(bite);
      pair.clock.advance(1);
    }
  };
  trickle(100, 5000);
  expect(reader.channel.windowBytes).toBe(65_536);
  trickle(20_000, 3000);
  expect(reader.channel.windowBytes).toBeGreaterThanOrEqual(4_000_000);
  expect(pair.server.reservedBytes).toBeGreaterThanOrEqual(4_000_000);
  trickle(100, 100_000);
  expect(reader.channel.windowBytes).toBe(65_536);
  expect(pair.server.reservedBytes).toBeLessThan(70_000);
});

test('a maximum that the owner sets is kept', () => {
  const pair = new MuxPair();
  pair.rttMs = 1000;
  const far: End[] = [];
  pair.onServerOpen = (incoming) => {
    const log = new ChannelLog();
    const channel = incoming.accept({}, log, { ...TAKE, maxCredit: 100_000 });
    far.push({ channel, log });
    log.read(channel);
  };
  const sender = pair.client.open(ASK, new ChannelLog());
  sender.write(new Uint8Array(5_000_000));
  pair.run();
  expect(only(far).log.byteCount).toBe(5_000_000);
  expect(only(far).channel.windowBytes).toBe(100_000);
});

test("what is granted and not consumed stays within the session's sum, and every channel goes on", () => {
  const pair = new MuxPair();
  pair.rttMs = 1000;
  const { near, far } = open(pair, 30);
  for (const { channel, log } of far) log.read(channel);
  const bytes = new Uint8Array(8_000_000);
  for (const { channel } of near) channel.write(bytes);
  for (let i = 0; i < 100; i += 1) pair.carry('client');
  pair.run();
  const windows = far.map(({ channel }) => channel.windowBytes);
  expect(Math.max(...windows)).toBeLessThanOrEqual(MAX_CHANNEL_CREDIT_BYTES);
  expect(windows.reduce((sum, window) => sum + window)).toBeLessThanOrEqual(MAX_CREDIT_SUM_BYTES);
  expect(windows.reduce((sum, window) => sum + window)).toBeGreaterThan(20_000_000);
  for (const { log } of far) expect(log.byteCount).toBe(8_000_000);
  // All are idle with all their credit; still there is some for others.
  const more = open(pair, 1000);
  for (const { channel, log } of more.far) log.read(channel);
  for (const { channel } of more.near) channel.write(bytes.subarray(0, 100_000));
  pair.run();
  for (const { log } of more.far) expect(log.byteCount).toBe(100_000);
  for (const { channel } of [...near, ...more.near]) channel.reset();
  pair.run();
  expect([pair.server.reservedBytes, pair.client.reservedBytes]).toEqual([0, 0]);
});

/** A server alone, and the client's bytes made by hand. */
function handMade(pair: MuxPair) {
  const far: End[] = [];
  pair.onServerOpen = (incoming) => {
    const log = new ChannelLog();
    far.push({ channel: incoming.accept({}, log, TAKE), log });
  };
  const send = (...parts: Uint8Array[]) => {
    for (const part of parts) pair.server.receive(0, part);
    pair.clock.advance(0);
  };
  return { far, send };
}

function data(id: number, bytes: number): Uint8Array {
  const message = new Uint8Array(bytes + 16);
  return message.subarray(0, writeDataHeader(message, 0, id, bytes) + bytes);
}

test('data beyond the credit resets the channel with code 3, and no other', () => {
  const pair = new MuxPair();
  const { far, send } = handMade(pair);
  send(encodeOpen(0, 'a', 1000, {}), encodeOpen(2, 'b', 1000, {}));
  const [greedy, honest] = far as [End, End];
  send(data(0, 60_000), data(0, 5536));
  expect(greedy.log.lines).toEqual([]);
  send(data(0, 1));
  expect(greedy.log.lines).toEqual(['reset 3 1 bytes above the limit 65536', 'close']);
  send(data(2, 5));
  expect(honest.log.byteCount).toBe(5);
  const reset = encodeReset(0, 3, '1 bytes above the limit 65536');
  expect(pair.next('server').subarray(0, reset.length)).toEqual(reset);
});

test('early data beyond 8,192 bytes resets the channel with code 3', () => {
  const pair = new MuxPair();
  pair.onServerOpen = () => undefined;
  pair.server.receive(0, encodeOpen(0, 'a', 0, {}));
  pair.server.receive(0, data(0, 8192));
  expect(pair.server.ready).toBe(0);
  pair.server.receive(0, data(0, 1));
  expect(pair.server.ready).toBe(1);
  pair.run();
  expect(pair.server.channelCount).toBe(0);
});

test('a peer that grants more than 64 MiB in all ends the session, one that grants just so does not', () => {
  const pair = new MuxPair();
  const { far, send } = handMade(pair);
  const half = MAX_CREDIT_SUM_BYTES / 2;
  send(encodeOpen(0, 'a', half, {}), encodeOpen(2, 'b', half, {}));
  const { channel } = only(far);
  channel.write(new Uint8Array(1000));
  pair.server.take(0, new Uint8Array(5000));
  send(encodeOpen(4, 'c', 1000, {}));
  expect(() => send(encodeOpen(6, 'd', 1, {}))).toThrow(
    expect.objectContaining({ code: 'ET_ERR_CREDIT_SUM', scope: 'session' }),
  );
  const other = new MuxPair();
  other.client.open(ASK, new ChannelLog());
  other.client.take(0, new Uint8Array(100));
  expect(() => other.client.receive(0, encodeAccept(0, MAX_CREDIT_SUM_BYTES + 1, {}))).toThrow(
    expect.objectContaining({ code: 'ET_ERR_CREDIT_SUM' }),
  );
});

test('credit that an ended half leaves unused counts no more, at either end', () => {
  const pair = new MuxPair();
  const { far, send } = handMade(pair);
  send(encodeOpen(0, 'a', MAX_CREDIT_SUM_BYTES, {}));
  only(far).channel.end();
  pair.next('server');
  send(encodeOpen(2, 'b', MAX_CREDIT_SUM_BYTES, {}));
  expect(far).toHaveLength(2);
  const eofOfSecond = Uint8Array.of(6, 2);
  const before = pair.server.reservedBytes;
  send(eofOfSecond);
  expect(pair.server.reservedBytes).toBeLessThan(before);
});
