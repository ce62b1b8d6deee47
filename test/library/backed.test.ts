import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { ResumableDuplex, ResumableListener } from '../../src/library/backed.ts';
import { until } from '../support/until.ts';
import { Relay } from './relay.ts';

test('the example of ./backed: a stream that survives its connections', async () => {
  const secret = randomBytes(32);
  const connections = new Set<Socket>();

  const listener = new ResumableListener({ secret, onConnection: (peer) => peer.pipe(peer) });
  const server = createServer((socket) => {
    connections.add(socket);
    listener.accept(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  const stream = new ResumableDuplex({ secret, connect: () => connect(port, '127.0.0.1') });
  const echoes = createInterface({ input: stream })[Symbol.asyncIterator]();
  for (let line = 0; line < 100; line += 1) {
    stream.write(`line ${line}\n`);
    expect((await echoes.next()).value).toBe(`line ${line}`);
    if (line % 25 === 10) for (const socket of connections) socket.resetAndDestroy();
  }
  stream.end();
  expect((await echoes.next()).done).toBe(true);

  listener.close();
  server.close();
  expect(connections.size).toBeGreaterThan(4);
}, 60_000);

test('who does not know the secret is refused', async () => {
  const listener = new ResumableListener({
    secret: randomBytes(32),
    onConnection: () => expect.unreachable(),
  });
  const server = createServer((socket) => listener.accept(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  let dials = 0;
  const stream = new ResumableDuplex({
    secret: randomBytes(32),
    connect: () => {
      dials += 1;
      return connect(port, '127.0.0.1');
    },
  });
  while (dials < 3) await new Promise((resolve) => setImmediate(resolve));
  stream.destroy();
  listener.close();
  server.close();
}, 60_000);

const TAIL = randomBytes(200_000);

/** A stream through a relay, and its other end. */
async function pair(lingerMs?: number) {
  const secret = randomBytes(32);
  const linger = lingerMs === undefined ? {} : { lingerMs };
  const peers: Duplex[] = [];
  const make = (): ResumableListener =>
    new ResumableListener({ secret, onConnection: (made) => peers.push(made), ...linger });
  const place = { listener: make() };
  const relay = await Relay.before((socket) => place.listener.accept(socket));
  const stream = new ResumableDuplex({ secret, connect: () => relay.dial(), ...linger });
  stream.write('hello');
  await until(
    'the other end',
    () => peers.length,
    (count) => count === 1,
  );
  const [peer] = peers;
  if (peer === undefined) throw new Error('no peer');
  return {
    stream,
    peer,
    peers,
    relay,
    /** Another process takes the place of the other end's. */
    restart: (): void => {
      place.listener = make();
    },
    closeListener: (): void => place.listener.close(),
    close: (): void => {
      place.listener.close();
      relay.close();
    },
  };
}

/** All that comes out of a stream. */
function collect(stream: Duplex): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    stream.on('data', (bytes: Buffer) => pieces.push(bytes));
    stream.on('end', () => resolve(Buffer.concat(pieces)));
    stream.on('error', reject);
  });
}

test.each(['up', 'down'] as const)(
  'the end waits for what is on its way %s when the connection dies',
  async (way) => {
    const { stream, peer, relay, close } = await pair();
    const [last, first] = way === 'up' ? [stream, peer] : [peer, stream];
    const read = collect(first);
    first.end();
    last.resume();
    await once(last, 'end');
    relay.swallows = way;
    last.end(TAIL);
    let isFinished = false;
    last.on('finish', () => {
      isFinished = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(isFinished).toBe(false);
    relay.cut();
    relay.swallows = undefined;
    await once(last, 'close');
    const all = await read;
    expect(all.subarray(all.length - TAIL.length).equals(TAIL)).toBe(true);
    expect(isFinished).toBe(true);
    if (!first.closed) await once(first, 'close');
    close();
  },
  60_000,
);

test('a peer that never comes back is waited for no longer than lingerMs', async () => {
  const { stream, peer, relay, close } = await pair(300);
  peer.end();
  stream.resume();
  await once(stream, 'end');
  relay.isClosed = true;
  relay.cut();
  stream.end(TAIL);
  const [error] = (await once(stream, 'error')) as [Error];
  expect(error).toMatchObject({ code: 'ET_ERR_SESSION_GONE' });
  const { count } = relay;
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect(relay.count).toBe(count);
  peer.on('error', () => undefined);
  close();
}, 60_000);

test('lingerMs says nothing of a stream that one side has not ended', async () => {
  const { stream, peer, relay, close } = await pair(100);
  peer.end();
  stream.resume();
  await once(stream, 'end');
  relay.isClosed = true;
  relay.cut();
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect([stream.destroyed, peer.destroyed]).toEqual([false, false]);
  stream.destroy();
  peer.on('error', () => undefined);
  close();
}, 60_000);

test('closing the listener destroys what has not ended, and lets go through what has', async () => {
  for (const hasEnded of [true, false]) {
    const { stream, peer, closeListener, close } = await pair();
    const read = collect(stream);
    stream.end();
    peer.resume();
    await once(peer, 'end');
    if (hasEnded) peer.end(TAIL);
    else peer.write(TAIL);
    const result = once(peer, 'close').then(
      () => 'closed',
      () => 'failed',
    );
    closeListener();
    expect(await result).toBe(hasEnded ? 'closed' : 'failed');
    if (hasEnded) expect((await read).equals(TAIL)).toBe(true);
    else await expect(read).rejects.toThrow();
    close();
  }
}, 60_000);

test('destroy ends it at once, and the peer hears of it when it comes back', async () => {
  const { stream, peer, relay, close } = await pair();
  relay.isClosed = true;
  relay.cut();
  peer.destroy();
  await once(peer, 'close');
  relay.isClosed = false;
  const [error] = (await once(stream, 'error')) as [Error];
  expect(error).toMatchObject({ code: 'ET_ERR_SESSION_CLOSED' });
  close();
}, 60_000);

test('a client whose peer has begun anew is told so, and no stream is made of it', async () => {
  const { stream, peers, relay, restart, close } = await pair();
  restart();
  relay.cut();
  const [error] = (await once(stream, 'error')) as [Error];
  expect(error).toMatchObject({ code: 'ET_ERR_SESSION_CLOSED' });
  expect(peers).toHaveLength(1);
  close();
}, 60_000);
