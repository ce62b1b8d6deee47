import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Server, type ServerOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import type { Listener, ListenerDeps, ListenerEvents } from '../../src/link/listener.ts';
import { SocketFactory } from '../../src/link/socket-factory.ts';
import { listenTcp } from '../../src/link/tcp-listener.ts';
import { unixDial } from '../../src/link/unix-dial.ts';
import { listenUnix } from '../../src/link/unix-listener.ts';
import { MAX_UNIX_PATH_BYTES } from '../../src/link/unix-path.ts';
import { describeNeeding } from '../support/requirements.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { compileSources } from './compile-sources.ts';
import { turnUntil } from './real-time.ts';

const clock = new SystemClock();
const deps: ListenerDeps = { clock, random: systemRandom, sockets: new SocketFactory(clock) };
const ownerId = process.getuid?.() ?? 0;
const ANY = { first: 0, last: 0 };

const directory = mkdtempSync(join(tmpdir(), 'everterm-listen-'));
afterAll(() => rmSync(directory, { recursive: true }));

function collect(): ListenerEvents & { readonly carriers: Carrier[] } {
  const carriers: Carrier[] = [];
  onTestFinished(() => {
    for (const carrier of carriers) carrier.reset();
  });
  return { carriers, onCarrier: (carrier) => carriers.push(carrier) };
}

async function tcp(
  addresses: readonly string[],
  range = ANY,
  events: ListenerEvents = collect(),
): Promise<Listener> {
  const listener = await listenTcp(deps, addresses, range, events);
  onTestFinished(() => listener.close());
  return listener;
}

async function isReachable(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

describe('listening on TCP', () => {
  test('takes the first free port of the range', async () => {
    const taken = await tcp(['127.0.0.1']);
    const range = { first: taken.port, last: taken.port + 20 };
    const next = await tcp(['127.0.0.1'], range);
    expect(next.port).toBeGreaterThan(taken.port);
    expect(next.port).toBeLessThanOrEqual(range.last);
    expect(next.label).toBe(`tcp 127.0.0.1:${next.port}`);
  });

  test('a port counts as free only if it is so on every address', async () => {
    const taken = await tcp(['127.0.0.2']);
    const range = { first: taken.port, last: taken.port + 20 };
    const listener = await tcp(['127.0.0.1', '127.0.0.2'], range);
    expect(listener.port).toBeGreaterThan(taken.port);
    expect(await isReachable('127.0.0.1', listener.port)).toBe(true);
    expect(await isReachable('127.0.0.2', listener.port)).toBe(true);
    // What was bound on the way to the free port was let go.
    expect(await isReachable('127.0.0.1', taken.port)).toBe(false);
  });

  test('a range without a free port says so', async () => {
    const { port } = await tcp(['127.0.0.1']);
    await expect(tcp(['127.0.0.1'], { first: port, last: port })).rejects.toMatchObject({
      code: 'ET_ERR_STATE',
      message: `no free TCP port ${port} on 127.0.0.1`,
    });
  });

  test('an address that is not ours is named', async () => {
    await expect(tcp(['192.0.2.77'])).rejects.toMatchObject({
      code: 'ET_ERR_STATE',
      message: expect.stringContaining('192.0.2.77'),
    });
  });

  test('carriers are made with the peer and the own address in plain spelling', async () => {
    const events = collect();
    const { port } = await tcp([''], ANY, events);
    expect(await isReachable('127.0.0.1', port)).toBe(true);
    await turnUntil(() => events.carriers.length > 0);
    expect(events.carriers[0]).toMatchObject({
      localAddress: '127.0.0.1',
      label: expect.stringMatching(/^tcp 127\.0\.0\.1:\d+$/u),
    });
  });

  test('close frees the port, and what was accepted lives on', async () => {
    const events = collect();
    const listener = await tcp(['127.0.0.1'], ANY, events);
    const socket = connect({ host: '127.0.0.1', port: listener.port });
    onTestFinished(() => void socket.destroy());
    await turnUntil(() => events.carriers.length > 0);
    await listener.close();
    expect(await isReachable('127.0.0.1', listener.port)).toBe(false);
    events.carriers[0]?.write([Uint8Array.of(7)]);
    const [bytes] = await once(socket, 'data');
    expect([...bytes]).toEqual([7]);
  });
});

describeNeeding(['ipv6'], 'listening on both families', () => {
  test('without an address it is reached over IPv4 and IPv6', async () => {
    const { port } = await tcp(['']);
    expect(await isReachable('127.0.0.1', port)).toBe(true);
    expect(await isReachable('::1', port)).toBe(true);
  });
});

describe('accepting that fails', () => {
  /** A listener in virtual time, and the servers it has made so far. */
  async function troubled() {
    const virtual = new VirtualClock();
    const servers: Server[] = [];
    const makeServer = (options: ServerOpts): Server => {
      const server = createServer(options);
      servers.push(server);
      return server;
    };
    const random = { bytes: (count: number) => systemRandom.bytes(count), uniform: () => 0.5 };
    const troubles: string[] = [];
    const onTrouble = (error: Error): void => void troubles.push(error.message);
    const listener = await listenTcp(
      { ...deps, clock: virtual, random, makeServer },
      ['127.0.0.1'],
      ANY,
      { ...collect(), onTrouble },
    );
    onTestFinished(() => listener.close());
    const fail = async (): Promise<void> => {
      const server = servers.at(-1);
      server?.emit('error', new Error('accept EMFILE'));
      await turnUntil(() => server?.listening === false);
    };
    return { virtual, servers, troubles, listener, fail };
  }

  test('begins again on the same port, a jittered moment later, as often as it takes', async () => {
    const { virtual, servers, troubles, listener, fail } = await troubled();
    for (const round of [1, 2]) {
      await fail();
      virtual.advance(149);
      expect(servers).toHaveLength(round);
      virtual.advance(1);
      expect(servers).toHaveLength(round + 1);
      await turnUntil(() => servers.at(-1)?.listening === true);
      expect(await isReachable('127.0.0.1', listener.port)).toBe(true);
    }
    expect(troubles).toEqual(['accept EMFILE', 'accept EMFILE']);
    expect(virtual.pending).toBe(0);
  });

  test('goes on trying while somebody else has the port', async () => {
    const { virtual, servers, listener, fail } = await troubled();
    await fail();
    const thief = createServer().listen(listener.port, '127.0.0.1');
    await once(thief, 'listening');
    virtual.advance(150);
    await turnUntil(() => virtual.pending === 1);
    await new Promise((resolve) => thief.close(resolve));
    virtual.advance(150);
    await turnUntil(() => servers.at(-1)?.listening === true);
    expect(await isReachable('127.0.0.1', listener.port)).toBe(true);
  });

  test('closed while it waits, it never listens again', async () => {
    const { virtual, servers, listener, fail } = await troubled();
    await fail();
    await listener.close();
    virtual.advance(1000);
    expect([servers.length, virtual.pending]).toEqual([1, 0]);
  });

  test('closed while it begins again, it has freed the port when close resolves', async () => {
    const { virtual, servers, listener, fail } = await troubled();
    await fail();
    virtual.advance(150);
    expect(servers).toHaveLength(2);
    await listener.close();
    expect(await isReachable('127.0.0.1', listener.port)).toBe(false);
  });
});

/** Holds what it accepts, on few descriptors; on SIGUSR2 lets all of it go, and echoes what comes later. */
const CROWDED_SERVER = `
  import { SystemClock } from './base/clock.js';
  import { systemRandom } from './base/random.js';
  import { SocketFactory } from './link/socket-factory.js';
  import { listenTcp } from './link/tcp-listener.js';
  const clock = new SystemClock();
  const held = [];
  const onCarrier = (carrier) => {
    held.push(carrier);
    carrier.start({ onBytes: (bytes) => carrier.write([bytes.slice()]), onClose: () => undefined });
  };
  const deps = { clock, random: systemRandom, sockets: new SocketFactory(clock) };
  const { port } = await listenTcp(deps, ['127.0.0.1'], { first: 0, last: 0 }, { onCarrier });
  process.on('SIGUSR2', () => {
    for (const carrier of held.splice(0)) carrier.reset();
    console.log('free');
  });
  console.log(port);
`;

test('a server without free descriptors turns connections away, lives, and recovers', async () => {
  const compiled = compileSources(['link/tcp-listener.ts', 'base/random.ts']);
  const script = join(compiled.directory, 'crowded.js');
  writeFileSync(script, CROWDED_SERVER);
  const child = spawn('sh', ['-c', 'ulimit -n 48; exec "$0" "$1"', process.execPath, script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => {
    child.kill('SIGKILL');
    compiled.remove();
  });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const port = Number((await lines.next()).value);
  let ended = 0;
  const sockets = Array.from({ length: 80 }, () =>
    connect({ host: '127.0.0.1', port })
      .on('error', () => undefined)
      .on('close', () => {
        ended += 1;
      })
      .resume(),
  );
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  await turnUntil(() => ended >= 32);
  expect(child.exitCode).toBeNull();
  child.kill('SIGUSR2');
  await lines.next();
  await turnUntil(() => ended === 80);
  const late = connect({ host: '127.0.0.1', port });
  onTestFinished(() => void late.destroy());
  late.write('still here');
  const [echo] = await once(late, 'data');
  expect(String(echo)).toBe('still here');
}, 60_000);

describe('listening on a unix socket', () => {
  const at = (name: string): string => join(directory, name);
  const unix = async (path: string, owner = ownerId): Promise<Listener> => {
    const listener = await listenUnix(deps, path, owner, collect());
    onTestFinished(() => listener.close());
    return listener;
  };

  test('makes a directory and a socket that only the owner may use', async () => {
    const listener = await unix(at('made/deep/s'));
    expect(statSync(at('made/deep')).mode & 0o777).toBe(0o700);
    expect(statSync(at('made/deep/s')).mode & 0o777).toBe(0o600);
    expect(listener).toMatchObject({ label: `unix ${at('made/deep/s')}`, port: 0 });
    await listener.close();
    expect(existsSync(at('made/deep/s'))).toBe(false);
  });

  test.each([0o750, 0o705, 0o711])('refuses a directory of mode %o', async (mode) => {
    mkdirSync(at(`open-${mode}`));
    chmodSync(at(`open-${mode}`), mode);
    await expect(unix(at(`open-${mode}/s`))).rejects.toMatchObject({
      code: 'ET_ERR_STATE',
      message: expect.stringContaining(mode.toString(8)),
    });
    expect(existsSync(at(`open-${mode}/s`))).toBe(false);
  });

  test('refuses a directory of another user', async () => {
    await expect(unix(at('foreign/s'), ownerId + 1)).rejects.toThrow(`not ${ownerId + 1}`);
  });

  test('replaces the socket of a server that was killed', async () => {
    mkdirSync(at('stale'), { mode: 0o700 });
    const bindOnly = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    expect(() => execFileSync(process.execPath, ['-e', bindOnly, at('stale/s')])).toThrow();
    expect(existsSync(at('stale/s'))).toBe(true);
    await unix(at('stale/s'));
    const carrier = await unixDial(
      clock,
      deps.sockets,
      at('stale/s'),
    )(new AbortController().signal);
    carrier.reset();
  });

  test('leaves a living server and a file that is no socket alone', async () => {
    await unix(at('alive/s'));
    await expect(unix(at('alive/s'))).rejects.toMatchObject({ code: 'ET_ERR_STATE' });
    writeFileSync(at('alive/file'), 'precious');
    await expect(unix(at('alive/file'))).rejects.toMatchObject({ code: 'ET_ERR_STATE' });
    expect(statSync(at('alive/file')).size).toBe(8);
    const carrier = await unixDial(
      clock,
      deps.sockets,
      at('alive/s'),
    )(new AbortController().signal);
    carrier.reset();
  });

  test('a path that the system would cut off is refused on both sides', async () => {
    const path = join(directory, 'x'.repeat(MAX_UNIX_PATH_BYTES));
    await expect(unix(path)).rejects.toMatchObject({ code: 'ET_ERR_STATE' });
    const dialled = unixDial(clock, deps.sockets, path)(new AbortController().signal);
    await expect(dialled).rejects.toMatchObject({ code: 'ET_ERR_DIAL', kind: 'other' });
  });

  test('where nobody listens, a dial is refused', async () => {
    const dialled = unixDial(clock, deps.sockets, at('nobody'))(new AbortController().signal);
    await expect(dialled).rejects.toMatchObject({ code: 'ET_ERR_DIAL', kind: 'refused' });
    const aborted = unixDial(clock, deps.sockets, at('nobody'))(AbortSignal.abort());
    await expect(aborted).rejects.toMatchObject({ kind: 'timeout' });
  });
});
