import { expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import type { Channel, IncomingOpen } from '../../src/mux/channel.ts';
import { ChannelLog } from './channel-log.ts';
import { MuxPair } from './mux-pair.ts';

const ASK = { kind: 'test', metadata: {}, priority: 'forward' } as const;
const TAKE = { priority: 'forward' } as const;

/** A pair with one accepted channel, both owners reading. */
function connected() {
  const pair = new MuxPair();
  const ours = new ChannelLog();
  const theirs = new ChannelLog();
  let far: Channel | undefined;
  pair.onServerOpen = (incoming) => {
    far = incoming.accept({ hello: 1 }, theirs, TAKE);
  };
  const near = pair.client.open(ASK, ours);
  pair.run();
  if (far === undefined) throw new Error('not accepted');
  ours.read(near);
  theirs.read(far);
  return { pair, near, far, ours, theirs };
}

test('a question and its answer carry kind, metadata and both ways of data', () => {
  const { pair, near, far, ours, theirs } = connected();
  near.write(utf8('question'));
  far.write(utf8('answer'));
  pair.run();
  expect(ours.lines).toEqual(['accept {"hello":1}']);
  expect([ours.text, theirs.text]).toEqual(['answer', 'question']);
});

test('data, notes and the end of file arrive in the order in which they were given', () => {
  const { pair, near, theirs } = connected();
  near.write(utf8('ab'));
  near.note({ resize: [80, 24] });
  near.note({ second: true });
  near.write(utf8('cde'));
  near.end();
  near.note({ exit: 0 });
  pair.run(7);
  expect(theirs.lines).toEqual([
    'note {"resize":[80,24]} at 2',
    'note {"second":true} at 2',
    'eof at 5',
    'note {"exit":0} at 5',
  ]);
});

test('one half ends while the other goes on, and the channel closes with the second', () => {
  const { pair, near, far, ours, theirs } = connected();
  near.end();
  pair.run();
  const answer = new Uint8Array(10_000_000).fill(7);
  far.write(answer);
  pair.run();
  expect(theirs.lines).toEqual(['eof at 0', 'drain']);
  far.end();
  pair.run();
  expect(ours.byteCount).toBe(10_000_000);
  expect(ours.lines.slice(-2)).toEqual(['eof at 10000000', 'close']);
  expect(theirs.lines.at(-1)).toBe('close');
  expect([pair.client.channelCount, pair.server.channelCount]).toEqual([0, 0]);
  expect([near.isOpen, far.isOpen]).toEqual([false, false]);
});

test('an answer may come later; early data waits for it, in order', () => {
  const pair = new MuxPair();
  const questions: IncomingOpen[] = [];
  pair.onServerOpen = (incoming) => questions.push(incoming);
  const ours = new ChannelLog();
  const near = pair.client.open(ASK, ours);
  near.write(new Uint8Array(20_000));
  near.note({ early: 1 });
  pair.run();
  expect(near.bufferedBytes).toBe(20_000 - 8192);
  const theirs = new ChannelLog();
  const far = questions[0]?.accept({}, theirs, TAKE) as Channel;
  expect(theirs.byteCount).toBe(0);
  theirs.read(far);
  pair.run();
  expect(theirs.byteCount).toBe(20_000);
  expect(theirs.lines).toEqual(['note {"early":1} at 20000']);
});

test('a channel whose early data ended both halves closes only after its owner has had all of it', () => {
  const pair = new MuxPair();
  const questions: IncomingOpen[] = [];
  pair.onServerOpen = (incoming) => questions.push(incoming);
  const near = pair.client.open(ASK, new ChannelLog());
  near.write(utf8('all I say'));
  near.end();
  pair.run();
  const theirs = new ChannelLog();
  const far = questions[0]?.accept({}, theirs, TAKE) as Channel;
  far.end();
  pair.carry('server');
  expect(theirs.lines).toEqual([]);
  pair.run();
  expect(theirs.text).toBe('all I say');
  expect(theirs.lines).toEqual(['eof at 9', 'close']);
});

test('a refusal carries code and text, and frees the channel at both ends', () => {
  const pair = new MuxPair();
  pair.onServerOpen = (incoming) => incoming.refuse(7, 'connection refused');
  const ours = new ChannelLog();
  const near = pair.client.open(ASK, ours);
  near.write(utf8('too early'));
  pair.run();
  expect(ours.lines).toEqual(['refuse 7 connection refused', 'close']);
  expect([pair.client.channelCount, pair.server.channelCount]).toEqual([0, 0]);
  expect(near.write(utf8('x'))).toBe(false);
});

test('a reset carries code and text, drops what waits, and comes once', () => {
  const { pair, near, far, ours, theirs } = connected();
  far.write(utf8('never sent'));
  far.reset(8, 'disk full');
  expect(theirs.lines).toEqual(['close']);
  pair.run();
  expect(ours.lines.slice(1)).toEqual(['reset 8 disk full', 'close']);
  expect(ours.text).toBe('');
  near.reset(9, 'late');
  pair.run();
  expect(theirs.lines).toEqual(['close']);
});

test('an open that is taken back before it was sent is never sent', () => {
  const pair = new MuxPair();
  const ours = new ChannelLog();
  const near = pair.client.open(ASK, ours);
  near.write(utf8('x'));
  near.reset();
  expect(ours.lines).toEqual(['close']);
  expect(pair.run()).toEqual({ up: 0, down: 0 });
});

test('whoever answers an open that was taken back gets a channel that closes', () => {
  const pair = new MuxPair();
  const questions: IncomingOpen[] = [];
  pair.onServerOpen = (incoming) => questions.push(incoming);
  pair.client.open(ASK, new ChannelLog()).note({});
  pair.client.open(ASK, new ChannelLog());
  pair.run();
  pair.client.close();
  const [first, second] = questions as [IncomingOpen, IncomingOpen];
  pair.server.close();
  expect(first.isCancelled).toBe(true);
  const theirs = new ChannelLog();
  expect(first.accept({}, theirs, TAKE).isOpen).toBe(false);
  second.refuse(1, 'no');
  pair.clock.advance(0);
  expect(theirs.lines).toEqual(['close']);
  expect(() => second.refuse(1, 'no')).toThrow('answered already');
});

test("metadata of 4,096 bytes of JSON passes, and one more is the sender's error that leaves nothing behind", () => {
  const pair = new MuxPair();
  const seen: IncomingOpen[] = [];
  pair.onServerOpen = (incoming) => {
    expect(() => incoming.accept({ text: 'x'.repeat(4086) }, new ChannelLog(), TAKE)).toThrow(
      'metadata of 4097 bytes above 4096',
    );
    incoming.accept({ text: 'y'.repeat(4085) }, new ChannelLog(), TAKE);
    seen.push(incoming);
  };
  const metadata = { text: 'x'.repeat(4085) };
  const ours = new ChannelLog();
  pair.client.open({ ...ASK, metadata }, ours);
  expect(() => pair.client.open({ ...ASK, metadata: { text: 'x'.repeat(4086) } }, ours)).toThrow(
    'metadata of 4097 bytes above 4096',
  );
  expect(pair.client.channelCount).toBe(1);
  pair.run(1024);
  expect(seen[0]?.metadata).toEqual(metadata);
  expect(ours.lines[0]).toContain('yyyy');
});

test('a channel whose records hold less than any of its messages still carries them', () => {
  const { pair, near, theirs } = connected();
  near.note({ text: 'x'.repeat(1000) });
  near.write(utf8('after'));
  near.end();
  pair.run(3);
  expect(theirs.lines.map((line) => line.slice(0, 4))).toEqual(['note', 'eof ']);
  expect(theirs.text).toBe('after');
});

test('nothing becomes a message before it is taken, so what was written last may go first', () => {
  const { pair, near, theirs } = connected();
  const urgent = new ChannelLog();
  pair.onServerOpen = (incoming) => {
    urgent.read(incoming.accept({}, urgent, { priority: 'terminal' }));
  };
  const key = pair.client.open({ ...ASK, priority: 'terminal' }, new ChannelLog());
  pair.run();
  near.write(new Uint8Array(60_000));
  key.write(utf8('k'));
  pair.carry('client', 2000);
  expect(urgent.text).toBe('k');
  expect(theirs.byteCount).toBeLessThan(2000);
});

test('the transport is woken when a stream comes to have something, and only then', () => {
  const { pair, near } = connected();
  const before = pair.wakes.client;
  near.write(utf8('a'));
  near.write(utf8('b'));
  expect(pair.wakes.client).toBe(before + 1);
  expect(pair.client.ready).toBe(1);
  pair.run();
  expect(pair.client.ready).toBe(0);
  near.write(utf8('c'));
  expect(pair.wakes.client).toBe(before + 2);
});

test('write says when to pause, and onDrain when to go on', () => {
  const { pair, near, ours } = connected();
  expect(near.write(new Uint8Array(256 * 1024))).toBe(true);
  expect(near.write(new Uint8Array(1))).toBe(false);
  expect(near.write(new Uint8Array(1))).toBe(false);
  pair.run();
  expect(ours.lines).toEqual(['accept {"hello":1}', 'drain']);
  expect(near.write(new Uint8Array(1))).toBe(true);
  pair.run();
  expect(ours.lines).toHaveLength(2);
});

test('an owner may write from onDrain for ever', () => {
  const { pair, near, ours, theirs } = connected();
  let left = 40;
  ours.onDrain = () => {
    while (left > 0) {
      left -= 1;
      if (!near.write(new Uint8Array(200_000))) return;
    }
  };
  near.write(new Uint8Array(300_000));
  pair.run();
  expect(theirs.byteCount).toBe(300_000 + 40 * 200_000);
});

test('when the session ends every channel ends once, with the reason', () => {
  const { pair, ours, theirs, near } = connected();
  const waiting = new ChannelLog();
  pair.client.open(ASK, waiting);
  near.write(utf8('x'));
  const error = new EtError('ET_ERR_SESSION_GONE', 'the server is gone');
  pair.client.close(error);
  pair.client.close();
  expect(ours.lines.slice(1)).toEqual(['reset 0 the server is gone', 'close']);
  expect(waiting.lines).toEqual(['reset 0 the server is gone', 'close']);
  expect([pair.client.channelCount, pair.client.ready]).toEqual([0, 0]);
  expect(() => pair.client.open(ASK, ours)).toThrow(error);
  expect(pair.client.take(0, new Uint8Array(100))).toBe(0);
  expect(theirs.lines).toEqual([]);
});

test('silence, however long, never ends a channel, and no timer runs', () => {
  const { pair, near, theirs } = connected();
  for (let day = 0; day < 100; day += 1) pair.clock.advance(86_400_000);
  near.write(utf8('still there'));
  pair.run();
  expect(theirs.text).toBe('still there');
  expect(pair.clock.pending).toBe(0);
});

test('a channel of either end may live on any stream', () => {
  const pair = new MuxPair();
  const streams: number[] = [];
  pair.onServerOpen = (incoming) => {
    streams.push(incoming.stream);
    incoming.accept({}, new ChannelLog(), TAKE);
  };
  for (const stream of [7, 0, 3]) pair.client.open({ ...ASK, stream }, new ChannelLog());
  pair.run();
  expect(streams).toEqual([0, 3, 7]);
});

test.each(['onData', 'onNote', 'onEof'] as const)('the session may end from within %s', (event) => {
  const { pair, near, far, theirs } = connected();
  theirs[event] = () => pair.server.close();
  near.write(new Uint8Array(300_000));
  near.note({});
  near.end();
  pair.run();
  expect(far.isOpen).toBe(false);
  expect(theirs.lines.at(-1)).toBe('close');
  expect(pair.server.channelCount).toBe(0);
});

test('a channel may be reset, and the session ended, from within onDrain', () => {
  const { pair, near, ours } = connected();
  ours.onDrain = () => near.reset();
  near.write(new Uint8Array(300_000));
  pair.run();
  expect(pair.client.channelCount).toBe(0);
  const again = connected();
  again.ours.onDrain = () => again.pair.client.close();
  again.near.write(new Uint8Array(300_000));
  again.pair.run();
  expect(again.near.isOpen).toBe(false);
  expect(again.pair.client.take(0, new Uint8Array(9))).toBe(0);
});

test("write after end is the caller's error; after the end of the channel it is ignored", () => {
  const { near } = connected();
  near.end();
  near.end();
  expect(() => near.write(utf8('x'))).toThrow('write after end');
  near.reset();
  expect(near.write(utf8('x'))).toBe(false);
  expect(near.note({})).toBe(false);
  near.end();
  near.consumed(0);
});

test('bulk on one stream is called overdue while another stream has all the bytes', () => {
  const pair = new MuxPair();
  pair.onServerOpen = (incoming) => {
    const log = new ChannelLog();
    log.read(incoming.accept({}, log, TAKE));
  };
  const terminal = pair.client.open({ ...ASK, priority: 'terminal' }, new ChannelLog());
  const bulk = pair.client.open({ ...ASK, priority: 'bulk', stream: 1 }, new ChannelLog());
  pair.run();
  bulk.write(new Uint8Array(60_000));
  terminal.write(new Uint8Array(60_000));
  expect(pair.client.overdue).toBe(0);
  pair.client.take(0, new Uint8Array(30_000));
  expect(pair.client.overdue).toBe(2);
  pair.client.take(1, new Uint8Array(30_000));
  expect(pair.client.overdue).toBe(0);
});
