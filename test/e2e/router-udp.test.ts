import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import { helloFor } from '../support/local-servers.ts';
import { describeNeeding } from '../support/requirements.ts';
import { RouterProcess } from '../support/router-process.ts';
import {
  digestOf,
  PROFILE,
  type ThroughRouter,
  transferThroughEnds,
  typeInSecret,
  typeThroughEnds,
} from '../support/through-router.ts';
import { UdpPeer } from '../support/udp-peer.ts';
import { until } from '../support/until.ts';

const MEGABYTE = 1_000_000;
const STRANGE_DATAGRAMS = 50_000;
const KIB_OF_MIB = 1024;

describeNeeding(['sshd', 'linux'], 'a host with a router that takes datagrams', () => {
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
      ({ servers, datagrams }) => servers + (datagrams?.links ?? 0) === 0,
    );
    expect((await router.status()).datagrams?.addresses).toBe(0);
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
        ({ datagrams }) => (datagrams?.links ?? 0) >= 1 && (datagrams?.addresses ?? 0) >= 1,
      );
    return { host, router, via: 'udp', hasLink };
  }

  test('a command runs over its datagrams alone', async () => {
    const et = await host.et(['--via', 'udp', 'testhost', 'read line; echo "it said: $line"'], {
      input: 'in and out\n',
    });
    expect(et).toMatchObject({ status: 0, stderr: '' });
    expect(et.stdout.toString()).toBe('it said: in and out\n');
  });

  test('by itself a session prefers them to TCP', async () => {
    const et = host.terminal(['testhost']);
    await et.see('$ ');
    await until(
      'a link in datagrams',
      () => router.status(),
      ({ datagrams }) => (datagrams?.links ?? 0) > 0,
    );
    et.type('exit\r');
    expect((await et.ended).status).toBe(0);
  });

  test.each(['SIGKILL', 'SIGTERM'] as const)(
    'a router that ends by %s in the middle of a transfer and comes again costs no byte',
    async (signal) => {
      await transferThroughEnds(through(), signal, 20);
    },
  );

  test('a shell goes on when its router is killed under the hands of who types, again and again', async () => {
    await typeThroughEnds(through());
  });

  test('what passes is never in its memory or its log', async () => {
    await typeInSecret(through());
  });

  test('strangers by the tens of thousands get silence, leave nothing behind, and keep nobody out', async (context) => {
    const et = host.terminal(['--via', 'udp', 'testhost']);
    await et.see('$ ');
    const stranger = await UdpPeer.open();
    context.onTestFinished(() => stranger.close());
    const record = randomBytes(1200);
    record[0] = 0xc0;
    const kinds = [randomBytes(1200), helloFor(randomBytes(16)), record, randomBytes(1)];
    const before = await router.status();
    const { residentKib } = router;
    for (let i = 0; i < STRANGE_DATAGRAMS; i += 1) {
      stranger.send(kinds[i % kinds.length] as Uint8Array, router.port);
      if (i % 100 !== 0) continue;
      await new Promise((resolve) => setImmediate(resolve));
      if (i % 10_000 !== 0) continue;
      et.type(`echo among ${i}\r`);
      await et.see(`\r\namong ${i}\r\n`);
    }
    const { datagrams } = await router.status();
    expect(stranger.received).toEqual([]);
    expect(datagrams?.links).toBe(before.datagrams?.links);
    expect(datagrams?.addresses).toBe(before.datagrams?.addresses);
    expect(datagrams?.strange).toBeGreaterThan(1000);
    expect(router.residentKib - residentKib).toBeLessThan(50 * KIB_OF_MIB);
    et.type('exit\r');
    await et.ended;
  });

  test('of sessions beside each other each has its own, and one that is stopped harms none', async () => {
    const bytes = [0, 1, 2].map(() => randomBytes(4 * MEGABYTE));
    const stopped = host.et(['--via', 'udp', 'testhost', 'cat'], { input: bytes[0] as Buffer });
    const [listed] = await until(
      'a session that runs',
      () => host.sessions(),
      ([first]) => first?.command === 'cat',
    );
    process.kill(listed?.pid ?? 0, 'SIGSTOP');
    const others = await Promise.all(
      bytes.slice(1).map((input) => host.et(['--via', 'udp', 'testhost', 'cat'], { input })),
    );
    expect(others.map((other) => digestOf(other.stdout))).toEqual(bytes.slice(1).map(digestOf));
    process.kill(listed?.pid ?? 0, 'SIGCONT');
    const { stdout, status } = await stopped;
    expect({ digest: digestOf(stdout), status }).toEqual({
      digest: digestOf(bytes[0] as Buffer),
      status: 0,
    });
  });
});

describeNeeding(['sshd', 'linux'], 'a host with a router that takes no datagrams', () => {
  test('has sessions by TCP', async (context) => {
    const host = await EtHost.start();
    context.onTestFinished(() => host.stop());
    const router = await RouterProcess.start(host, { flags: ['--no-udp'] });
    context.onTestFinished(() => router.stop());
    expect((await router.status()).datagrams).toBeUndefined();
    const et = await host.et(['testhost', 'echo here']);
    expect(et).toMatchObject({ status: 0, stderr: '' });
  });
});
