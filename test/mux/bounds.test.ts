import { expect, test } from 'vitest';
import type { EtError } from '../../src/base/errors.ts';
import type { IncomingOpen } from '../../src/mux/channel.ts';
import {
  encodeAccept,
  encodeOpen,
  encodeRefuse,
  encodeReset,
  writeCredit,
  writeDataHeader,
  writeEof,
} from '../../src/wire/encode-message.ts';
import { MAX_CHANNELS, MAX_UNANSWERED_OPENS } from '../../src/wire/limits.ts';
import { ChannelLog } from './channel-log.ts';
import { MuxPair } from './mux-pair.ts';

const ASK = { kind: 'test', metadata: {}, priority: 'forward' } as const;
const TAKE = { priority: 'forward' } as const;

function eof(id: number): Uint8Array {
  const bytes = new Uint8Array(9);
  return bytes.subarray(0, writeEof(bytes, 0, id));
}

function credit(id: number, limit: number): Uint8Array {
  const bytes = new Uint8Array(20);
  return bytes.subarray(0, writeCredit(bytes, 0, id, limit));
}

function data(id: number): Uint8Array {
  const bytes = new Uint8Array(12);
  return bytes.subarray(0, writeDataHeader(bytes, 0, id, 1) + 1);
}

test('a hundred thousand channels come and go without a trace, however they end', () => {
  const pair = new MuxPair();
  let count = 0;
  pair.onServerOpen = (incoming) => {
    count += 1;
    if (count % 3 === 0) return incoming.refuse(6, 'not found');
    const channel = incoming.accept({}, new ChannelLog(), TAKE);
    if (count % 3 === 1) channel.end();
    else channel.reset(8, 'failed');
    return undefined;
  };
  let closed = 0;
  const events = { onData: () => undefined, onClose: () => (closed += 1) };
  for (let i = 0; i < 100_000; i += 1) {
    const channel = pair.client.open(ASK, events);
    channel.end();
    if (i % 100 === 99) pair.run();
  }
  expect(count).toBe(100_000);
  expect(closed).toBe(100_000);
  for (const mux of [pair.client, pair.server]) {
    expect(mux.channelCount).toBe(0);
    expect(mux.reservedBytes).toBe(0);
    expect(mux.ready).toBe(0);
  }
  expect(pair.clock.pending).toBe(0);
});

test('channels that come and go while nothing can be sent leave nothing behind', () => {
  const pair = new MuxPair();
  for (let i = 0; i < 100_000; i += 1) {
    const channel = pair.client.open(ASK, new ChannelLog());
    channel.write(new Uint8Array(1));
    channel.reset();
  }
  expect(pair.client.channelCount).toBe(0);
  expect(pair.client.ready).toBe(0);
});

test('at most 256 opens stand unanswered; the others wait, and follow as answers come', () => {
  const pair = new MuxPair();
  const questions: IncomingOpen[] = [];
  pair.onServerOpen = (incoming) => questions.push(incoming);
  for (let i = 0; i < 600; i += 1) {
    pair.client.open({ ...ASK, stream: i % 2 }, new ChannelLog());
  }
  pair.run();
  expect(questions).toHaveLength(256);
  expect(pair.client.ready).toBe(0);
  for (const question of questions.slice(0, 10)) question.accept({}, new ChannelLog(), TAKE);
  pair.run();
  expect(questions).toHaveLength(266);
  for (let i = 10; i < questions.length; i += 1) {
    questions[i]?.refuse(6, '');
    pair.run();
  }
  expect(questions).toHaveLength(600);
  expect([pair.client.channelCount, pair.server.channelCount]).toEqual([10, 10]);
});

test('an unanswered open that is taken back makes room for the next', () => {
  const pair = new MuxPair();
  const questions: IncomingOpen[] = [];
  pair.onServerOpen = (incoming) => questions.push(incoming);
  const first = pair.client.open(ASK, new ChannelLog());
  for (let i = 0; i < 256; i += 1) pair.client.open(ASK, new ChannelLog());
  pair.run();
  first.reset();
  pair.run();
  expect(questions).toHaveLength(257);
  expect(questions[0]?.isCancelled).toBe(true);
  expect(pair.server.channelCount).toBe(256);
});

test('an open beyond 256 unanswered is refused with code 2, and the others go on', () => {
  const pair = new MuxPair();
  const questions: IncomingOpen[] = [];
  pair.onServerOpen = (incoming) => questions.push(incoming);
  for (let i = 0; i <= MAX_UNANSWERED_OPENS; i += 1) {
    pair.server.receive(0, encodeOpen(2 * i, 'x', 0, {}));
  }
  expect(questions).toHaveLength(256);
  expect(pair.next('server')).toEqual(encodeRefuse(512, 2, '256 channels, 256 unanswered'));
  questions[0]?.accept({}, new ChannelLog(), TAKE);
  pair.next('server');
  pair.server.receive(0, encodeOpen(514, 'x', 0, {}));
  expect(questions).toHaveLength(257);
});

test('16,384 channels may be open; one more is refused with code 2 by the peer, and by open itself', () => {
  const pair = new MuxPair();
  pair.onServerOpen = (incoming) => {
    incoming.accept({}, new ChannelLog(), TAKE);
  };
  for (let i = 0; i < MAX_CHANNELS; i += 1) {
    pair.client.open(ASK, { onData: () => undefined });
    if (i % 256 === 255) pair.run();
  }
  expect([pair.client.channelCount, pair.server.channelCount]).toEqual([
    MAX_CHANNELS,
    MAX_CHANNELS,
  ]);
  expect(() => pair.client.open(ASK, new ChannelLog())).toThrow(
    expect.objectContaining({ code: 'ET_ERR_CHANNEL_LIMIT', scope: 'channel' }),
  );
  pair.server.receive(0, encodeOpen(2 * MAX_CHANNELS, 'x', 0, {}));
  expect(pair.next('server')).toEqual(encodeRefuse(32_768, 2, '16384 channels, 0 unanswered'));
});

test('a peer that makes us refuse more than it reads ends its session', () => {
  const pair = new MuxPair();
  pair.onServerOpen = () => undefined;
  const flood = () => {
    for (let i = 0; i < 100_000; i += 1) pair.server.receive(0, encodeOpen(2 * i, 'x', 0, {}));
  };
  expect(flood).toThrow(expect.objectContaining({ code: 'ET_ERR_MESSAGE', scope: 'session' }));
});

test('ids ascend and are never used again', () => {
  const pair = new MuxPair();
  const ids: number[] = [];
  pair.onServerOpen = (incoming) => {
    ids.push(incoming.id);
    incoming.refuse(1, '');
  };
  for (let i = 0; i < 5; i += 1) {
    pair.client.open(ASK, new ChannelLog());
    pair.run();
  }
  expect(ids).toEqual([0, 2, 4, 6, 8]);
  pair.onClientOpen = (incoming) => ids.push(incoming.id);
  pair.server.open(ASK, new ChannelLog());
  pair.server.open(ASK, new ChannelLog());
  pair.run();
  expect(ids.slice(5)).toEqual([1, 3]);
});

test('late messages for a channel that is over are counted and ignored', () => {
  const pair = new MuxPair();
  pair.onServerOpen = (incoming) => incoming.refuse(1, '');
  pair.server.receive(0, encodeOpen(4, 'x', 0, {}));
  pair.next('server');
  const late = [
    data(4),
    eof(4),
    credit(4, 9),
    data(2),
    encodeReset(0, 1, ''),
    encodeAccept(4, 1, {}),
  ];
  for (const message of late) pair.server.receive(0, message);
  expect(pair.server.lateCount).toBe(late.length);
  expect(pair.server.ready).toBe(0);
});

test.each([
  ['on the same stream', 0],
  ['on another stream', 1],
])('a second open for an id %s resets that channel alone', (_where, stream) => {
  const pair = new MuxPair();
  const logs: ChannelLog[] = [];
  pair.onServerOpen = (incoming) => {
    const log = new ChannelLog();
    logs.push(log);
    incoming.accept({}, log, TAKE);
  };
  const ours = [new ChannelLog(), new ChannelLog()] as const;
  pair.client.open(ASK, ours[0]);
  pair.client.open(ASK, ours[1]);
  pair.run();
  pair.server.receive(stream, encodeOpen(0, 'x', 0, {}));
  pair.run();
  expect(logs.map((log) => log.lines)).toEqual([['reset 4 opened twice', 'close'], []]);
  expect(ours[0].lines.slice(1)).toEqual(['reset 4 opened twice', 'close']);
  expect(ours[1].lines).toEqual(['accept {}']);
});

test('an open for an id that is over, or is ours, is answered by a reset', () => {
  const pair = new MuxPair();
  pair.server.receive(0, encodeOpen(4, 'x', 0, {}));
  pair.next('server');
  for (const id of [4, 2, 1]) {
    pair.server.receive(0, encodeOpen(id, 'x', 0, {}));
    expect(pair.next('server')).toEqual(encodeReset(id, 4, 'opened twice'));
  }
});

test('an open that arrives after a higher one of another stream is a good one', () => {
  const pair = new MuxPair();
  const ids: number[] = [];
  pair.onServerOpen = (incoming) => ids.push(incoming.id);
  pair.server.receive(1, encodeOpen(2, 'x', 0, {}));
  pair.server.receive(0, encodeOpen(0, 'x', 0, {}));
  expect(ids).toEqual([2, 0]);
});

test.each([
  ['ACCEPT twice', () => encodeAccept(0, 9, {}), 'ACCEPT while open'],
  ['REFUSE after ACCEPT', () => encodeRefuse(0, 1, ''), 'REFUSE while open'],
  ['EOF twice', () => eof(0), 'EOF twice'],
  ['DATA after EOF', () => data(0), 'DATA after EOF'],
])('%s resets that channel with code 4', (_what, message, text) => {
  const pair = new MuxPair();
  pair.onServerOpen = (incoming) => {
    incoming.accept({}, new ChannelLog(), TAKE).end();
  };
  const ours = new ChannelLog();
  const other = new ChannelLog();
  pair.client.open(ASK, ours);
  pair.client.open(ASK, other);
  pair.run();
  pair.client.receive(0, message());
  expect(ours.lines.slice(2)).toEqual([`reset 4 ${text}`, 'close']);
  pair.run();
  expect(other.lines).toEqual(['accept {}', 'eof at 0']);
  expect([pair.client.channelCount, pair.server.channelCount]).toEqual([1, 1]);
});

test("a message on another stream than its channel's resets that channel", () => {
  const pair = new MuxPair();
  const log = new ChannelLog();
  pair.onServerOpen = (incoming) => {
    incoming.accept({}, log, TAKE);
  };
  pair.client.open(ASK, new ChannelLog());
  pair.client.open({ ...ASK, stream: 1 }, new ChannelLog());
  pair.run();
  pair.server.receive(1, data(0));
  expect(log.lines).toEqual(['reset 4 a message on another stream', 'close']);
});

test('data before the answer is a fault of whoever should have answered', () => {
  const pair = new MuxPair();
  const ours = new ChannelLog();
  pair.client.open(ASK, ours);
  pair.client.take(0, new Uint8Array(100));
  pair.client.receive(0, data(0));
  expect(ours.lines).toEqual(['reset 4 DATA while opening', 'close']);
});

test('more than 64 early notes reset the channel, and the sender holds them back', () => {
  const pair = new MuxPair();
  const questions: IncomingOpen[] = [];
  pair.onServerOpen = (incoming) => questions.push(incoming);
  const channel = pair.client.open(ASK, new ChannelLog());
  for (let i = 0; i < 100; i += 1) channel.note({ i });
  pair.run();
  const log = new ChannelLog();
  questions[0]?.accept({}, log, TAKE);
  pair.clock.advance(0);
  expect(log.lines).toHaveLength(64);
  pair.run();
  expect(log.lines).toHaveLength(100);
});

test.each([
  ['a message for an id that was never opened', () => data(0)],
  ['one of our own ids that we never opened', () => eof(1)],
  ['an unknown type', () => Uint8Array.of(9, 0)],
  ['metadata that is no object', () => Uint8Array.of(1, 0, 1, 0x61, 0, 2, 0x5b, 0x5d)],
])('%s ends the session', (_what, message) => {
  const pair = new MuxPair();
  expect(() => pair.server.receive(0, message())).toThrow(
    expect.objectContaining<Partial<EtError>>({ code: 'ET_ERR_MESSAGE', scope: 'session' }),
  );
});
