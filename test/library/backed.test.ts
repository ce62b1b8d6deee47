import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { expect, test } from 'vitest';
import { ResumableDuplex, ResumableListener } from '../../src/library/backed.ts';

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
