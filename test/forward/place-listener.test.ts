import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
} from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect, createServer, type ServerOpts, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { umask } from 'node:process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { ListenPlace } from '../../src/forward/endpoint.ts';
import { PlaceListener } from '../../src/forward/place-listener.ts';
import { PrivateServer } from '../../src/forward/private-server.ts';
import { ListeningSocket } from '../../src/link/listener.ts';
import { SocketFactory } from '../../src/link/socket-factory.ts';
import { soon } from './forward-lab.ts';

const clock = new SystemClock();
let directory = '';
let open: PlaceListener[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'places-'));
});

afterEach(async () => {
  await Promise.all(open.map((one) => one.close()));
  open = [];
  rmSync(directory, { recursive: true, force: true });
});

function make(place: ListenPlace, temporaryDirectory = directory): PlaceListener {
  const deps = {
    clock,
    random: systemRandom,
    probes: new SocketFactory(clock, 1024),
    temporaryDirectory,
  };
  const events = {
    onSocket: (socket: Socket) => void socket.destroy(),
    onTrouble: () => undefined,
  };
  const made = new PlaceListener(deps, place, events);
  open.push(made);
  return made;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function answers(where: { path: string } | { port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(where);
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

test.each(['localhost', '127.0.0.1', '*'])(
  'closed while it starts, nothing listens on %s, then or later',
  async (bind) => {
    const port = await freePort();
    const listener = make({ kind: 'tcp', bind, port });
    const listening = listener.listen();
    await listener.close();
    await listening.catch(() => undefined);
    expect(await answers({ port })).toBe(false);
  },
);

test('closed while it starts on a unix socket, no file is left', async () => {
  const path = join(directory, 'a.sock');
  const listener = make({ kind: 'unix', path });
  const listening = listener.listen();
  await listener.close();
  await listening.catch(() => undefined);
  expect(existsSync(path)).toBe(false);
});

test('closed while it looks whether a socket file is used, it leaves the file alone', async () => {
  const path = join(directory, 'a.sock');
  const stale = createServer();
  await new Promise<void>((resolve) => stale.listen(join(directory, 'b.sock'), resolve));
  linkSync(join(directory, 'b.sock'), path);
  await new Promise((resolve) => stale.close(resolve));
  const listener = make({ kind: 'unix', path });
  const listening = listener.listen();
  await new Promise<void>((resolve) => process.nextTick(resolve));
  await listener.close();
  await listening.catch(() => undefined);
  expect(await answers({ path })).toBe(false);
  expect(existsSync(path)).toBe(true);
});

test('closed while it starts for a variable, no directory is left', async () => {
  const listener = make({ kind: 'variable', name: 'MY_SOCK' });
  const listening = listener.listen();
  await listener.close();
  await listening.catch(() => undefined);
  expect(readdirSync(directory)).toEqual([]);
});

test('a socket is the user’s alone, whatever the umask', async () => {
  const before = umask(0);
  try {
    const path = join(directory, 'a.sock');
    await make({ kind: 'unix', path }).listen();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const variable = make({ kind: 'variable', name: 'MY_SOCK' });
    await variable.listen();
    const { place } = variable;
    if (place.kind !== 'unix') throw new Error('no path');
    expect(statSync(place.path).mode & 0o777).toBe(0o600);
    expect(statSync(join(place.path, '..')).mode & 0o777).toBe(0o700);
    expect(umask(0)).toBe(0);
  } finally {
    umask(before);
  }
});

test('it is the user’s alone also where it listens again, after accepting has failed', async () => {
  const before = umask(0);
  const path = join(directory, 'a.sock');
  const made: PrivateServer[] = [];
  const makeServer = (options: ServerOpts): PrivateServer => {
    const server = new PrivateServer(options);
    made.push(server);
    return server;
  };
  const events = { onCarrier: () => undefined };
  const one = new ListeningSocket(
    { clock, random: systemRandom, makeServer },
    () => undefined,
    events,
  );
  try {
    await one.listen({ path });
    made[0]?.emit('error', new Error('EMFILE'));
    await soon(() => made.length === 2 && existsSync(path));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  } finally {
    umask(before);
    await one.close();
  }
});

test('a server that could not listen leaves the file of another as it is', async () => {
  const path = join(directory, 'a.sock');
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(path, resolve));
  chmodSync(path, 0o666);
  const second = new PrivateServer();
  await new Promise((resolve) => second.once('error', resolve).listen({ path }));
  expect(statSync(path).mode & 0o777).toBe(0o666);
  await new Promise((resolve) => other.close(resolve));
});

test('a directory that is made meanwhile can be entered', async () => {
  const before = umask(0o022);
  try {
    const making: Promise<unknown>[] = [];
    for (let i = 0; i < 100; i += 1) {
      making.push(mkdir(join(directory, `d${i}`), { mode: 0o700 }));
      making.push(make({ kind: 'unix', path: join(directory, `${i}.sock`) }).listen());
    }
    await Promise.all(making);
    for (let i = 0; i < 100; i += 1) {
      expect(statSync(join(directory, `d${i}`)).mode & 0o777).toBe(0o700);
    }
  } finally {
    umask(before);
  }
});

test('a variable whose path would be cut off is an error, and leaves no directory', async () => {
  const long = join(directory, 'l'.repeat(60));
  mkdirSync(long);
  const listener = make({ kind: 'variable', name: 'N'.repeat(64) }, long);
  await expect(listener.listen()).rejects.toThrow(/: its path is longer than 103 bytes$/u);
  expect(readdirSync(long)).toEqual([]);
});
