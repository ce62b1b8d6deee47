import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemCodeOf } from '../../src/base/errors.ts';
import type { ForwardKind, ForwardSpec } from '../../src/forward/forward-spec.ts';
import { StreamSocket } from '../../src/link/stream-socket.ts';
import { deathOf, ForwardLab, readAll, soon } from './forward-lab.ts';

const labs: ForwardLab[] = [];

afterEach(() => {
  for (const lab of labs.splice(0)) lab.close();
});

function makeLab(): ForwardLab {
  const lab = new ForwardLab();
  labs.push(lab);
  return lab;
}

function spec(kind: ForwardKind, port?: number): ForwardSpec {
  const listen = { kind: 'tcp', bind: '127.0.0.1', port: 0 } as const;
  const target =
    port === undefined ? undefined : ({ kind: 'tcp', host: '127.0.0.1', port } as const);
  return { kind, listen, target, source: kind };
}

function isQuiet({ open, waiting }: { open: number; waiting: number }): boolean {
  return open === 0 && waiting === 0;
}

/** `end` where the program believes that it has everything, else the error that it sees. Node's own socket would call a reset behind bytes an end. */
function endingOf(program: Socket): Promise<string> {
  return new Promise((resolve) => {
    new StreamSocket(program, { label: 'program', isResettable: true }).start({
      onBytes: () => undefined,
      onEnd: () => resolve('end'),
      onDrain: () => undefined,
      onClose: (error) => resolve(systemCodeOf(error?.cause) ?? 'closed'),
    });
  });
}

/** Says it and waits for an answer. */
async function echoOf(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  return answer.toString();
}

describe.each(['local', 'remote'] as const)('%s', (kind) => {
  test('thousands of connections that come and go at once leave nothing, whatever way they go', async () => {
    const lab = makeLab();
    const target = await lab.target((accepted) => accepted.pipe(accepted));
    const port = await lab.listening(spec(kind, target));
    for (let round = 0; round < 20; round += 1) {
      const deaths = Array.from({ length: 50 }, (_, i) => {
        const socket = lab.dial(port);
        const death = deathOf(socket);
        socket.once('connect', () => {
          if (i % 3 === 0) socket.resetAndDestroy();
          else if (i % 3 === 1) socket.destroy();
          else socket.end('x');
        });
        return death;
      });
      await Promise.all(deaths);
    }
    await soon(() => lab.set.status().every(isQuiet));
    const channels = kind === 'remote' ? 1 : 0;
    await soon(() => lab.serverMux.channelCount === channels);
    await soon(() => lab.clientMux.channelCount === channels);
    expect(lab.set.status()[0]).toMatchObject({ refused: 0, lastError: undefined });
    const socket = lab.dial(port);
    expect(await echoOf(socket, 'still there')).toBe('still there');
  });

  test('a connection that is reset during an outage, before its target was reached, reaches nobody', async () => {
    const lab = makeLab();
    let reached = 0;
    const target = await lab.target((accepted) => {
      reached += 1;
      accepted.end();
    });
    const port = await lab.listening(spec(kind, target));
    lab.hold();
    const here = kind === 'local' ? lab.clientMux : lab.serverMux;
    const before = here.channelCount;
    const sockets = Array.from({ length: 20 }, () => lab.dial(port));
    await soon(() => here.channelCount === before + 20);
    for (const socket of sockets) {
      socket.write(Buffer.alloc(20_000));
      socket.resetAndDestroy();
    }
    await soon(() => here.channelCount === before);
    expect(lab.set.status().every(isQuiet)).toBe(true);
    lab.release();
    const last = lab.dial(port);
    last.end();
    await readAll(last);
    expect(reached).toBe(1);
  });

  test('what was said before a reset arrives before it, however late', async () => {
    const lab = makeLab();
    const accepted: Socket[] = [];
    const target = await lab.target((socket) => accepted.push(socket));
    const program = lab.dial(await lab.listening(spec(kind, target)));
    program.once('connect', () => program.pause());
    await soon(() => lab.set.status()[0]?.open === 1 && accepted.length === 1);
    lab.hold();
    const there = kind === 'local' ? lab.serverMux : lab.clientMux;
    await new Promise<void>((resolve) =>
      accepted[0]?.write(Buffer.alloc(300_000), () => resolve()),
    );
    await soon(() => there.bufferedBytes === 300_000);
    accepted[0]?.resetAndDestroy();
    await new Promise((resolve) => setTimeout(resolve, 50));
    lab.release();
    expect(await endingOf(program)).toBe('ECONNRESET');
    expect(program.bytesRead).toBe(300_000);
    await soon(() => lab.set.status().every(isQuiet));
  });

  test('the end of the session resets what is open, and the next one carries what comes', async () => {
    const lab = makeLab();
    const target = await lab.target((accepted) => accepted.pipe(accepted));
    const port = await lab.listening(spec(kind, target));
    const first = lab.dial(port);
    expect(await echoOf(first, 'one')).toBe('one');
    const death = deathOf(first);
    lab.endSession();
    expect(await death).toBe('ECONNRESET');
    expect(lab.set.status().every(isQuiet)).toBe(true);
    // The far side’s port is free again, and asked for again.
    if (kind === 'remote') await soon(() => lab.set.status()[0]?.state === 'starting');
    lab.nextSession();
    await soon(() => lab.set.status()[0]?.state === 'listening');
    expect(await echoOf(lab.dial(port), 'two')).toBe('two');
  });
});

test('a whole answer that nobody has read yet never looks complete when the session ends', async () => {
  const lab = makeLab();
  const target = await lab.target((accepted) => accepted.end(Buffer.alloc(30_000_000)));
  const socket = lab.dial(await lab.listening(spec('local', target)));
  socket.once('connect', () => socket.pause());
  await soon(() => (lab.set.status()[0]?.bytesIn ?? 0) > 1_000_000);
  lab.endSession();
  expect(await endingOf(socket)).toBe('ECONNRESET');
});

test('more connections than can wait for a session push out those that have waited the longest', async () => {
  const lab = makeLab();
  const target = await lab.target((accepted) => accepted.pipe(accepted));
  const port = await lab.listening(spec('local', target));
  lab.endSession();
  const gone: Socket[] = [];
  for (let i = 0; i < 1024; i += 1) {
    const socket = lab.dial(port);
    await once(socket, 'connect');
    if (i % 2 === 0) socket.resetAndDestroy();
    gone.push(socket);
  }
  const socket = lab.dial(port);
  await once(socket, 'connect');
  await soon(() => lab.set.status()[0]?.refused === 1);
  expect(lab.set.status()[0]).toMatchObject({ waiting: 1024, open: 0 });
  expect(lab.told.at(-1)).toBe('refused local no session carries it at the moment');
  lab.nextSession();
  expect(await echoOf(socket, 'the last')).toBe('the last');
  for (const each of gone) each.destroy();
  await soon(() => lab.set.status()[0]?.waiting === 0 && lab.set.status()[0]?.open === 1);
});

test('a forward that is removed while connections wait for a session lets go of them', async () => {
  const lab = makeLab();
  const port = await lab.listening(spec('local', 9));
  lab.endSession();
  const socket = lab.dial(port);
  await soon(() => lab.set.status()[0]?.waiting === 1);
  const forward = lab.set.find('local', { kind: 'tcp', bind: '127.0.0.1', port });
  if (forward === undefined) throw new Error('no forward');
  lab.set.remove(forward);
  await readAll(socket);
  expect(forward.counters).toMatchObject({ waiting: 0, open: 0 });
  lab.nextSession();
  expect(forward.counters).toMatchObject({ waiting: 0, open: 0, refused: 0 });
});

test('a forward that is removed while it starts listens nowhere, and takes no connection', async () => {
  const lab = makeLab();
  const free = await lab.target(() => undefined);
  const first = lab.set.add({
    ...spec('local', 9),
    listen: { kind: 'tcp', bind: 'localhost', port: 0 },
  });
  lab.set.remove(first);
  await soon(() => first.place.kind === 'tcp');
  await new Promise((resolve) => setTimeout(resolve, 50));
  const port = first.place.kind === 'tcp' ? first.place.port : 0;
  if (port !== 0) expect(await deathOf(lab.dial(port))).toBe('ECONNREFUSED');
  expect(lab.told).toEqual([]);
  expect(free).toBeGreaterThan(0);
});

test('a client of the HTTP proxy that keeps its connection is served by the next session too', async () => {
  const lab = makeLab();
  const target = await lab.target((accepted) => {
    accepted.once('data', () =>
      accepted.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'),
    );
  });
  const socket = lab.dial(await lab.listening(spec('http-proxy')));
  const request = `GET http://127.0.0.1:${target}/ HTTP/1.1\r\nHost: a\r\n\r\n`;
  let said = '';
  socket.on('data', (bytes: Buffer) => {
    said += bytes.toString();
  });
  socket.write(request);
  await soon(() => said.endsWith('ok'));
  lab.endSession();
  said = '';
  socket.write(request);
  await soon(() => said.endsWith('\n'));
  expect(said).toMatch(/^HTTP\/1\.1 502 /u);
  expect(said).toMatch(/\r\n\r\net: no session carries it at the moment\n$/u);
  lab.nextSession();
  said = '';
  socket.write(request);
  await soon(() => said.endsWith('ok'));
  expect(said).toMatch(/^HTTP\/1\.1 200 /u);
  expect(lab.set.status().every(isQuiet)).toBe(true);
});

test('a tunnel of the HTTP proxy that is reset at the far side is reset here: it looks like no end', async () => {
  const lab = makeLab();
  const target = await lab.target((accepted) => {
    accepted.once('data', () => accepted.resetAndDestroy());
  });
  const socket = lab.dial(await lab.listening(spec('http-proxy')));
  socket.write(`CONNECT 127.0.0.1:${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
  await once(socket, 'data');
  const ending = endingOf(socket);
  socket.write('x');
  expect(await ending).toBe('ECONNRESET');
  await soon(() => lab.set.status().every(isQuiet));
});

test('two listeners for one variable: the later has it, and keeps it when the first ends', async () => {
  const lab = makeLab();
  const listen = { kind: 'variable', name: 'MY_SOCK' } as const;
  const first = lab.set.add({ ...spec('remote', 9), listen });
  await soon(() => first.state === 'listening');
  const firstPath = lab.server.variables['MY_SOCK'];
  const second = lab.set.add({ ...spec('remote', 9), listen });
  await soon(() => second.state === 'listening');
  const path = lab.server.variables['MY_SOCK'];
  expect(path).not.toBe(firstPath);
  lab.set.remove(first);
  await soon(() => readdirSync(lab.directory).length === 1);
  expect(lab.server.variables['MY_SOCK']).toBe(path);
  lab.set.remove(second);
  await soon(() => readdirSync(lab.directory).length === 0);
  expect(lab.server.variables).toEqual({});
});
