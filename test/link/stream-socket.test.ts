import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.ts';
import { BufferedSockets } from '../../src/link/socket-factory.ts';
import { StreamSocket, type StreamSocketEvents } from '../../src/link/stream-socket.ts';

const open: { close(): void }[] = [];

afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

const sockets = new BufferedSockets((socket, options) => new StreamSocket(socket, options), 65_536);
const TCP = { label: 'test', localAddress: undefined, isResettable: true };

/** A program, and our end of its connection as Node has accepted it. */
async function accepted(): Promise<{ readonly program: Socket; readonly socket: Socket }> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const program = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  program.on('error', () => undefined);
  const [socket] = (await once(server, 'connection')) as [Socket];
  open.push(server, { close: () => program.destroy() });
  return { program, socket };
}

async function pair(): Promise<{ readonly program: Socket; readonly ours: StreamSocket }> {
  const { program, socket } = await accepted();
  return { program, ours: sockets.accepted(socket, TCP) };
}

/** Notes what is told, in order. */
function noting(told: string[]): StreamSocketEvents {
  return {
    onBytes: (bytes) => told.push(`${bytes.length} bytes`),
    onEnd: () => told.push('end'),
    onDrain: () => told.push('drain'),
    onClose: (error) => told.push(`closed ${error?.message ?? 'in order'}`),
  };
}

/** `end` where the program believes that it has everything, else the error that it sees; Node's own socket would not tell the two apart. */
function endingOf(program: Socket): Promise<string> {
  return new Promise((resolve) => {
    new StreamSocket(program, TCP).start({
      onBytes: () => undefined,
      onEnd: () => resolve('end'),
      onDrain: () => undefined,
      onClose: (error) => resolve(systemCodeOf(error?.cause) ?? 'closed'),
    });
  });
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 2));
}

test('both directions end separately, each behind what was written', async () => {
  const { program, ours } = await pair();
  const told: string[] = [];
  ours.start(noting(told));
  program.end('hello');
  await until(() => told.includes('end'));
  ours.write(Buffer.alloc(20_000_000));
  ours.end();
  expect(await endingOf(program)).toBe('end');
  expect(program.bytesRead).toBe(20_000_000);
  await until(() => told.at(-1) === 'closed in order');
  expect(told).toEqual(['5 bytes', 'end', 'drain', 'closed in order']);
});

test('a reset before all of what was ended has left never looks like a whole stream', async () => {
  const { program, ours } = await pair();
  ours.start(noting([]));
  ours.write(Buffer.alloc(20_000_000));
  ours.end();
  expect(ours.queuedBytes).toBeGreaterThan(0);
  ours.reset();
  expect(await endingOf(program)).toBe('ECONNRESET');
});

test('a reset while the end of our direction is on its way closes the connection, and throws nothing', async () => {
  const { program, ours } = await pair();
  ours.start(noting([]));
  ours.end();
  ours.reset();
  expect(await endingOf(program)).toBe('end');
  while (!program.destroyed) {
    program.write('anybody?');
    await new Promise(setImmediate);
  }
});

test('what a program said before it went away is read, also where it takes no more', async () => {
  const { program, ours } = await pair();
  const told: string[] = [];
  await new Promise((resolve) => program.write(Buffer.alloc(1000), resolve));
  program.resetAndDestroy();
  await once(program, 'close');
  ours.start(noting(told));
  ours.write(Buffer.alloc(10));
  ours.write(Buffer.alloc(10));
  await until(() => told.some((each) => each.startsWith('closed')));
  expect(told[0]).toBe('1000 bytes');
  expect(told.at(-1)).toMatch(/^closed test: ECONNRESET/u);
});

test.each([0, 1, 1000, 65_536, 70_000])(
  'a reset behind %i bytes is no end: what came before it is no whole stream',
  async (length) => {
    const { program, ours } = await pair();
    const told: string[] = [];
    await new Promise((resolve) => program.write(Buffer.alloc(length), resolve));
    program.resetAndDestroy();
    await once(program, 'close');
    ours.start(noting(told));
    await until(() => told.some((each) => each.startsWith('closed')));
    expect(told.at(-1)).toMatch(/^closed test: .*ECONNRESET/u);
    expect(told).not.toContain('end');
  },
);

test('an end behind bytes is one, however soon the program is gone', async () => {
  const { program, ours } = await pair();
  const told: string[] = [];
  program.end(Buffer.alloc(1000));
  await once(program, 'finish');
  ours.start(noting(told));
  await until(() => told.length === 2);
  ours.end();
  await until(() => told.length === 3);
  expect(told).toEqual(['1000 bytes', 'end', 'closed in order']);
});

test('a socket that was closed before it was taken over is told to be over', async () => {
  const { socket } = await accepted();
  socket.destroy();
  await once(socket, 'close');
  const told: string[] = [];
  sockets.accepted(socket, TCP).start(noting(told));
  await until(() => told.length > 0);
  expect(told).toEqual(['closed test: closed from this side']);
});

test('one that is destroyed and not yet closed is told to be over, once', async () => {
  const { socket } = await accepted();
  socket.destroy();
  const told: string[] = [];
  sockets.accepted(socket, TCP).start(noting(told));
  await once(socket, 'close');
  await new Promise(setImmediate);
  expect(told).toEqual(['closed test: closed from this side']);
});

test.skipIf(!existsSync('/proc/net/tcp'))(
  'the kernel asks a silent peer whether it is still there',
  async () => {
    const { program } = await pair();
    if (program.connecting) await once(program, 'connect');
    const { localPort = 0, remotePort = 0 } = program;
    const hex = (port: number): string => port.toString(16).toUpperCase().padStart(4, '0');
    // Our end: sl, local, remote, state, queues, timer. proc_net_tcp: timer 2 is another one, here keepalive.
    const line = readFileSync('/proc/net/tcp', 'latin1')
      .split('\n')
      .map((each) => each.trim().split(/\s+/u))
      .find(
        ([, local, remote]) => local?.endsWith(hex(remotePort)) && remote?.endsWith(hex(localPort)),
      );
    expect(line?.[5]?.slice(0, 2)).toBe('02');
  },
);
