import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import { routeIdOf } from '../../src/crypto/route-id.ts';
import type { WebSocketEntrance } from '../../src/link/websocket-entrance.ts';

import { DEFAULT_ROUTER_LIMITS, type RouterLimits } from '../../src/router/router-limits.ts';
import { type RunningRouter, runRouter } from '../../src/router/run-router.ts';
import { HANDSHAKE_BYTES, REFUSED } from '../../src/wire/limits.ts';
import {
  echo,
  helloFor,
  helloTo,
  type LocalServer,
  localServer,
} from '../support/local-servers.ts';
import { until } from '../support/until.ts';

/** What stands for the WebSocket entrance: it answers an upgrade, and the connection itself is the stream. */
class PlainEntrance implements WebSocketEntrance {
  readonly #onConnection: (stream: Duplex, address: string) => void;
  isClosed = false;

  constructor(onConnection: (stream: Duplex, address: string) => void) {
    this.#onConnection = onConnection;
  }

  take(socket: Socket): void {
    let head = '';
    const onData = (bytes: Buffer): void => {
      head += bytes.toString('latin1');
      if (!head.endsWith('\r\n\r\n')) return;
      socket.removeListener('data', onData);
      socket.pause();
      socket.write('101\r\n');
      this.#onConnection(socket, '192.0.2.1');
    };
    socket.on('data', onData);
    socket.resume();
  }

  close(): void {
    this.isClosed = true;
  }
}

let directory: string;
let running: RunningRouter;
let entrance: PlainEntrance | undefined;
let server: LocalServer;

async function start(limits: Partial<RouterLimits> = {}): Promise<void> {
  running = await runRouter({
    clock: new SystemClock(),
    random: systemRandom,
    logger: silentLogger,
    limits: { ...DEFAULT_ROUTER_LIMITS, ...limits },
    routeIdOf,
    reach: undefined,
    makeWebSockets: (onConnection) => {
      entrance = new PlainEntrance(onConnection);
      return entrance;
    },
    version: 'test',
    bind: ['127.0.0.1'],
    port: 0,
    socket: join(directory, 'router.sock'),
    hasUdp: true,
    interfaces: networkInterfaces,
    activated: { tcp: [], udp: [], registration: [] },
    ownUid: process.getuid?.() ?? 0,
    onLost: () => undefined,
  });
  const found = await localServer(join(directory, 'router.sock'), echo);
  if (found === undefined) throw new Error('not registered');
  server = found;
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'everterm-router-'));
});

afterEach(async () => {
  server.registration.close();
  await running.close();
  rmSync(directory, { recursive: true, force: true });
});

/** Says what is left of `sent`, and compares what comes back. */
async function comesBack(socket: Socket, sent: Buffer): Promise<void> {
  const hash = createHash('sha256');
  let left = sent.length;
  const all = new Promise<void>((resolve) => {
    socket.on('data', (bytes: Buffer) => {
      hash.update(bytes);
      left -= bytes.length;
      if (left <= 0) resolve();
    });
  });
  socket.write(sent);
  await all;
  expect(hash.digest('hex')).toBe(createHash('sha256').update(sent).digest('hex'));
}

test.each([1, 5, 700, HANDSHAKE_BYTES.bytes])(
  'nothing is lost of a hello that comes in pieces of %i bytes, while it is found out what it is',
  async (size) => {
    await start();
    const socket = connect({ port: running.router.port, host: '127.0.0.1', noDelay: true });
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const hello = Buffer.from(helloFor(server.routeId));
    for (let at = 0; at < hello.length; at += size) {
      socket.write(hello.subarray(at, at + size));
      if (at < 20) await new Promise((resolve) => setImmediate(resolve));
    }
    await comesBack(socket, randomBytes(5_000_000));
    expect(running.router.status).toMatchObject({ links: 1, waiting: 0 });
    socket.destroy();
  },
);

test('who speaks HTTP is handed on with all that was said, and comes back as a stream like any other', async () => {
  await start();
  const socket = connect({ port: running.router.port, host: '127.0.0.1', noDelay: true });
  await once(socket, 'connect');
  for (const part of ['G', 'ET / HTTP/1.1\r\n', 'Upgrade: websocket\r\n\r\n']) socket.write(part);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toBe('101\r\n');
  socket.write(helloFor(server.routeId));
  await comesBack(socket, randomBytes(5_000_000));
  socket.end();
  await once(socket, 'close');
  await until(
    'nobody',
    () => running.router.status,
    ({ links, waiting }) => links + waiting === 0,
  );
});

test('what only begins like HTTP is a stranger', async () => {
  await start();
  const socket = connect(running.router.port, '127.0.0.1');
  socket.write('GETX');
  expect(await buffer(socket)).toEqual(Buffer.from(REFUSED));
});

test('beyond its limits a connection is reset as soon as it comes', async () => {
  await start({ incomplete: 3 });
  const waiting = await Promise.all(
    Array.from({ length: 3 }, async () => {
      const socket = connect(running.router.port, '127.0.0.1');
      await once(socket, 'connect');
      return socket;
    }),
  );
  await until(
    'three',
    () => running.router.status,
    (status) => status.waiting === 3,
  );
  const fourth = connect(running.router.port, '127.0.0.1');
  const [error] = (await once(fourth, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
  for (const socket of waiting) socket.destroy();
  await until(
    'room',
    () => running.router.status,
    (status) => status.waiting === 0,
  );
  const client = await helloTo(running.router.port, server.routeId);
  await comesBack(client, Buffer.from('x'));
  client.destroy();
});

test('a hello for a session server that has not come back yet waits for it', async () => {
  await start();
  const secret = systemRandom.bytes(32);
  const client = await helloTo(running.router.port, routeIdOf(secret));
  await until(
    'it waits',
    () => running.router.status,
    ({ parked }) => parked === 1,
  );
  const { joinRouter } = await import('../../src/etserver/join-router.ts');
  const late = await joinRouter(
    {
      clock: new SystemClock(),
      random: systemRandom,
      socket: join(directory, 'router.sock'),
      onCarrier: echo,
      onDatagram: () => undefined,
    },
    secret,
  );
  await comesBack(client, Buffer.from('x'));
  client.destroy();
  late?.close();
});

test('the end of a direction is handed on, and a reset as a reset', async () => {
  await start();
  const client = await helloTo(running.router.port, server.routeId);
  await comesBack(client, Buffer.from('x'));
  client.resetAndDestroy();
  await until(
    'nobody',
    () => running.router.status,
    ({ links }) => links === 0,
  );
  const half = await helloTo(running.router.port, server.routeId);
  await comesBack(half, Buffer.from('x'));
  half.end();
  // A session server's carrier ends with its peer.
  await once(half, 'end');
});

test('a second router does not take the socket of one that runs, and takes that of one that was killed', async () => {
  await start();
  const before = running;
  const first = server;
  await expect(start()).rejects.toThrow('EADDRINUSE');
  expect(before.router.status.servers).toBe(1);
  first.registration.close();
});
