import { beforeEach, expect, test } from 'vitest';
import { concatBytes } from '../../src/base/bytes.ts';
import { DatagramHub, type HubPath } from '../../src/etserver/datagram-hub.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const HELLO_HEAD = Uint8Array.of(0x45, 0x56, 0x54, 0x4d, 1, 1);

class Path implements HubPath {
  readonly label: string;
  readonly host = '10.0.0.9';
  readonly sent: Uint8Array[] = [];

  constructor(label: string) {
    this.label = label;
  }

  send(pieces: readonly Uint8Array[]): void {
    this.sent.push(concatBytes(pieces));
  }
}

let clock: VirtualClock;
let hub: DatagramHub;
let carriers: Carrier[];
let ids: [string, boolean][];
let got: [string, string | undefined][];

beforeEach(() => {
  clock = new VirtualClock();
  carriers = [];
  ids = [];
  got = [];
  hub = new DatagramHub(clock, {
    onCarrier: (carrier) => {
      const name = `carrier ${carriers.length}`;
      carriers.push(carrier);
      carrier.start({
        onBytes: (bytes, from) => got.push([`${name}: ${bytes.length}`, from?.label]),
        onClose: () => undefined,
      });
    },
    onLinkId: (id, isOurs) => ids.push([Buffer.from(id).toString('hex'), isOurs]),
  });
});

function hello(length = 1200): Uint8Array {
  return concatBytes([HELLO_HEAD, new Uint8Array(length - HELLO_HEAD.length)]);
}

function idOf(last: number): Uint8Array {
  return Uint8Array.of(0xc1, 2, 3, 4, 5, 6, 7, last);
}

function record(id: Uint8Array, length = 60): Uint8Array {
  return concatBytes([id, new Uint8Array(length - id.length)]);
}

test('a hello begins a carrier, and is its first datagram; its answer goes where it came from', () => {
  const path = new Path('udp a');
  hub.receive(hello(), path);
  expect(got).toEqual([['carrier 0: 1200', 'udp a']]);
  carriers[0]?.write([Uint8Array.of(1), Uint8Array.of(2, 3)]);
  expect(path.sent).toEqual([Uint8Array.of(1, 2, 3)]);
  expect(carriers[0]?.label).toBe('udp a');
});

test('what is no hello begins none, and no record does whose link is unknown', () => {
  const path = new Path('udp a');
  for (const length of [0, 1, 8, 60, 255, 1401, 9000]) {
    hub.receive(hello(Math.max(length, 6)).subarray(0, length), path);
    hub.receive(new Uint8Array(length).fill(0xff), path);
    hub.receive(new Uint8Array(length), path);
  }
  for (let at = 0; at < 5; at += 1) {
    const changed = hello();
    changed[at] = (changed[at] ?? 0) ^ 2;
    hub.receive(changed, path);
  }
  expect(carriers.length).toBe(0);
});

test('a record finds its carrier by its link id, wherever it comes from', () => {
  const [a, b] = [new Path('udp a'), new Path('udp b')];
  hub.receive(hello(), a);
  hub.receive(hello(), a);
  carriers[0]?.identify?.(idOf(1));
  carriers[1]?.identify?.(idOf(2));
  got = [];
  hub.receive(record(idOf(2)), b);
  hub.receive(record(idOf(1)), b);
  hub.receive(record(idOf(3)), b);
  expect(got).toEqual([
    ['carrier 1: 60', 'udp b'],
    ['carrier 0: 60', 'udp b'],
  ]);
});

test('a carrier sends where it did until its owner moves it', () => {
  const [a, b] = [new Path('udp a'), new Path('udp b')];
  hub.receive(hello(), a);
  const [carrier] = carriers;
  carrier?.identify?.(idOf(1));
  hub.receive(record(idOf(1)), b);
  carrier?.write([Uint8Array.of(1)]);
  carrier?.paths?.sendTo(b, Uint8Array.of(2));
  expect([a.sent.length, b.sent.length]).toEqual([1, 1]);
  carrier?.paths?.use(b);
  carrier?.write([Uint8Array.of(3)]);
  expect(b.sent).toEqual([Uint8Array.of(2), Uint8Array.of(3)]);
  expect(carrier?.paths?.current).toBe(b);
});

test('a carrier that is over is forgotten, says nothing, and hears nothing', () => {
  const path = new Path('udp a');
  hub.receive(hello(), path);
  carriers[0]?.identify?.(idOf(1));
  carriers[0]?.reset();
  carriers[0]?.close();
  got = [];
  hub.receive(record(idOf(1)), path);
  carriers[0]?.write([Uint8Array.of(1)]);
  carriers[0]?.paths?.sendTo(path, Uint8Array.of(1));
  expect([got, path.sent, hub.linkCount]).toEqual([[], [], 0]);
  expect(ids).toEqual([
    ['c102030405060701', true],
    ['c102030405060701', false],
  ]);
});

test('of a flood of hellos 2,000 are judged in a second, and the next second has its own', () => {
  const path = new Path('udp a');
  for (let second = 0; second < 3; second += 1) {
    for (let i = 0; i < 10_000; i += 1) {
      clock.advance(0.1);
      hub.receive(hello(), path);
    }
  }
  expect(carriers.length).toBeGreaterThan(5990);
  expect(carriers.length).toBeLessThan(6510);
});

test('the end of a carrier leaves another one with its id where it is', () => {
  const path = new Path('udp a');
  hub.receive(hello(), path);
  hub.receive(hello(), path);
  for (const carrier of carriers) carrier.identify?.(idOf(1));
  carriers[0]?.reset();
  got = [];
  hub.receive(record(idOf(1)), path);
  expect(got).toEqual([['carrier 1: 60', 'udp a']]);
});
