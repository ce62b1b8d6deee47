import { beforeEach, expect, test } from 'vitest';
import { concatBytes, utf8 } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import type { HubPath } from '../../src/etserver/datagram-hub.ts';
import { RouterDatagrams } from '../../src/etserver/router-datagrams.ts';
import type { Carrier, CarrierEvents } from '../../src/link/carrier.ts';
import { encodeFrameLength, FrameCutter } from '../../src/wire/frame-cutter.ts';
import { decodeRouterOrder, encodeWay } from '../../src/wire/routed-frames.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const IDS = [1, 2].map((last) => Uint8Array.of(0xc1, 0, 0, 0, 0, 0, 0, last));

/** A connection to a router that a test plays. */
class Connection implements Carrier {
  readonly kind = 'bytes';
  readonly label = 'router';
  readonly localAddress = undefined;
  queuedBytes = 0;
  isOver = false;
  #events: CarrierEvents | undefined;
  readonly #written: Uint8Array[] = [];

  start(events: CarrierEvents): void {
    this.#events = events;
  }

  write(pieces: readonly Uint8Array[]): void {
    this.#written.push(...pieces);
  }

  close(): void {
    this.reset();
  }

  reset(): void {
    this.isOver = true;
    this.#events = undefined;
  }

  break(): void {
    const events = this.#events;
    this.reset();
    events?.onClose(undefined);
  }

  /** Its line, then what each of its frames says. */
  get said(): string[] {
    const bytes = Buffer.from(concatBytes(this.#written));
    const end = bytes.indexOf('\n') + 1;
    const said = [bytes.subarray(0, end).toString().trim()];
    new FrameCutter().read(bytes.subarray(end), (frame) => {
      const order = decodeRouterOrder(frame);
      if (order === undefined) return false;
      said.push(
        order.kind === 'send'
          ? `to ${order.way}: ${Buffer.from(order.datagram).toString()}`
          : `${order.kind} ${order.linkId.at(-1)}`,
      );
      return true;
    });
    return said;
  }

  raw(frame: Uint8Array): void {
    const lent = concatBytes([encodeFrameLength(frame.length), frame]);
    this.#events?.onBytes(lent);
    lent.fill(0xff);
  }

  say(number: number, label: string, text: string): void {
    const head = encodeWay({ number, label, host: label.slice(0, 1), largestBytes: 1472 });
    this.raw(concatBytes([head, utf8(text)]));
  }
}

let clock: VirtualClock;
let connections: Connection[];
let got: { text: string; path: HubPath }[];
let datagrams: RouterDatagrams;
let isRouterThere: boolean;

beforeEach(() => {
  clock = new VirtualClock();
  connections = [];
  got = [];
  isRouterThere = true;
  datagrams = new RouterDatagrams({
    clock,
    dial: () => {
      if (!isRouterThere) return Promise.reject(new EtError('ET_ERR_DIAL', 'refused'));
      const made = new Connection();
      connections.push(made);
      return Promise.resolve(made);
    },
    onDatagram: (datagram, path) => got.push({ text: Buffer.from(datagram).toString(), path }),
  });
});

async function settle(): Promise<void> {
  for (let i = 0; i < 5; i += 1) await Promise.resolve();
  clock.advance(0);
}

async function begun(token = 'abc'): Promise<Connection> {
  datagrams.begin(token);
  await settle();
  const last = connections.at(-1);
  if (last === undefined) throw new Error('nobody has dialled');
  return last;
}

test('it shows its token and all link ids, then tells of each that comes or goes', async () => {
  datagrams.setLinkId(IDS[0] as Uint8Array, true);
  const router = await begun();
  datagrams.setLinkId(IDS[1] as Uint8Array, true);
  datagrams.setLinkId(IDS[0] as Uint8Array, false);
  await settle();
  expect(router.said).toEqual(['{"datagrams":"abc"}', 'register 1', 'register 2', 'unregister 1']);
  expect(clock.pending).toBe(0);
});

test('a datagram comes with its way, by which the answer goes', async () => {
  const router = await begun();
  router.say(7, 'a:1', 'hello');
  router.say(8, 'b:1', 'moved');
  expect(got.map(({ text, path }) => [text, path.label, path.host])).toEqual([
    ['hello', 'a:1', 'a'],
    ['moved', 'b:1', 'b'],
  ]);
  expect(got[0]?.path.maxDatagramBytes).toBe(1472);
  got[0]?.path.send([utf8('an'), utf8('swer')]);
  await settle();
  expect(router.said.slice(1)).toEqual(['to 7: answer']);
});

test('a way that the router numbers otherwise is the same way, and its answers follow', async () => {
  const router = await begun();
  router.say(7, 'a:1', 'before');
  router.say(9, 'a:1', 'after');
  expect(got[1]?.path).toBe(got[0]?.path);
  got[0]?.path.send([utf8('x')]);
  await settle();
  expect(router.said.at(-1)).toBe('to 9: x');
});

test('what is sent while a router has not heard the way again is lost, and goes nowhere else', async () => {
  const before = await begun();
  before.say(7, 'a:1', 'x');
  before.break();
  clock.advance(250);
  await settle();
  const after = connections.at(-1) as Connection;
  expect(after).not.toBe(before);
  after.say(7, 'b:1', 'another way has the number');
  expect(got[1]?.path.label).toBe('b:1');
  got[0]?.path.send([utf8('lost')]);
  await settle();
  expect(after.said).toEqual(['{"datagrams":"abc"}']);
  after.say(8, 'a:1', 'heard again');
  got[0]?.path.send([utf8('there')]);
  await settle();
  expect(after.said.at(-1)).toBe('to 8: there');
});

test('a datagram that no router hands on is lost, and costs the connection nothing', async () => {
  const router = await begun();
  router.say(7, 'a:1', 'x');
  for (const length of [16_385, 16_384, 70_000, 1]) got[0]?.path.send([new Uint8Array(length)]);
  await settle();
  expect(router.said.slice(1).map((said) => said.length - 'to 7: '.length)).toEqual([16_384, 1]);
});

test('to a router that does not read it sends no more than 256 KiB', async () => {
  const router = await begun();
  router.say(7, 'a:1', 'x');
  router.queuedBytes = 262_144;
  got[0]?.path.send([utf8('lost')]);
  datagrams.setLinkId(IDS[0] as Uint8Array, true);
  router.queuedBytes = 0;
  await settle();
  expect(router.said.slice(1)).toEqual(['register 1']);
});

test('a connection that is lost is made again, with all link ids, at growing intervals while nothing comes', async () => {
  datagrams.setLinkId(IDS[0] as Uint8Array, true);
  datagrams.setLinkId(IDS[1] as Uint8Array, true);
  datagrams.setLinkId(IDS[1] as Uint8Array, false);
  (await begun()).break();
  isRouterThere = false;
  const waits = [250, 500, 1000, 2000, 5000, 5000];
  for (const waitMs of waits) {
    expect((clock.nextDueMs ?? 0) - clock.now()).toBe(waitMs);
    clock.advance(waitMs);
    await settle();
  }
  isRouterThere = true;
  clock.advance(5000);
  await settle();
  expect(connections.at(-1)?.said).toEqual(['{"datagrams":"abc"}', 'register 1']);
  connections.at(-1)?.say(1, 'a:1', 'x');
  connections.at(-1)?.break();
  expect((clock.nextDueMs ?? 0) - clock.now()).toBe(250);
  datagrams.end();
  expect(clock.pending).toBe(0);
});

test('what is no frame ends the connection, and it comes again', async () => {
  const router = await begun();
  router.raw(Uint8Array.of(9));
  expect(router.isOver).toBe(true);
  clock.advance(250);
  await settle();
  expect(connections).toHaveLength(2);
});

test('the same token once more changes nothing, another begins anew, and the end is the end', async () => {
  const router = await begun();
  datagrams.begin('abc');
  await settle();
  expect(connections).toHaveLength(1);
  const other = await begun('def');
  expect([router.isOver, other.said]).toEqual([true, ['{"datagrams":"def"}']]);
  datagrams.end();
  expect([other.isOver, clock.pending]).toEqual([true, 0]);
});

test('one that ends while it dials leaves no connection behind', async () => {
  datagrams.begin('abc');
  datagrams.end();
  await settle();
  expect(connections.map(({ isOver }) => isOver)).toEqual([true]);
  expect(clock.pending).toBe(0);
});
