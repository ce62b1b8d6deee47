import { describe, expect, test } from 'vitest';
import { SecureLink } from '../../src/backed/secure-link.ts';
import type { SessionLink } from '../../src/backed/session-link.ts';
import { equalBytes } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import { recordCipher } from '../../src/crypto/record-cipher.ts';
import { FrameWriter } from '../../src/wire/frame-writer.ts';
import { MAX_LINKS, MAX_REASSEMBLY_BYTES, MAX_RECORD_BYTES } from '../../src/wire/limits.ts';
import type { MemoryPair } from '../support/memory-link.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { cheapCrypto } from './cheap-crypto.ts';
import { RecordingCarrier } from './recording-carrier.ts';
import { type LinkKind, SessionEndpoint, SessionPair } from './session-pair.ts';
import { pattern } from './stream-script.ts';

const DELAY = { delayMs: 25 };
const WIRE = { aToB: DELAY, bToA: DELAY } as const;
const KINDS: readonly LinkKind[] = ['bytes', 'datagrams'];

/** A clock that can jump, as a machine's does that slept: timers then fire late. */
class SleepyClock extends VirtualClock {
  #sleptMs = 0;

  override now(): number {
    return super.now() + this.#sleptMs;
  }

  sleep(ms: number): void {
    this.#sleptMs += ms;
  }
}

/** Whether everything that was written, `bytes` on each of two streams in each direction, has arrived. */
function isExact(pair: SessionPair, bytes: number): boolean {
  return pair.ends.every(({ script }) =>
    [0, 1].every((stream) => equalBytes(script.received(stream), pattern(bytes, stream * 1000))),
  );
}

/** Lets time pass until as much has arrived; whether it is exact. */
function arrives(pair: SessionPair, bytes: number, maxMs = 60_000): boolean {
  pair.runUntil(
    () => pair.ends.every(({ script }) => [0, 1].every((n) => script.receivedBytes(n) >= bytes)),
    maxMs,
  );
  return isExact(pair, bytes);
}

function writeAll(pair: SessionPair, bytes: number): void {
  for (const { script } of pair.ends)
    for (const stream of [0, 1]) script.write(stream, pattern(bytes, stream * 1000));
}

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

  test('an idle hour costs at most 130 packets, and is not suspected', () => {
    const pair = new SessionPair();
    const { link } = pair.join({ kind, ...WIRE });
    const back = pair.server.session.links.get(link.id);
    pair.clock.advance(3_600_000);
    expect(link.sent.next + (back?.sent.next ?? 0)).toBeLessThanOrEqual(130);
    expect(link.sent.next).toBeGreaterThan(55);
    expect(pair.client.log).toEqual(['joined 1']);
    expect(pair.server.log).toEqual(['joined 1']);
    expect(pair.finish()).toBe(0);
  });

  test('the client alone probes, 1, 2, 4 .. 64 s after the last traffic', () => {
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
    expect(gaps.slice(1, 9)).toEqual([2, 4, 8, 16, 32, 64, 64, 64]);
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

describe('a link that is cut after any byte loses and repeats nothing:', () => {
  const MESSAGES = 12;

  /** Both ends write small messages while the link lives; then more; then links come until all has arrived. */
  function cutAt(
    cuts: readonly { readonly direction: 'aToB' | 'bToA'; readonly afterBytes: number }[],
  ): { readonly pair: SessionPair; readonly wasCut: boolean } {
    const pair = new SessionPair(3, cheapCrypto);
    let written = 0;
    const write = (count: number): void => {
      for (let i = 0; i < count; i += 1) {
        for (const { script } of pair.ends)
          for (const stream of [0, 1])
            script.write(stream, pattern(9, stream * 1000 + 9 * written));
        written += 1;
        pair.clock.advance(3);
      }
    };
    let wasCut = false;
    for (const { direction, afterBytes } of cuts) {
      const { pair: wire } = pair.connect({
        [direction]: { cutAfterBytes: afterBytes, delayMs: 4 },
        cutOrder: { first: afterBytes % 2 === 0 ? 'a' : 'b', lagMs: 10 },
      });
      pair.clock.advance(15);
      write(MESSAGES / cuts.length);
      pair.clock.advance(300);
      wasCut = wire.deliveredBytes(direction) >= afterBytes;
      for (const { session } of pair.ends) for (const link of session.links) session.dropLink(link);
    }
    pair.join();
    if (!arrives(pair, 9 * written, 10_000)) throw new Error('not exact');
    return { pair, wasCut };
  }

  test.each(['aToB', 'bToA'] as const)(
    'in the handshake and the first records, %s',
    (direction) => {
      let afterBytes = 1;
      for (; ; afterBytes += afterBytes < 1380 ? 13 : 1) {
        const { pair, wasCut } = cutAt([{ direction, afterBytes }]);
        expect(pair.finish()).toBe(0);
        if (!wasCut) break;
      }
      expect(afterBytes).toBeGreaterThan(1400 + 300);
    },
  );

  test.each(['aToB', 'bToA'] as const)('in the replay, %s', (direction) => {
    let afterBytes = 1390;
    for (; ; afterBytes += 1) {
      const { pair, wasCut } = cutAt([
        { direction: 'bToA', afterBytes: 1460 },
        { direction, afterBytes },
      ]);
      expect(pair.finish()).toBe(0);
      if (!wasCut) break;
    }
    expect(afterBytes).toBeGreaterThan(1400 + 200);
  });

  test.each(['aToB', 'bToA'] as const)('in the replay of the replay, %s', (direction) => {
    let afterBytes = 1390;
    for (; ; afterBytes += 1) {
      const { pair, wasCut } = cutAt([
        { direction: 'aToB', afterBytes: 1470 },
        { direction: 'bToA', afterBytes: 1480 },
        { direction, afterBytes },
      ]);
      expect(pair.finish()).toBe(0);
      if (!wasCut) break;
    }
    expect(afterBytes).toBeGreaterThan(1400 + 200);
  });
});

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

  test('a wish that a datagram lost is said again', () => {
    const pair = new SessionPair();
    const first = pair.join({ kind: 'datagrams', ...WIRE });
    pair.join({ kind: 'datagrams', ...WIRE });
    pair.clock.advance(300);
    first.pair.set('aToB', { loss: 1 });
    pair.client.session.prefer(first.link);
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
    expect(pair.server.log).toEqual(['joined 1', 'joined 2', 'suspect 1']);
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
    // The first link takes a part and then is still; its silence is noticed only after a second.
    pair.client.script.write(1, new Uint8Array(48 * 1024 * 1024));
    pair.clock.advance(10);
    first.pair.hold('both');
    const second = pair.client.session.links.get(2);
    if (second !== undefined) pair.client.session.prefer(second);
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

describe('sending', () => {
  test('gives way after 256 KiB, so that the peer works meanwhile', () => {
    const pair = new SessionPair();
    pair.client.script.isKeeping = false;
    pair.server.script.isKeeping = false;
    pair.join();
    pair.client.script.write(1, new Uint8Array(64 * 1024 * 1024));
    // Long enough for startup to have opened the window.
    pair.runUntil(() => pair.server.script.receivedBytes(1) > 32 * 1024 * 1024);
    let most = 0;
    let before = pair.client.session.writers[1]?.next ?? 0;
    while (before < 60 * 1024 * 1024) {
      pair.clock.step();
      const next = pair.client.session.writers[1]?.next ?? 0;
      most = Math.max(most, next - before);
      before = next;
    }
    expect(most).toBeGreaterThan(100_000);
    expect(most).toBeLessThanOrEqual(262_144 + MAX_RECORD_BYTES);
    expect(pair.finish()).toBe(0);
  });

  test('goes on after input and output had their turn, without waiting for the peer', () => {
    const pair = new SessionPair(1, cheapCrypto);
    pair.server.script.isKeeping = false;
    const { link } = pair.join(WIRE);
    pair.client.script.write(1, new Uint8Array(64 * 1024 * 1024));
    pair.runUntil(() => link.room(true) + link.sent.inFlightBytes > 4 * 1024 * 1024);
    pair.runUntil(() => link.sent.inFlightBytes === 0 && pair.client.script.ready === 0);
    const before = pair.client.session.writers[1]?.next ?? 0;
    pair.client.script.write(1, new Uint8Array(2 * 1024 * 1024));
    pair.clock.advance(40);
    expect((pair.client.session.writers[1]?.next ?? 0) - before).toBeGreaterThan(1024 * 1024);
    expect(pair.finish()).toBe(0);
  });

  test('a key on stream 0 does not wait behind bulk on stream 1', () => {
    const pair = new SessionPair();
    pair.server.script.isKeeping = false;
    const line = { delayMs: 50, bytesPerSecond: 1e6 };
    pair.join({ aToB: line, bToA: line });
    pair.client.script.write(1, new Uint8Array(20e6));
    pair.clock.advance(4000);
    const delaysMs: number[] = [];
    for (let key = 1; key <= 60; key += 1) {
      pair.clock.advance(pair.random.integer(30, 90));
      const pressedMs = pair.clock.now();
      pair.client.script.write(0, pattern(1));
      pair.runUntil(() => pair.server.script.receivedBytes(0) === key);
      delaysMs.push(pair.clock.now() - pressedMs);
    }
    delaysMs.sort((a, b) => a - b);
    // The line moves bytes in steps of 20 ms when it is busy: a key waits for one and travels with the next.
    expect(delaysMs[30]).toBeLessThan(50 + 45);
    expect(delaysMs[57]).toBeLessThan(50 + 40 + 50);
    expect(pair.server.script.receivedBytes(1)).toBeGreaterThan(5e6);
    expect(pair.finish()).toBe(0);
  });

  test('a flood on stream 0 is paced like any other', () => {
    const pair = new SessionPair();
    pair.client.script.isKeeping = false;
    const line = { delayMs: 25, bytesPerSecond: 125_000 };
    const { link } = pair.join({ aToB: line, bToA: line });
    pair.server.script.write(0, new Uint8Array(5e6));
    pair.clock.advance(5000);
    const back = pair.server.session.links.get(link.id);
    const inFlight: number[] = [];
    const before = { bytes: pair.client.script.receivedBytes(0), records: back?.sent.next ?? 0 };
    for (let i = 0; i < 200; i += 1) {
      pair.clock.advance(25);
      inFlight.push(back?.sent.inFlightBytes ?? 0);
    }
    inFlight.sort((a, b) => a - b);
    // 50 ms at 125 bytes per ms are 6,250; with the acknowledgements' delay and the line's steps of 20 ms.
    expect(inFlight[100]).toBeLessThan(16_000);
    expect(inFlight[199]).toBeLessThan(21_000);
    expect(pair.client.script.receivedBytes(0)).toBeGreaterThan(0.9 * 10 * 125_000);
    // ... and not in crumbs.
    const bytes = pair.client.script.receivedBytes(0) - before.bytes;
    expect(bytes / ((back?.sent.next ?? 0) - before.records)).toBeGreaterThan(800);
    expect(pair.finish()).toBe(0);
  });

  test('a stream that is overdue is served a little before the others', () => {
    const pair = new SessionPair();
    pair.server.script.isKeeping = false;
    const line = { delayMs: 10, bytesPerSecond: 1e6 };
    pair.join({ aToB: line, bToA: line });
    pair.client.script.write(0, new Uint8Array(50e6));
    pair.client.script.write(1, new Uint8Array(50e6));
    pair.clock.advance(2000);
    expect(pair.server.script.receivedBytes(1)).toBe(0);
    pair.client.script.overdue = 0b10;
    pair.clock.advance(2000);
    const first = pair.server.script.receivedBytes(0);
    expect(pair.server.script.receivedBytes(1)).toBeGreaterThan(100_000);
    expect(pair.server.script.receivedBytes(1)).toBeLessThan(first);
    expect(pair.finish()).toBe(0);
  });
});

test('a datagram that comes again draws no other answer', () => {
  const clock = new VirtualClock();
  const end = new SessionEndpoint('server', clock);
  const carrier = new RecordingCarrier('datagrams');
  const [up, down] = [pattern(32), pattern(32, 32)];
  const keys = { sealer: recordCipher.newSealer(down), opener: recordCipher.newOpener(up) };
  const secure = new SecureLink(1, carrier, keys, 0);
  carrier.start(secure);
  end.session.addLink(secure);
  const peer = new RecordingCarrier('datagrams');
  const peerKeys = { sealer: recordCipher.newSealer(up), opener: recordCipher.newOpener(down) };
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
