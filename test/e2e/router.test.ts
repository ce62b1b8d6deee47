import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import { type Meddling, MeddlingProxy } from '../support/meddling-proxy.ts';
import { describeNeeding } from '../support/requirements.ts';
import { RouterProcess } from '../support/router-process.ts';
import { SEED } from '../support/seed.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import {
  digestOf,
  PROFILE,
  type ThroughRouter,
  transferThroughEnds,
  typeInSecret,
  typeThroughEnds,
} from '../support/through-router.ts';
import { until } from '../support/until.ts';

const MEGABYTE = 1_000_000;

describeNeeding(['sshd', 'linux'], 'a host with a router', () => {
  let host: EtHost;
  let router: RouterProcess;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', PROFILE);
    router = await RouterProcess.start(host);
  });

  afterEach(async () => {
    await until(
      'a router without sessions',
      () => router.status(),
      ({ links, servers, routes }) => links + servers + routes === 0,
    );
  });

  afterAll(async () => {
    await router.stop();
    await host.stop();
  });

  function through(): ThroughRouter {
    const hasLink = (): Promise<unknown> =>
      until(
        'a link',
        () => router.status(),
        ({ links }) => links === 1,
      );
    return { host, router, via: 'tcp', hasLink };
  }

  /** Where the one session of the host is reached. */
  async function portOfOnly(): Promise<number> {
    const [listed] = await until(
      'a session',
      () => host.sessions(),
      (sessions) => sessions.length === 1,
    );
    return listed?.port ?? 0;
  }

  test('a command runs over the router alone, and its session server has no port of its own', async () => {
    const et = host.et(['--via', 'tcp', 'testhost', 'read line; echo "over the router: $line"'], {
      input: 'in and out\n',
    });
    expect(await et).toMatchObject({ status: 0, stderr: '' });
    expect((await et).stdout.toString()).toBe('over the router: in and out\n');
    const waiting = host.et(['--via', 'tcp', 'testhost', 'sleep 6']);
    await until(
      'a link in the router',
      () => router.status(),
      ({ links, servers }) => links === 1 && servers === 1,
    );
    const [listed] = await host.sessions();
    expect(listed?.port).toBe(router.port);
    expect(listeningPortsOf(listed?.pid ?? 0)).toEqual([]);
    expect((await waiting).status).toBe(0);
  });

  test('who asks for a port has it, and no router', async () => {
    const et = host.et(['--port', '60700-60799', 'testhost', 'sleep 2']);
    const port = await portOfOnly();
    expect((await router.status()).servers).toBe(0);
    expect(port).toBeGreaterThanOrEqual(60_700);
    expect(port).toBeLessThanOrEqual(60_799);
    await et;
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'a router that ends by %s in the middle of a transfer and comes again costs no byte',
    async (signal) => {
      await transferThroughEnds(through(), signal, 40);
    },
  );

  test('a shell goes on when its router is killed under the hands of who types, again and again', async () => {
    await typeThroughEnds(through());
  });

  test('what passes a router is never in its memory or its log', async () => {
    await typeInSecret(through());
  });

  test('a session whose server is killed is said to be gone by the host, not by the router', async () => {
    const et = host.terminal(['--via', 'tcp', 'testhost']);
    await et.see('$ ');
    const [listed] = await host.sessions();
    process.kill(listed?.pid ?? 0, 'SIGKILL');
    await et.see('the session is gone');
    expect((await et.ended).status).toBe(255);
    host.forget();
  });

  test('a session that begins while its router is away has a port of its own', async () => {
    await router.kill();
    const et = host.et(['testhost', 'sleep 2']);
    expect(await portOfOnly()).toBeGreaterThanOrEqual(60_000);
    expect((await et).status).toBe(0);
    await router.startAgain();
  });

  test('a client that is up has four fresh route ids, and a router that comes again knows them', async () => {
    const et = host.terminal(['--via', 'tcp', 'testhost']);
    await et.see('$ ');
    // The bootstrap's, and four more.
    await until(
      'fresh route ids',
      () => router.status(),
      ({ routes }) => routes === 5,
    );
    await router.kill();
    await router.startAgain();
    await until(
      'all of them again',
      () => router.status(),
      ({ routes, links }) => routes === 5 && links === 1,
    );
    et.type('exit\r');
    await et.ended;
  });
});

describeNeeding(['sshd', 'linux'], `a router that means harm (EVERTERM_SEED=${SEED})`, () => {
  let host: EtHost;
  let proxy: MeddlingProxy;
  let router: RouterProcess;

  beforeAll(async () => {
    host = await EtHost.start();
    proxy = await MeddlingProxy.start(new SeededRandom(SEED + 41));
    router = await RouterProcess.start(host, { port: proxy.port, flags: ['--bind', '127.0.0.2'] });
  });

  afterAll(async () => {
    await proxy.close();
    await router.stop();
    await host.stop();
  });

  describe('costs reconnects, and never a wrong byte, when it', () => {
    test.each<[Meddling, string]>([
      ['flip', 'flips bits'],
      ['drop', 'drops bytes'],
      ['swap', 'swaps what it has read'],
      ['repeat', 'repeats what it has read'],
      ['truncate', 'cuts connections short'],
    ])('%s: %s', async (meddling) => {
      proxy.meddling = meddling;
      proxy.count = 0;
      const bytes = randomBytes(3 * MEGABYTE);
      const et = host.et(['--via', 'tcp', 'testhost', 'cat'], { input: bytes });
      await until(
        'meddling, often enough',
        () => proxy.count,
        (count) => count >= 3,
      );
      proxy.afterBytes = 2 ** 40;
      const { stdout, status } = await et;
      proxy.afterBytes = 400_000;
      expect({ digest: digestOf(stdout), status }).toEqual({ digest: digestOf(bytes), status: 0 });
    });
  });
});

/** The TCP ports on which a process listens. */
function listeningPortsOf(pid: number): number[] {
  const inodes = new Set(
    ['tcp', 'tcp6'].flatMap((table) =>
      readFileSync(`/proc/${pid}/net/${table}`, 'latin1')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/u))
        .filter(([, , , state]) => state === '0A')
        .map(([, local, , , , , , , , inode]) => `${inode} ${local}`),
    ),
  );
  const own = descriptorsOf(pid);
  return [...inodes].flatMap((each) => {
    const [inode, local = ''] = each.split(' ');
    return own.has(`socket:[${inode}]`) ? [Number.parseInt(local.split(':')[1] ?? '', 16)] : [];
  });
}

function descriptorsOf(pid: number): ReadonlySet<string> {
  return new Set(
    readdirSync(`/proc/${pid}/fd`).map((fd) => {
      try {
        return readlinkSync(`/proc/${pid}/fd/${fd}`);
      } catch {
        return '';
      }
    }),
  );
}
