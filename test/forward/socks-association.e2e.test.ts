import { once } from 'node:events';
import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { decodeSocksAddress, encodeSocksAddress } from '../../src/forward/socks-address.ts';
import { decodeSocksDatagram, encodeSocksDatagram } from '../../src/forward/socks-datagram.ts';
import { MAX_ASSOCIATION_FLOWS, MAX_ASSOCIATIONS } from '../../src/forward/udp-limits.ts';
import { pattern } from '../backed/stream-script.ts';
import { ForwardLab, soon } from './forward-lab.ts';
import { policyOf } from './policy-of.ts';
import { UdpPeer } from './udp-peer.ts';

let open: { close(): void }[] = [];

function keep<T extends { close(): void }>(one: T): T {
  open.push(one);
  return one;
}

afterEach(() => {
  for (const one of open.reverse()) one.close();
  open = [];
});

async function peer(...options: Parameters<typeof UdpPeer.bind>): Promise<UdpPeer> {
  return keep(await UdpPeer.bind(...options));
}

/** A SOCKS proxy on both loopback addresses; resolves to its port. */
async function proxy(lab: ForwardLab): Promise<number> {
  const listen = { kind: 'tcp', bind: 'localhost', port: 0 } as const;
  return await lab.listening({ kind: 'dynamic', listen, target: undefined, source: '-D 0' });
}

/** The reply to UDP ASSOCIATE: code, and where the relay is. */
interface Relay {
  readonly control: Socket;
  readonly reply: number;
  readonly host: string;
  readonly port: number;
}

async function associate(
  proxyPort: number,
  from: { readonly host: string; readonly port: number } = { host: '0.0.0.0', port: 0 },
  address = '127.0.0.1',
): Promise<Relay> {
  const control = connect({ host: address, port: proxyPort, allowHalfOpen: true });
  control.on('error', () => undefined);
  keep({ close: () => control.destroy() });
  await once(control, 'connect');
  let said = Buffer.alloc(0);
  control.on('data', (bytes) => {
    said = Buffer.concat([said, bytes]);
  });
  control.write(Uint8Array.of(5, 1, 0, 5, 3, 0, ...encodeSocksAddress(from.host, from.port)));
  await soon(() => said.length >= 2 + 10);
  const bound = decodeSocksAddress(said, 5);
  if (bound.kind !== 'address') throw new Error(`no address: ${bound.kind}`);
  return { control, reply: said[3] ?? -1, host: bound.host, port: bound.port };
}

test.each(['127.0.0.1', '::1'])(
  'a client at %s reaches targets by address, v4 and v6, and by name',
  async (address) => {
    const lab = keep(new ForwardLab());
    const four = await peer('127.0.0.1', { echo: true });
    const six = await peer('::1', { echo: true });
    const relay = await associate(await proxy(lab), undefined, address);
    expect([relay.reply, relay.host]).toEqual([0, address]);
    const client = await peer(address);
    const targets = [
      { host: '127.0.0.1', port: four.port },
      { host: '::1', port: six.port },
      { host: 'localhost', port: four.port },
    ];
    for (const [i, { host, port }] of targets.entries()) {
      await client.send(encodeSocksDatagram(host, port, Buffer.from(`to ${host}`)), relay.port);
      const answer = decodeSocksDatagram((await client.receives(i + 1))[i] as Buffer);
      // As it was asked for: a name stays a name.
      expect(answer).toMatchObject({ host, port });
      expect(Buffer.from(answer?.payload ?? []).toString()).toBe(`to ${host}`);
    }
    expect(client.froms[0]).toBe(`${address} ${relay.port}`);
    expect(lab.set.status()[0]).toMatchObject({ open: 3, refused: 0, dropped: 0 });
  },
);

test('payloads of 0 to 65,000 bytes keep their boundaries', async () => {
  const lab = keep(new ForwardLab());
  const echo = await peer('127.0.0.1', { echo: true });
  const relay = await associate(await proxy(lab));
  const client = await peer();
  const sizes = [0, 1, 1472, 9000, 65_000];
  for (const [i, size] of sizes.entries()) {
    await client.send(encodeSocksDatagram('127.0.0.1', echo.port, pattern(size)), relay.port);
    await client.receives(i + 1);
  }
  const payloads = client.received.map((one) => decodeSocksDatagram(one)?.payload);
  expect(payloads.map((one) => Buffer.from(one ?? []))).toEqual(
    sizes.map((size) => Buffer.from(pattern(size))),
  );
});

test('fragments, rubbish and strangers are dropped and counted, and disturb nothing', async () => {
  const lab = keep(new ForwardLab());
  const echo = await peer('127.0.0.1', { echo: true });
  const relay = await associate(await proxy(lab));
  const [client, stranger] = [await peer(), await peer()];
  const datagram = encodeSocksDatagram('127.0.0.1', echo.port, Buffer.from('x'));
  await client.send(datagram, relay.port);
  await client.receives(1);
  const fragment = Uint8Array.from(datagram);
  fragment[2] = 1;
  await client.send(fragment, relay.port);
  await client.send(Buffer.from('rubbish'), relay.port);
  await client.send(new Uint8Array(0), relay.port);
  await stranger.send(datagram, relay.port);
  await soon(() => lab.set.status()[0]?.dropped === 4);
  await client.send(datagram, relay.port);
  await client.receives(2);
  expect([echo.received.length, stranger.received.length]).toEqual([2, 0]);
});

test('a client that says which port it sends from is heard from no other', async () => {
  const lab = keep(new ForwardLab());
  const echo = await peer('127.0.0.1', { echo: true });
  const [client, early] = [await peer(), await peer()];
  const proxyPort = await proxy(lab);
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    const relay = await associate(proxyPort, { host, port: client.port });
    const datagram = encodeSocksDatagram('127.0.0.1', echo.port, Buffer.from(host));
    await early.send(datagram, relay.port);
    await client.send(datagram, relay.port);
    await soon(() => client.received.length > 0);
    client.received.length = 0;
  }
  expect(early.received).toEqual([]);
  // Some name the destination's port, with an address that is not theirs.
  const relay = await associate(proxyPort, { host: '192.0.2.1', port: 53 });
  await client.send(encodeSocksDatagram('127.0.0.1', echo.port, Buffer.from('x')), relay.port);
  await client.receives(1);
});

test('the association ends with its connection, and with the session', async () => {
  const lab = keep(new ForwardLab());
  const echo = await peer('127.0.0.1', { echo: true });
  const proxyPort = await proxy(lab);
  for (const end of ['FIN', 'reset', 'session'] as const) {
    const relay = await associate(proxyPort);
    const client = await peer();
    await client.send(encodeSocksDatagram('127.0.0.1', echo.port, Buffer.from('x')), relay.port);
    await client.receives(1);
    const ended = once(relay.control, end === 'reset' ? 'close' : 'end');
    if (end === 'FIN') relay.control.end();
    else if (end === 'reset') relay.control.resetAndDestroy();
    else lab.set.detach('the session has ended');
    await ended;
    await soon(() => lab.set.status()[0]?.open === 0);
    await soon(() => lab.clientMux.channelCount + lab.serverMux.channelCount === 0);
    // Its port is free again.
    (await UdpPeer.bind('127.0.0.1', { port: relay.port })).close();
  }
});

test('what the policy does not permit is refused, and the association goes on', async () => {
  const echo = await peer('127.0.0.1', { echo: true });
  const lab = keep(new ForwardLab(policyOf({ permitOpen: [`127.0.0.1:${echo.port}`] })));
  const relay = await associate(await proxy(lab));
  const client = await peer();
  await client.send(encodeSocksDatagram('127.0.0.1', 9, Buffer.from('no')), relay.port);
  await soon(() => lab.set.status()[0]?.refused === 1);
  expect(lab.set.status()[0]?.lastError).toContain('is not among permit-open');
  await client.send(encodeSocksDatagram('127.0.0.1', echo.port, Buffer.from('yes')), relay.port);
  await client.receives(1);
  expect(echo.received.map(String)).toEqual(['yes']);
});

test('a destination too many ends the one that was quiet the longest', async () => {
  const lab = keep(new ForwardLab());
  const echo = await peer('127.0.0.1', { echo: true });
  const relay = await associate(await proxy(lab));
  const client = await peer();
  await client.send(encodeSocksDatagram('127.0.0.1', echo.port, Buffer.from('x')), relay.port);
  await client.receives(1);
  for (let i = 0; i < MAX_ASSOCIATION_FLOWS; i += 1) {
    await client.send(encodeSocksDatagram('127.0.0.1', 2000 + i, Buffer.from('x')), relay.port);
  }
  await soon(() => lab.set.status()[0]?.open === MAX_ASSOCIATION_FLOWS);
  await client.send(encodeSocksDatagram('127.0.0.1', echo.port, Buffer.from('y')), relay.port);
  await client.receives(2);
  expect(new Set(echo.froms).size).toBe(2);
  expect(lab.set.status()[0]).toMatchObject({ open: MAX_ASSOCIATION_FLOWS, refused: 0 });
});

test('an association too many fails, and one that ends makes room', async () => {
  const lab = keep(new ForwardLab());
  const proxyPort = await proxy(lab);
  const relays: Relay[] = [];
  for (let i = 0; i < MAX_ASSOCIATIONS; i += 1) relays.push(await associate(proxyPort));
  expect(relays.every(({ reply }) => reply === 0)).toBe(true);
  expect((await associate(proxyPort)).reply).toBe(1);
  relays[7]?.control.destroy();
  await soon(() => lab.set.status()[0]?.refused === 1);
  let again = await associate(proxyPort);
  while (again.reply !== 0) again = await associate(proxyPort);
});
