import { beforeEach, describe, expect, test } from 'vitest';
import { concatBytes, EMPTY_BYTES, fromHex, toHex, utf8 } from '../../src/base/bytes.ts';
import { DatagramExchange } from '../../src/router/datagram-exchange.ts';
import type { DatagramWay } from '../../src/router/datagram-way.ts';
import { DEFAULT_ROUTER_LIMITS } from '../../src/router/router-limits.ts';
import { encodeFrameLength, FrameCutter } from '../../src/wire/frame-cutter.ts';
import { MAX_ROUTED_DATAGRAM_BYTES, WAY_LIFE_MS } from '../../src/wire/limits.ts';
import { decodeRoutedDatagram, encodeLinkId, encodeSend } from '../../src/wire/routed-frames.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { FakeEnd } from './fake-end.ts';

const ROUTES = { one: 'a1'.repeat(16), two: 'b2'.repeat(16) };

class Way implements DatagramWay {
  readonly label: string;
  readonly host: string;
  readonly maxDatagramBytes = 1472;
  readonly #sent: (readonly Uint8Array[])[] = [];

  constructor(label: string) {
    this.label = label;
    this.host = label.split(':')[0] ?? '';
  }

  /** The pieces are its own: it may look at them whenever it likes. */
  get sent(): string[] {
    return this.#sent.map((pieces) => Buffer.from(concatBytes(pieces)).toString());
  }

  send(pieces: readonly Uint8Array[]): void {
    this.#sent.push(pieces);
  }
}

/** A datagram that has come to a session server. */
interface Got {
  readonly number: number;
  readonly label: string;
  readonly bytes: number;
  readonly first: number | undefined;
}

/** A session server, as a test plays it. */
class Server {
  readonly uid: number;
  socket = new FakeEnd();
  #seen = 0;

  constructor(uid: number) {
    this.uid = uid;
  }

  say(...frames: Uint8Array[]): void {
    this.socket.say(concatBytes(frames.flatMap((each) => [encodeFrameLength(each.length), each])));
  }

  send(way: number, text: string): void {
    this.say(concatBytes([encodeSend(way), utf8(text)]));
  }

  /** What has come since the last question. */
  take(): Got[] {
    const got: Got[] = [];
    const { written } = this.socket;
    new FrameCutter().read(written.subarray(this.#seen), (frame) => {
      const read = decodeRoutedDatagram(frame);
      if (read === undefined) return false;
      const { number, label, largestBytes, host } = read.readWay();
      expect([largestBytes, host]).toEqual([1472, label.split(':')[0]]);
      got.push({ number, label, bytes: read.datagram.length, first: read.datagram[0] });
      return true;
    });
    this.#seen = written.length;
    return got;
  }
}

function hello(route: string, length = 1200): Uint8Array {
  const head = concatBytes([
    Uint8Array.of(0x45, 0x56, 0x54, 0x4d, 1, 1),
    fromHex(route) ?? EMPTY_BYTES,
  ]);
  return concatBytes([head, new Uint8Array(length - head.length)]);
}

function linkId(last: number): Uint8Array {
  return Uint8Array.of(0xc1, 2, 3, 4, 5, 6, 7, last);
}

function record(last: number, length = 60): Uint8Array {
  return concatBytes([linkId(last), new Uint8Array(length - 8)]);
}

let clock: VirtualClock;
let exchange: DatagramExchange<Server>;
let one: Server;
let two: Server;

beforeEach(() => {
  clock = new VirtualClock();
  one = new Server(1);
  two = new Server(2);
  const owners = new Map([
    [ROUTES.one, one],
    [ROUTES.two, two],
  ]);
  exchange = new DatagramExchange<Server>(
    { clock, random: new SeededRandom(1), limits: DEFAULT_ROUTER_LIMITS },
    (id) => owners.get(id),
  );
  for (const server of [one, two]) {
    exchange.take(server.socket, exchange.tokenFor(server), EMPTY_BYTES);
  }
});

function receive(datagram: Uint8Array, from: DatagramWay): void {
  const lent = datagram.slice();
  exchange.receive(lent, from);
  lent.fill(0xff);
  clock.advance(0);
}

test('a hello goes to the session server of its route, and the answer where the hello came from', () => {
  const [way, other] = [new Way('10.0.0.9:1'), new Way('10.0.0.9:2')];
  receive(hello(ROUTES.one), way);
  receive(hello(ROUTES.two, 256), other);
  const [got] = one.take();
  expect(got).toMatchObject({ label: '10.0.0.9:1', bytes: 1200, first: 0x45 });
  expect(two.take()).toMatchObject([{ label: '10.0.0.9:2', bytes: 256 }]);
  one.send(got?.number ?? 0, 'answer');
  expect([way.sent, other.sent]).toEqual([['answer'], []]);
});

test('a record goes to who has registered its link, wherever it comes from, and to nobody once it is taken back', () => {
  one.say(encodeLinkId(linkId(1), true));
  two.say(encodeLinkId(linkId(2), true));
  receive(record(1), new Way('a:1'));
  receive(record(1), new Way('b:7'));
  receive(record(2), new Way('a:1'));
  receive(record(3), new Way('a:1'));
  expect(one.take().map(({ label }) => label)).toEqual(['a:1', 'b:7']);
  expect(two.take().map(({ label }) => label)).toEqual(['a:1']);
  one.say(encodeLinkId(linkId(1), false));
  receive(record(1), new Way('a:1'));
  expect(one.take()).toEqual([]);
});

test('a session server sends only where something was heard for it, and within 60 s', () => {
  const way = new Way('a:1');
  receive(hello(ROUTES.one), way);
  const [got] = one.take();
  two.send(got?.number ?? 0, 'not yours');
  clock.advance(WAY_LIFE_MS);
  one.send(got?.number ?? 0, 'in time');
  clock.advance(1);
  one.send(got?.number ?? 0, 'late');
  expect(way.sent).toEqual(['in time']);
  expect(exchange.counters).toMatchObject({ toClients: 1, dropped: 2 });
});

test('who has a link keeps it: another user of the machine gets nothing of it by naming it too', () => {
  one.say(encodeLinkId(linkId(1), true));
  two.say(encodeLinkId(linkId(1), true));
  two.say(encodeLinkId(linkId(1), false));
  receive(record(1), new Way('a:1'));
  expect([one.take().length, two.take().length]).toEqual([1, 0]);
});

describe('leaves nothing behind', () => {
  test.each<[string, Uint8Array]>([
    ['an empty datagram', EMPTY_BYTES],
    ['a hello of an unknown route', hello('c3'.repeat(16))],
    ['a hello that is too short', hello(ROUTES.one, 255)],
    ['a hello that is too long', hello(ROUTES.one, 1401)],
    ['a hello of another version', hello(ROUTES.one).fill(2, 4, 5)],
    ['a record of an unknown link', record(9)],
    ['seven bytes of a link id', linkId(1).subarray(0, 7)],
    ['a record beyond what is handed on', record(1, MAX_ROUTED_DATAGRAM_BYTES + 1)],
    ['what is neither', new Uint8Array(100).fill(0x33)],
  ])('%s', (_, datagram) => {
    one.say(encodeLinkId(linkId(1), true));
    const way = new Way('a:1');
    for (let i = 0; i < 1000; i += 1) receive(datagram, way);
    expect([one.take(), two.take(), way.sent]).toEqual([[], [], []]);
    expect(exchange.counters).toMatchObject({ addresses: 0, strange: 1000, toServers: 0 });
    expect(clock.pending).toBe(0);
  });

  test('a session server that is registered no more: its routes, links, ways and its connection are gone', () => {
    one.say(encodeLinkId(linkId(1), true));
    receive(record(1), new Way('a:1'));
    const token = exchange.tokenFor(one);
    exchange.forget(one);
    expect(one.socket.isReset).toBe(true);
    expect(exchange.counters).toMatchObject({ links: 0, addresses: 0 });
    receive(hello(ROUTES.one), new Way('a:1'));
    const again = new FakeEnd();
    exchange.take(again, token, EMPTY_BYTES);
    expect(again.isReset).toBe(true);
    expect(exchange.counters).toMatchObject({ links: 0, addresses: 0 });
  });
});

test('of a flood of hellos 2,000 a second are handed on, and the records of the same server all', () => {
  one.say(encodeLinkId(linkId(1), true));
  for (let second = 0; second < 3; second += 1) {
    for (let i = 0; i < 10_000; i += 1) {
      receive(hello(ROUTES.one, 256), new Way(`flood:${i}`));
      if (i % 10 === 0) receive(record(1), new Way('a:1'));
      clock.advance(0.1);
    }
    const got = one.take();
    expect(got.filter(({ bytes }) => bytes === 60)).toHaveLength(1000);
    expect(got.length).toBeLessThanOrEqual(1000 + 2500);
  }
});

test('one that is slow loses what is for it, in bounded memory, and the other loses nothing', () => {
  one.say(encodeLinkId(linkId(1), true));
  two.say(encodeLinkId(linkId(2), true));
  one.socket.isStuck = true;
  for (let i = 0; i < 2000; i += 1) {
    receive(record(1, 1200), new Way('a:1'));
    receive(record(2, 1200), new Way('b:1'));
  }
  expect(one.socket.queuedBytes).toBeLessThan(264_000);
  expect(two.take()).toHaveLength(2000);
  expect(exchange.counters.dropped).toBeGreaterThan(1700);
  one.socket.queuedBytes = 0;
  one.socket.isStuck = false;
  const before = one.take().length;
  receive(record(1), new Way('a:1'));
  expect([before < 250, one.take().length]).toEqual([true, 1]);
});

test('of what comes at once no more than 256 KiB is kept', () => {
  one.say(encodeLinkId(linkId(1), true));
  for (let i = 0; i < 400; i += 1) exchange.receive(record(1, 1200), new Way('a:1'));
  clock.advance(0);
  expect(one.take().length).toBeLessThan(220);
});

test('datagrams that come together leave together', () => {
  one.say(encodeLinkId(linkId(1), true));
  for (let i = 0; i < 20; i += 1) exchange.receive(record(1), new Way('a:1'));
  expect(one.socket.written).toHaveLength(0);
  clock.advance(0);
  expect(one.take()).toHaveLength(20);
});

describe('the connection of a session server', () => {
  test('ends at what is no frame, and with it what it has registered', () => {
    one.say(encodeLinkId(linkId(1), true), Uint8Array.of(9), encodeLinkId(linkId(2), true));
    expect(one.socket.isReset).toBe(true);
    expect(exchange.counters).toMatchObject({ links: 0, addresses: 0 });
    receive(hello(ROUTES.one), new Way('a:1'));
    expect(exchange.counters).toMatchObject({ toServers: 0, addresses: 0 });
  });

  test('is replaced by the next that shows the token, which registers its links itself', () => {
    one.say(encodeLinkId(linkId(1), true));
    const earlier = one.socket;
    one.socket = new FakeEnd();
    const frame = encodeLinkId(linkId(2), true);
    const rest = concatBytes([encodeFrameLength(frame.length), frame]);
    exchange.take(one.socket, exchange.tokenFor(one), rest);
    expect(earlier.isReset).toBe(true);
    expect(exchange.counters.links).toBe(1);
    receive(record(2), new Way('a:1'));
    expect(one.take()).toHaveLength(1);
  });

  test('is not had by a token that nobody was told', () => {
    const stranger = new FakeEnd();
    exchange.take(stranger, toHex(new Uint8Array(16)), EMPTY_BYTES);
    expect(stranger.isReset).toBe(true);
    expect(one.socket.isReset).toBe(false);
  });
});
