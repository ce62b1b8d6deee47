import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { NetworkInterfaceInfo } from 'node:os';
import { afterEach, expect, test } from 'vitest';
import { addressesToBind, MAX_BOUND_ADDRESSES } from '../../src/link/addresses-to-bind.ts';
import {
  LOOK_FOR_ADDRESSES_MS,
  type UdpPath,
  UdpSockets,
  type UdpSocketsEvents,
} from '../../src/link/udp-sockets.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { turnUntil } from './real-time.ts';

type Interfaces = Record<string, NetworkInterfaceInfo[]>;

const toClose: { close(): void }[] = [];
afterEach(() => {
  for (const each of toClose.splice(0)) each.close();
});

function info(address: string, scopeid = 0): NetworkInterfaceInfo {
  const isSix = address.includes(':');
  const more = { address, netmask: '', mac: '', internal: true, cidr: null };
  return isSix ? { ...more, family: 'IPv6', scopeid } : { ...more, family: 'IPv4' };
}

/** Sockets on addresses of loopback that come and go, on a port that the system chose. */
async function world(...addresses: readonly string[]) {
  const clock = new VirtualClock();
  const interfaces: Interfaces = { lo: addresses.map((address) => info(address)) };
  const received: { readonly text: string; readonly from: UdpPath }[] = [];
  const trouble: string[] = [];
  const events: UdpSocketsEvents = {
    onDatagram: (bytes, from) => received.push({ text: Buffer.from(bytes).toString(), from }),
    onTrouble: (error) => trouble.push(error.message),
  };
  const first = await peer('127.0.0.9');
  const { port } = first.address();
  const open = (bind = ''): ReturnType<typeof UdpSockets.open> =>
    UdpSockets.open({ clock, interfaces: () => interfaces }, bind, port, events);
  return { clock, interfaces, received, trouble, port, open, takenBy: first };
}

async function opened(result: UdpSockets | 'taken' | undefined): Promise<UdpSockets> {
  if (!(result instanceof UdpSockets)) throw new Error(`no sockets: ${result}`);
  toClose.push(result);
  return result;
}

async function peer(address: string, port = 0): Promise<Socket> {
  const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
  socket.bind(port, address);
  await once(socket, 'listening');
  toClose.push({ close: () => socket.unref() });
  return socket;
}

test('who dials an address is answered from it, whichever others there are', async () => {
  const { open, received, port } = await world('127.0.0.1', '127.0.0.2', '127.0.0.3', '::1');
  const sockets = await opened(await open());
  expect(sockets.addresses).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.3', '::1']);
  for (const address of sockets.addresses) {
    const client = await peer(address === '::1' ? '::1' : '127.0.0.1');
    const answer = once(client, 'message');
    client.send(`to ${address}`, port, address);
    await turnUntil(() => received.length > 0);
    const [{ text, from } = { text: '', from: undefined }] = received.splice(0);
    expect(text).toBe(`to ${address}`);
    from?.send([Buffer.from('an'), Buffer.from('swer')]);
    expect(await answer).toMatchObject([Buffer.from('answer'), { address, port }]);
  }
});

test('one way has one name, and two ways have two', async () => {
  const { open, received, port } = await world('127.0.0.1', '127.0.0.2');
  await opened(await open());
  const client = await peer('127.0.0.1');
  const other = await peer('127.0.0.1');
  const at = `127.0.0.1:${client.address().port}`;
  for (const [socket, to] of [
    [client, '127.0.0.1'],
    [client, '127.0.0.1'],
    [client, '127.0.0.2'],
    [other, '127.0.0.1'],
  ] as const) {
    const before = received.length;
    socket.send('x', port, to);
    await turnUntil(() => received.length > before);
  }
  const [first, again, elsewhere, another] = received.map(({ from }) => from);
  expect(again).toBe(first);
  expect(first?.label).toBe(`udp ${at} at 127.0.0.1`);
  expect(elsewhere?.label).toBe(`udp ${at} at 127.0.0.2`);
  expect(elsewhere?.host).not.toBe(first?.host);
  expect(another?.host).toBe(first?.host);
  expect(another?.label).not.toBe(first?.label);
  expect(first?.maxDatagramBytes).toBe(16_384);
});

test('an address that comes has its socket with the next look, and one that goes has none', async () => {
  const { open, clock, interfaces, received, port } = await world('127.0.0.1');
  const sockets = await opened(await open());
  interfaces['lo'] = [info('127.0.0.2'), info('127.0.0.3')];
  clock.advance(LOOK_FOR_ADDRESSES_MS - 1);
  expect(sockets.addresses).toEqual(['127.0.0.1']);
  clock.advance(1);
  await turnUntil(() => sockets.addresses.length === 2);
  expect(sockets.addresses).toEqual(['127.0.0.2', '127.0.0.3']);
  const client = await peer('127.0.0.1');
  client.send('x', port, '127.0.0.3');
  await turnUntil(() => received.length === 1);
  expect(clock.pending).toBe(1);
});

test('whoever comes by TCP has it looked at once, though not more than once a second', async () => {
  const { open, clock, interfaces } = await world('127.0.0.1');
  let looks = 0;
  const sockets = await opened(await open());
  Object.defineProperty(interfaces, 'count', {
    enumerable: true,
    get: () => {
      looks += 1;
      return [];
    },
  });
  for (let i = 0; i < 100; i += 1) sockets.look();
  expect(looks).toBe(0);
  interfaces['lo']?.push(info('127.0.0.2'));
  clock.advance(1000);
  for (let i = 0; i < 100; i += 1) sockets.look();
  expect(looks).toBe(1);
  await turnUntil(() => sockets.addresses.length === 2);
});

test('a port that somebody has on one of the addresses is taken, and nothing is left open', async () => {
  const { open, clock, port } = await world('127.0.0.1', '127.0.0.9', '127.0.0.2');
  expect(await open()).toBe('taken');
  expect(clock.pending).toBe(0);
  const free = await peer('127.0.0.1', port);
  expect(free.address().port).toBe(port);
});

test('an address that cannot be had is passed over; without any there is no UDP', async () => {
  const { open, trouble } = await world('127.0.0.1', '203.0.113.9');
  const sockets = await opened(await open());
  expect(sockets.addresses).toEqual(['127.0.0.1']);
  expect(trouble).toEqual([expect.stringContaining('EADDRNOTAVAIL')]);
  expect(await open('203.0.113.9')).toBeUndefined();
});

test('with --bind there is one socket', async () => {
  const { open } = await world('127.0.0.1', '127.0.0.2');
  const sockets = await opened(await open('127.0.0.2'));
  expect(sockets.addresses).toEqual(['127.0.0.2']);
});

test('what cannot be sent is lost, and nothing ends', async () => {
  const { open, received, port } = await world('127.0.0.1');
  await opened(await open());
  const client = await peer('127.0.0.1');
  client.send('x', port, '127.0.0.1');
  await turnUntil(() => received.length === 1);
  const from = received[0]?.from;
  from?.send([new Uint8Array(70_000)]);
  const answer = once(client, 'message');
  from?.send([Uint8Array.of(1)]);
  expect((await answer)[0]).toEqual(Buffer.of(1));
});

const MANY: Interfaces = {
  lo: [info('127.0.0.1'), info('::1')],
  eth0: [info('192.0.2.1'), info('fe80::1', 2), info('fe80::2%eth0', 2), info('2001:db8::1')],
};

test.each<[string, readonly string[]]>([
  ['', ['127.0.0.1', '::1', '192.0.2.1', 'fe80::1%eth0', 'fe80::2%eth0', '2001:db8::1']],
  ['::', ['127.0.0.1', '::1', '192.0.2.1', 'fe80::1%eth0', 'fe80::2%eth0', '2001:db8::1']],
  ['0.0.0.0', ['127.0.0.1', '192.0.2.1']],
  ['192.0.2.1', ['192.0.2.1']],
  ['2001:db8::7', ['2001:db8::7']],
  ['localhost', []],
])('--bind %j is %j', (bind, addresses) => {
  expect(addressesToBind(bind, MANY)).toEqual(addresses);
});

test('of a machine with thousands of addresses the first have sockets', () => {
  const addresses = Array.from({ length: 3000 }, (_, i) => info(`10.0.${i >> 8}.${i & 255}`));
  expect(addressesToBind('', { eth0: addresses })).toHaveLength(MAX_BOUND_ADDRESSES);
});

test('what is closed while it opens one more socket leaves none', async () => {
  const { clock, interfaces, open, port } = await world('127.0.0.1');
  const sockets = await opened(await open());
  interfaces['lo']?.push(info('127.0.0.2'));
  clock.advance(LOOK_FOR_ADDRESSES_MS);
  sockets.close();
  for (let i = 0; i < 20; i += 1) await new Promise((resolve) => setImmediate(resolve));
  expect(sockets.addresses).toEqual([]);
  // Nobody has it.
  await peer('127.0.0.2', port);
});
