import { describe, expect, test } from 'vitest';
import { SecureLink } from '../../src/backed/secure-link.ts';
import type { SessionLink } from '../../src/backed/session-link.ts';
import { equalBytes } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import { recordCipher } from '../../src/crypto/record-cipher.ts';
import { FrameWriter } from '../../src/wire/frame-writer.ts';
import { MAX_REASSEMBLY_BYTES, MAX_RECORD_BYTES } from '../../src/wire/limits.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { arrives, WIRE, writeAll } from './both-ways.ts';
import { LINK_ID } from './link-id.ts';
import { RecordingCarrier } from './recording-carrier.ts';
import { type LinkKind, SessionEndpoint, SessionPair } from './session-pair.ts';
import { pattern } from './stream-script.ts';

const KINDS: readonly LinkKind[] = ['bytes', 'datagrams'];

/** Lets a frame that no honest peer would send go out as an authentic record of `link`. */
function forge(link: SessionLink, nowMs: number, write: (frames: FrameWriter) => void): void {
  const frames = new FrameWriter(new Uint8Array(MAX_RECORD_BYTES));
  write(frames);
  link.send(frames.bytes, true, [], nowMs);
  link.secure.flush();
}

describe.each(KINDS)('over %s', (kind) => {
  test('bytes of several streams arrive exactly, both ways, and nothing is left', () => {
    const pair = new SessionPair();
    pair.join({ kind, ...WIRE });
    writeAll(pair, 100_000);
    expect(arrives(pair, 100_000)).toBe(true);
    pair.clock.advance(1000);
    expect(pair.client.session.unacknowledgedBytes).toBe(0);
    expect(pair.server.session.unacknowledgedBytes).toBe(0);
    expect(pair.finish()).toBe(0);
  });

  test('nothing is sequenced before a link is alive, nor while none is', () => {
    const pair = new SessionPair();
    writeAll(pair, 5000);
    pair.clock.advance(60_000);
    const nexts = (): number[] =>
      pair.ends.flatMap(({ session }) => session.writers.map(({ next }) => next));
    expect(nexts().every((next) => next === 0)).toBe(true);
    const road = pair.join({ kind, ...WIRE });
    expect(arrives(pair, 5000)).toBe(true);
    road.pair.cut();
    pair.clock.advance(100);
    for (const { session } of pair.ends) for (const link of session.links) session.dropLink(link);
    const before = nexts();
    writeAll(pair, 100);
    pair.clock.advance(3_600_000);
    expect(nexts()).toEqual(before);
    expect(pair.finish()).toBe(0);
  });

  test('what a lost link carried is sent over the next one, exactly', () => {
    for (let seed = 1; seed <= 8; seed += 1) {
      const pair = new SessionPair(seed);
      writeAll(pair, 60_000);
      for (let i = 0; i < 6; i += 1) {
        const { pair: wire } = pair.join({
          kind,
          ...WIRE,
          cutOrder: { first: i % 2 === 0 ? 'a' : 'b', lagMs: 40 },
        });
        pair.clock.advance(pair.random.integer(1, 200));
        wire.cut();
      }
      pair.join({ kind, ...WIRE });
      expect(arrives(pair, 60_000)).toBe(true);
      expect(pair.finish()).toBe(0);
    }
  });

  test('an orderly end is told with its code and text, after what was written', () => {
    const pair = new SessionPair();
    pair.join({ kind, ...WIRE });
    pair.client.script.write(0, pattern(3000));
    pair.client.session.end(0, 'exit 3');
    pair.clock.advance(1000);
    expect(pair.client.end).toEqual({ kind: 'bye', by: 'us', code: 0, text: 'exit 3' });
    expect(pair.server.end).toEqual({ kind: 'bye', by: 'peer', code: 0, text: 'exit 3' });
    expect(equalBytes(pair.server.script.received(0), pattern(3000))).toBe(true);
    expect(pair.finish()).toBe(0);
  });

  test('a failure of the session ends both ends, once, and the peer learns why', () => {
    const pair = new SessionPair();
    pair.join({ kind, ...WIRE });
    pair.server.script.onReceive = () => {
      throw new EtError('ET_ERR_MESSAGE', 'unknown message type 99');
    };
    pair.client.script.write(0, pattern(10));
    pair.clock.advance(1000);
    expect(pair.server.end).toMatchObject({ kind: 'failed', error: { code: 'ET_ERR_MESSAGE' } });
    expect(pair.client.end).toMatchObject({ by: 'peer', code: 1, text: 'unknown message type 99' });
    expect(pair.server.script.receivedBytes(0)).toBe(10);
    expect(pair.finish()).toBe(0);
  });

  test('a failure in the middle of delivered bytes ends the session, whatever scope it claims', () => {
    const pair = new SessionPair();
    pair.join({ kind, ...WIRE });
    pair.server.script.onReceive = () => {
      throw new EtError('ET_ERR_CARRIER', 'a forward was reset');
    };
    pair.client.script.write(0, pattern(10));
    pair.clock.advance(1000);
    expect(pair.server.end).toMatchObject({ kind: 'failed', error: { code: 'ET_ERR_CARRIER' } });
    expect(pair.client.end).toMatchObject({ by: 'peer', code: 1 });
    expect(pair.finish()).toBe(0);
  });

  test('a bug in what it carries ends the session and not the process', () => {
    const pair = new SessionPair();
    pair.join({ kind, ...WIRE });
    pair.server.script.onReceive = () => {
      throw new TypeError('oops');
    };
    pair.client.script.write(1, pattern(10));
    pair.clock.advance(1000);
    expect(pair.server.end).toMatchObject({ error: { code: 'ET_ERR_INTERNAL' } });
    const other = new SessionPair();
    other.join({ kind, ...WIRE });
    other.client.script.take = () => {
      throw new TypeError('oops');
    };
    other.client.script.write(1, pattern(10));
    other.clock.advance(1000);
    expect(other.client.end).toMatchObject({ error: { code: 'ET_ERR_INTERNAL' } });
    expect([pair.finish(), other.finish()]).toEqual([0, 0]);
  });

  test.each<[string, string, (frames: FrameWriter, link: SessionLink) => void]>([
    [
      'acknowledges a record that was never sent',
      'ET_ERR_ACK',
      (frames, link) => frames.ack(link.id, 0, [{ smallest: 1000, largest: 1000 }]),
    ],
    [
      'has received what was never sent',
      'ET_ERR_RESUME',
      (frames) => frames.resume([{ stream: 0, next: 1, ranges: [] }]),
    ],
    [
      'has received a range that was never sent',
      'ET_ERR_RESUME',
      (frames) => frames.resume([{ stream: 3, next: 0, ranges: [{ start: 7, end: 9 }] }]),
    ],
    [
      'sends bytes beyond what is reassembled',
      'ET_ERR_STREAM_LIMIT',
      (frames) => frames.stream(0, MAX_REASSEMBLY_BYTES, pattern(1)),
    ],
    [
      'sends an unknown frame',
      'ET_ERR_FRAME',
      (frames) => {
        frames.ping();
        frames.bytes[0] = 0x77;
      },
    ],
  ])('a peer that %s loses that link and nothing else', (_what, code, write) => {
    const pair = new SessionPair();
    const { link } = pair.join({ kind, ...WIRE });
    pair.clock.advance(500);
    forge(link, pair.clock.now(), (frames) => write(frames, link));
    pair.clock.advance(100);
    expect(pair.server.log).toEqual(['joined 1', `lost 1 ${code}`]);
    expect(pair.server.end).toBe(undefined);
    pair.client.session.dropLink(link);
    writeAll(pair, 1000);
    pair.join({ kind, ...WIRE });
    expect(arrives(pair, 1000)).toBe(true);
    expect(pair.finish()).toBe(0);
  });

  test('an acknowledgement of a link that is gone is ignored', () => {
    const pair = new SessionPair();
    const { link } = pair.join({ kind, ...WIRE });
    forge(link, pair.clock.now(), (frames) =>
      frames.ack(99, 0, [{ smallest: 1000, largest: 1000 }]),
    );
    pair.clock.advance(100);
    expect(pair.server.log).toEqual(['joined 1']);
    expect(pair.finish()).toBe(0);
  });

  test('an idle hour costs at most 130 packets, in datagrams 300, and is not suspected', () => {
    const pair = new SessionPair();
    const { link } = pair.join({ kind, ...WIRE });
    const back = pair.server.session.links.get(link.id);
    pair.clock.advance(3_600_000);
    const most = kind === 'bytes' ? 130 : 300;
    expect(link.sent.next + (back?.sent.next ?? 0)).toBeLessThanOrEqual(most);
    expect(link.sent.next).toBeGreaterThan(55);
    expect(pair.client.log).toEqual(['joined 1']);
    expect(pair.server.log).toEqual(['joined 1']);
    expect(pair.finish()).toBe(0);
  });

  test('the client alone probes, 1, 2, 4 .. 64 s after the last traffic, in datagrams 25 s', () => {
    const pair = new SessionPair();
    const { link } = pair.join({ kind, aToB: {}, bToA: {} });
    pair.client.script.write(0, pattern(10));
    pair.clock.advance(500);
    const startedMs = pair.clock.now();
    const atSeconds: number[] = [];
    let before = link.sent.next;
    while (pair.clock.now() - startedMs < 300_000) {
      pair.clock.step();
      if (link.sent.next > before)
        atSeconds.push(Math.round((pair.clock.now() - startedMs) / 1000));
      before = link.sent.next;
    }
    const gaps = atSeconds.map((at, i) => at - (atSeconds[i - 1] ?? 0));
    const ever = kind === 'bytes' ? [32, 64, 64, 64] : [25, 25, 25, 25];
    expect(gaps.slice(1, 9)).toEqual([2, 4, 8, 16, ...ever]);
    expect(pair.finish()).toBe(0);
  });

  test.each(['client', 'server'] as const)(
    'anything that the %s sends makes the next probe come soon again',
    (side) => {
      const pair = new SessionPair();
      const { link } = pair.join({ kind, aToB: {}, bToA: {} });
      pair.clock.advance(300_000);
      pair[side].script.write(0, pattern(10));
      pair.clock.advance(500);
      const before = link.sent.next;
      pair.clock.advance(600);
      expect(link.sent.next).toBe(before + 1);
      expect(pair.finish()).toBe(0);
    },
  );

  test('there is no keepalive while data flows, in whichever direction', () => {
    for (const side of ['client', 'server'] as const) {
      const pair = new SessionPair();
      const { link } = pair.join({ kind, ...WIRE });
      pair.clock.advance(500);
      const countBefore = link.sent.next;
      for (let i = 0; i < 100; i += 1) {
        pair[side].script.write(0, pattern(10, 10 * i));
        pair.clock.advance(900);
      }
      expect(link.sent.next - countBefore).toBe(100);
      expect(pair.finish()).toBe(0);
    }
  });
});

test('a datagram that comes again draws no other answer', () => {
  const clock = new VirtualClock();
  const end = new SessionEndpoint('server', clock);
  const carrier = new RecordingCarrier('datagrams');
  const [up, down] = [pattern(32), pattern(32, 32)];
  const keys = {
    linkId: LINK_ID,
    sealer: recordCipher.newSealer(down),
    opener: recordCipher.newOpener(up),
  };
  const secure = new SecureLink(1, carrier, keys, 0);
  carrier.start(secure);
  end.session.addLink(secure);
  const peer = new RecordingCarrier('datagrams');
  const peerKeys = {
    linkId: LINK_ID,
    sealer: recordCipher.newSealer(up),
    opener: recordCipher.newOpener(down),
  };
  const peerLink = new SecureLink(1, peer, peerKeys, 0);
  peerLink.seal(0, Uint8Array.of(0x01));
  const ping = peer.takeWritten();
  clock.advance(100);
  carrier.takeWrites();
  carrier.feed(ping);
  clock.advance(100);
  expect(carrier.takeWrites().length).toBe(1);
  for (let i = 0; i < 5; i += 1) {
    carrier.feed(ping);
    clock.advance(20);
  }
  expect(carrier.takeWrites().length).toBe(0);
  end.session.end(0, '');
  clock.advance(0);
  expect(clock.pending).toBe(0);
});

test('a link with the number of one that is there is refused', () => {
  const pair = new SessionPair();
  pair.join();
  const carrier = new RecordingCarrier();
  const keys = {
    linkId: LINK_ID,
    sealer: recordCipher.newSealer(pattern(32)),
    opener: recordCipher.newOpener(pattern(32)),
  };
  pair.client.session.addLink(new SecureLink(1, carrier, keys, 0));
  expect(carrier.state).toBe('reset');
  expect(pair.client.session.links.count).toBe(1);
  expect(pair.finish()).toBe(0);
});

test('a link that was lost before it could join is told as joined, then lost', () => {
  const clock = new VirtualClock();
  const end = new SessionEndpoint('client', clock);
  const carrier = new RecordingCarrier();
  const keys = {
    linkId: LINK_ID,
    sealer: recordCipher.newSealer(pattern(32)),
    opener: recordCipher.newOpener(pattern(32)),
  };
  const secure = new SecureLink(4, carrier, keys, 0);
  carrier.start(secure);
  carrier.feedEnd(new EtError('ET_ERR_CARRIER', 'reset'));
  end.session.addLink(secure);
  expect(end.log).toEqual(['joined 4', 'lost 4 ET_ERR_CARRIER']);
  expect(end.session.links.count).toBe(0);
});

test('a session that is over takes no link', () => {
  const pair = new SessionPair();
  pair.client.session.end(0, '');
  const { pair: wire } = pair.connect();
  pair.clock.advance(100);
  expect(pair.client.session.links.count).toBe(0);
  expect(pair.server.session.links.count).toBe(0);
  expect(wire.a.queuedBytes).toBe(0);
  expect(pair.finish()).toBe(0);
});
