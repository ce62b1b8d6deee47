import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, type TestContext, test } from 'vitest';
import { LabHost, PROMPT } from '../support/lab-host.ts';
import { cutDuring, roamDuring } from '../support/network-faults.ts';
import { bytesBelow, hashOfFile, Payload } from '../support/payload.ts';
import type { Program } from '../support/program.ts';
import { describeNeeding } from '../support/requirements.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { until } from '../support/until.ts';

const TEST_MS = 300_000;
const MEGABYTE = 1_000_000;
const LARGE_BYTES = 200 * MEGABYTE;
const SMALL_BYTES = 20 * MEGABYTE;
/** More than what the sockets, the pipe and the channel of a connection hold. */
const MIDDLE_BYTES = 3 * MEGABYTE;
const BEGUN_BYTES = 65_536;
const STALLED = 50;
const KEYS = 100;
const BLACK_HOLE_MS = 60_000;

describeNeeding(
  ['netlab', 'sshd', 'curl', 'redis'],
  `programs of others through forwards, while the network breaks (EVERTERM_SEED=${SEED})`,
  () => {
    let payload: Payload;

    beforeAll(() => {
      payload = new Payload();
      payload.file('large', LARGE_BYTES);
      payload.file('middle', MIDDLE_BYTES);
      payload.file('small', SMALL_BYTES);
    });

    afterAll(() => payload.remove());

    /** What curl says of its one connection, and the hash of what it got. */
    async function download(host: LabHost, name: string, ...args: string[]) {
      const path = join(host.host.home, name);
      const format = '%{http_code} after %{num_connects} connections';
      const words = ['curl', '-sS', '-o', path, '-w', format, ...args];
      const { stdout, stderr, status } = await host.finish('client', words);
      return { status, said: stderr + stdout.toString(), hash: await hashOfFile(path) };
    }

    async function whole(name: string) {
      const hash = await hashOfFile(join(payload.directory, name));
      return { status: 0, said: '200 after 1 connections', hash };
    }

    test.concurrent.for([
      ['a SOCKS proxy', ['-D', '1080'], ['--socks5-hostname', '127.0.0.1:1080']],
      ['an HTTP proxy', ['--http-proxy', '3128'], ['--proxy', 'http://127.0.0.1:3128']],
    ] as const)(
      'curl gets 200 MB through %s by one connection, across five cuts',
      {
        timeout: TEST_MS,
      },
      async ([name, flags, proxy], context) => {
        const random = new SeededRandom(SEED + (name === 'a SOCKS proxy' ? 21 : 22));
        const host = await LabHost.during(context, { settings: ['delay=2'] });
        await serveFiles(context, host, 'server', payload);
        await host.forward(context, ...flags);
        const done = (): number => bytesBelow(join(host.host.home, 'got'));
        const [got] = await Promise.all([
          download(host, 'got', ...proxy, 'http://localhost:8000/large'),
          cutDuring(host, { random, count: 5, done, total: LARGE_BYTES }),
        ]);
        expect(got).toEqual(await whole('large'));
      },
    );

    test.concurrent('curl gets what it wants through every kind of forward, across changes of address', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 23);
      const host = await LabHost.during(context, { settings: ['delay=10', 'rate=80000'] });
      await serveFiles(context, host, 'server', payload);
      await serveFiles(context, host, 'client', payload);
      const flags = [
        '-L',
        '8001:localhost:8000',
        '--http-proxy',
        '3128',
        '-R',
        '8002:127.0.0.1:8000',
      ];
      await host.forward(context, ...flags);
      const paths = ['local', 'tunnel', 'remote'].map((name) => join(host.host.home, name));
      const done = (): number => paths.reduce((sum, path) => sum + bytesBelow(path), 0);
      const remote = ['curl', '-sS', '-o', paths[2] ?? '', 'http://localhost:8002/small'];
      const tunnel = ['--proxytunnel', '--proxy', 'http://127.0.0.1:3128'];
      const [local, tunnelled, { status, stderr }] = await Promise.all([
        download(host, 'local', 'http://localhost:8001/small'),
        download(host, 'tunnel', ...tunnel, 'http://localhost:8000/small'),
        host.finish('server', remote),
        roamDuring(host, { random, count: 4, done, total: 3 * SMALL_BYTES }),
      ]);
      const wanted = await whole('small');
      expect([local, tunnelled]).toEqual([wanted, wanted]);
      expect({ status, stderr, hash: await hashOfFile(paths[2] ?? '') }).toEqual({
        status: 0,
        stderr: '',
        hash: wanted.hash,
      });
    });

    test.concurrent('redis-cli keeps its connections through 60 s of silence, and others are accepted in it', {
      timeout: TEST_MS,
    }, async (context) => {
      const host = await LabHost.during(context, { settings: ['delay=20'] });
      await serveFiles(context, host, 'server', payload);
      await serveRedis(context, host);
      await host.forward(
        context,
        '-L',
        '6379:127.0.0.1:6379',
        '-D',
        '1080',
        '--http-proxy',
        '3128',
      );
      const redis = (...words: string[]): Program =>
        host.program(context, 'client', 'redis-cli', ...words);
      const subscriber = redis('SUBSCRIBE', 'news');
      await subscriber.see(/^subscribe\nnews\n1\n/u);
      const client = redis();
      client.type('CLIENT ID\n');
      await client.see(/^\d+\n/u);
      await host.lab.control('down');
      client.type('INCR counter\n');
      const late = redis('ECHO', 'late');
      const curls = [
        ['--socks5-hostname', '127.0.0.1:1080'],
        ['--proxy', 'http://127.0.0.1:3128'],
      ].map((proxy, index) =>
        download(host, `late${index}`, ...proxy, 'http://localhost:8000/small'),
      );
      await until(
        'a connection that waits, of each forward',
        () => host.status(),
        ({ forwards }) => forwards.every(({ waiting }) => waiting === 1),
      );
      await sleep(BLACK_HOLE_MS);
      expect([client.stdout, late.stdout]).toEqual([expect.stringMatching(/^\d+\n$/u), '']);
      await host.lab.control('up');
      await client.see(/^\d+\n1\n/u);
      client.type('CLIENT ID\nPUBLISH news "it is over"\n');
      // The id is that of the connection.
      await client.see(/^(\d+)\n1\n\1\n1\n/u);
      await subscriber.see(/message\nnews\nit is over\n/u);
      expect(await late.ended).toBe(0);
      expect(late.stdout).toBe('late\n');
      const wanted = await whole('small');
      expect(await Promise.all(curls)).toEqual([wanted, wanted]);
    });

    test.concurrent('fifty connections whose readers stall stop nobody but themselves, and lose nothing', {
      timeout: TEST_MS,
    }, async (context) => {
      const random = new SeededRandom(SEED + 24);
      const host = await LabHost.during(context, { settings: ['delay=5'] });
      // By itself the kernel would hold 4 MB for each of them.
      host.run('client', 'sysctl', '-qw', 'net.ipv4.tcp_wmem=4096 16384 65536');
      await serveFiles(context, host, 'server', payload);
      const et = host.et(['-L', '8001:127.0.0.1:8000', 'testhost']);
      await et.see(PROMPT);
      await host.forwarding(1);
      const url = 'http://127.0.0.1:8001/middle';
      const stalled = Array.from({ length: STALLED }, () => {
        const stdio = ['ignore', 'pipe', 'inherit'] as const;
        return host.lab.spawn('client', ['curl', '-sS', url], { stdio: [...stdio] });
      });
      await until(
        'fifty that have begun, and stand still',
        async () => [await bytesIn(host), await bytesIn(host)],
        ([before = 0, after]) => before > STALLED * BEGUN_BYTES && before === after,
      );
      expect(await bytesIn(host)).toBeLessThan(STALLED * (MIDDLE_BYTES - BEGUN_BYTES));
      // What is typed is not echoed before it has been there and back.
      et.type('exec cat\r');
      await et.see('cat');
      for (let count = 0; count < KEYS; count += 1) {
        const key = String.fromCharCode(random.integer(0x41, 0x5a));
        et.type(key);
        await et.see(key);
      }
      expect(await download(host, 'got', 'http://127.0.0.1:8001/small')).toEqual(
        await whole('small'),
      );
      expect(stalled.map(({ exitCode }) => exitCode)).toEqual(Array(STALLED).fill(null));
      const hashes = await Promise.all(stalled.map(hashOfOutput));
      const { hash } = await whole('middle');
      expect(hashes).toEqual(Array(STALLED).fill(hash));
      et.type('\r\x04');
      expect((await et.ended).status).toBe(0);
    });
  },
);

/** Serves the files of `payload` on port 8000. */
async function serveFiles(
  context: TestContext,
  host: LabHost,
  side: 'client' | 'server',
  { directory }: Payload,
): Promise<void> {
  const words = ['http.server', '--bind', '127.0.0.1', '--directory', directory, '8000'];
  await host.program(context, side, 'python3', '-u', '-m', ...words).see(/^Serving/u);
}

async function serveRedis(context: TestContext, host: LabHost): Promise<void> {
  const flags = ['--bind', '127.0.0.1', '--save', '', '--dir', host.host.home];
  await host.program(context, 'server', 'redis-server', ...flags).see(/Ready to accept/u);
}

/** What has come through the first forward. */
async function bytesIn(host: LabHost): Promise<number> {
  const { forwards } = await host.status();
  return forwards[0]?.bytesIn ?? 0;
}

/** Only now is it read at all. */
async function hashOfOutput({ stdout }: ChildProcess): Promise<string> {
  const hash = createHash('sha256');
  if (stdout !== null) await pipeline(stdout, hash);
  return hash.digest('hex');
}
