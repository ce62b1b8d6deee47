import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Carrier } from '../../src/link/carrier.ts';
import { REFUSED } from '../../src/wire/limits.ts';
import { quantile } from '../bench/quantile.ts';
import { EtHost } from '../support/et-host.ts';
import {
  echo,
  helloFor,
  helloTo,
  type LocalServer,
  localServer,
  roundTrip,
} from '../support/local-servers.ts';
import { PROJECT_ROOT } from '../support/project-root.ts';
import { describeNeeding } from '../support/requirements.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

const CONNECTIONS = 10_000;
const AT_A_TIME = 25;
const STRANGER_UID = 54_321;
const KIB_OF_MIB = 1024;

/** A place where every user of the machine comes to the router's socket, as in /run. */
class PublicRouter {
  readonly directory: string;
  readonly socket: string;
  readonly host: EtHost;
  router: RouterProcess;

  private constructor(directory: string, host: EtHost, router: RouterProcess) {
    this.directory = directory;
    this.socket = join(directory, 'router.sock');
    this.host = host;
    this.router = router;
  }

  static async start(): Promise<PublicRouter> {
    const directory = mkdtempSync(join(tmpdir(), 'everterm-router-'));
    chmodSync(directory, 0o755);
    const host = await EtHost.start();
    const router = await RouterProcess.start(host, { socket: join(directory, 'router.sock') });
    return new PublicRouter(directory, host, router);
  }

  async stop(): Promise<void> {
    await this.router.stop();
    await this.host.stop();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

describeNeeding(['sshd', 'linux'], 'a router among strangers', () => {
  let place: PublicRouter;
  let server: LocalServer;
  let port: number;

  beforeAll(async () => {
    place = await PublicRouter.start();
    ({ port } = place.router);
    server = await register(place.socket, echo);
  });

  afterEach(async () => {
    const client = await helloTo(port, server.routeId);
    await roundTrip(client);
    client.destroy();
    await until(
      'nobody but the server',
      () => place.router.status(),
      ({ links, waiting, servers }) => links + waiting === 0 && servers === 1,
    );
  });

  afterAll(async () => {
    server.registration.close();
    await place.stop();
  });

  test.each([
    ['garbage', randomBytes(1400)],
    ['a hello for a route that nobody has', helloFor(randomBytes(16))],
    [
      'a preamble for another host',
      Buffer.concat([Buffer.from('EVTJ\x01\x0c127.0.0.1:22'), helloFor(randomBytes(16))]),
    ],
  ])('answers %s with REFUSED, and no more', async (_, bytes) => {
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    expect(await buffer(socket)).toEqual(Buffer.from(REFUSED));
  });

  test('answers HTTP as a web server does, and ends it', async () => {
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
    expect((await buffer(socket)).toString()).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\n/u);
  });

  test(`outlives ${CONNECTIONS} connections that say nothing, too little, or nonsense`, async () => {
    const kinds = [
      Buffer.alloc(0),
      randomBytes(7),
      randomBytes(1400),
      helloFor(randomBytes(16)).subarray(0, 900),
      helloFor(randomBytes(16)),
      Buffer.from('{"register":[]}\n'),
    ];
    for (let count = 0; count < CONNECTIONS; count += AT_A_TIME) {
      const batch = Array.from({ length: AT_A_TIME }, async (_, index) => {
        const socket = connect(port, '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        socket.write(kinds[index % kinds.length] as Buffer);
        socket.resetAndDestroy();
      });
      await Promise.all(batch);
    }
    expect(place.router.peakResidentKib).toBeLessThan(150 * KIB_OF_MIB);
  });

  test('those who say their hello one byte at a time are refused after 10 s, and keep nobody out', async () => {
    const slow = await Promise.all(
      Array.from({ length: 1000 }, async () => {
        const socket = connect(port, '127.0.0.1').on('error', () => undefined);
        await once(socket, 'connect');
        return socket;
      }),
    );
    const hello = helloFor(server.routeId);
    const answers = slow.map((socket) => buffer(socket));
    for (let i = 0; i < 12; i += 1) {
      for (const socket of slow) if (!socket.destroyed) socket.write(hello.subarray(i, i + 1));
      const client = await helloTo(port, server.routeId);
      await roundTrip(client);
      client.destroy();
      await sleep(1000);
    }
    for (const answer of await Promise.all(answers)) expect(answer).toEqual(Buffer.from(REFUSED));
  });

  test('one peer of a hundred that takes nothing costs the others nothing, and the router little', async () => {
    const carriers: Carrier[] = [];
    const flood = await register(place.socket, (taken) => carriers.push(taken));
    const stalled = await helloTo(port, flood.routeId);
    stalled.pause();
    const others = await Promise.all(
      Array.from({ length: 99 }, () => helloTo(port, server.routeId)),
    );
    const rounds = async (): Promise<number[]> => {
      const found: number[] = [];
      for (let i = 0; i < 10; i += 1)
        for (const other of others) found.push(await roundTrip(other));
      return found;
    };
    const before = await rounds();
    const residentKib = place.router.residentKib;
    const [carrier] = await until(
      'the flood',
      () => carriers,
      (list) => list.length === 1,
    );
    carrier?.start({ onBytes: () => undefined, onClose: () => undefined });
    const piece = Buffer.alloc(65_536);
    for (let i = 0; i < 2000; i += 1) carrier?.write([new Uint8Array(piece)]);
    const during = await rounds();
    tell(
      `echo p99 ${quantile(before, 0.99).toFixed(2)} ms, beside a stalled peer ${quantile(during, 0.99).toFixed(2)} ms`,
    );
    // 125 MiB wait for the peer: at their sender.
    expect(carrier?.queuedBytes).toBeGreaterThan(100 * KIB_OF_MIB * 1024);
    expect(place.router.residentKib - residentKib).toBeLessThan(30 * KIB_OF_MIB);
    for (const socket of [stalled, ...others]) socket.destroy();
    flood.registration.close();
  });

  test('1,000 idle sessions need less than 200 MB in one router, and no timer of theirs wakes it', async () => {
    const servers: LocalServer[] = [];
    const clients: Socket[] = [];
    for (let i = 0; i < 999; i += 1) {
      servers.push(await register(place.socket, echo));
      clients.push(await helloTo(port, servers[i]?.routeId ?? new Uint8Array(16)));
    }
    await until(
      '999 links',
      () => place.router.status(),
      ({ links }) => links === 999,
    );
    tell(`1,000 idle sessions: ${Math.round(place.router.residentKib / KIB_OF_MIB)} MiB`);
    expect(place.router.residentKib).toBeLessThan(200_000);
    const wakesBefore = place.router.wakeCount;
    await sleep(3000);
    expect(place.router.wakeCount - wakesBefore).toBeLessThan(10);
    for (const client of clients) client.destroy();
    for (const { registration } of servers) registration.close();
  });
});

describeNeeding(['sshd', 'root'], 'a router among users of its machine', () => {
  let place: PublicRouter;

  beforeAll(async () => {
    place = await PublicRouter.start();
  });

  afterAll(async () => {
    await place.stop();
  });

  test('a session server of another user is registered for that user', async () => {
    expect(await asStranger('register', '1')).toEqual({ registered: 1 });
  });

  test('nobody registers by a directory of somebody else, a link to one, or one that others may change', async () => {
    const root = join(place.directory, 'of-root');
    for (const trick of ['link', 'open', 'file', 'nothing']) {
      expect(await asStranger('trick', trick, root), trick).toEqual({ outcome: 'dropped' });
    }
  });

  test('a user who fills what is his keeps nobody else out', { timeout: 300_000 }, async () => {
    // A quarter of 8,192.
    expect(await asStranger('register', '2100')).toEqual({ registered: 2048 });
  });

  test('a crowd of connections that prove nothing does not keep out a session server that tries again', async () => {
    const crowd = asStranger('crowd', '8');
    let [tries, count] = [0, 0];
    const end = performance.now() + 8000;
    while (performance.now() < end) {
      const server = await localServer(place.socket, echo);
      tries += 1;
      if (server !== undefined) count += 1;
      server?.registration.close();
      await sleep(50);
    }
    const { connections } = (await crowd) as { connections: number };
    tell(
      `${connections} connections of a crowd; beside it ${count} of ${tries} registrations came about at once`,
    );
    expect(connections).toBeGreaterThan(1000);
    expect(count).toBeGreaterThan(1);
  });

  test('a route is had by who shows its secret alone; a token is good once', async () => {
    const carriers: Carrier[] = [];
    const server = await register(place.socket, (carrier) => carriers.push(carrier));
    const answer = await say(place.socket, `{"take":"${'0'.repeat(32)}"}\n`);
    expect(answer).toEqual(Buffer.alloc(0));
    // The id is known to whoever sees a hello; to register it takes what it is the hash of.
    const claim = await say(
      place.socket,
      `{"register":["${Buffer.from(server.routeId).toString('hex')}"]}\n`,
    );
    expect(claim).toEqual(Buffer.alloc(0));
    const client = await helloTo(place.router.port, server.routeId);
    await until(
      'its own client',
      () => carriers.length,
      (count) => count === 1,
    );
    client.destroy();
    server.registration.close();
  });

  /** Runs what another user would try, as that user; it prints one line of JSON. */
  async function asStranger(...words: string[]): Promise<unknown> {
    const run = promisify(execFile);
    const script = join(PROJECT_ROOT, 'test', 'support', 'local-stranger.js');
    const { stdout } = await run('setpriv', [
      `--reuid=${STRANGER_UID}`,
      `--regid=${STRANGER_UID}`,
      '--clear-groups',
      process.execPath,
      script,
      place.socket,
      ...words,
    ]);
    return JSON.parse(stdout);
  }
});

function tell(text: string): void {
  process.stdout.write(`${text}\n`);
}

async function register(
  socket: string,
  onCarrier: (carrier: Carrier) => void,
): Promise<LocalServer> {
  return await until(
    'a registration',
    () => localServer(socket, onCarrier),
    (found) => found !== undefined,
  ).then((found) => {
    if (found === undefined) throw new Error('not registered');
    return found;
  });
}

/** What comes back for a line, up to the end. */
async function say(socket: string, line: string): Promise<Buffer> {
  const connection = connect(socket).on('error', () => undefined);
  connection.write(line);
  return await buffer(connection).catch(() => Buffer.alloc(0));
}
