import { createHash, randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import { helloFor } from '../support/local-servers.ts';
import { countInMemory } from '../support/process-memory.ts';
import { describeNeeding } from '../support/requirements.ts';
import { RouterProcess } from '../support/router-process.ts';
import { UdpPeer } from '../support/udp-peer.ts';
import { until } from '../support/until.ts';

const MEGABYTE = 1_000_000;
const STRANGE_DATAGRAMS = 50_000;
const KIB_OF_MIB = 1024;
const PROFILE = "PS1='$ '; bind 'set enable-bracketed-paste off'\n";

function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

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
      const bytes = randomBytes(20 * MEGABYTE);
      const transfer = host.et(['--via', 'udp', 'testhost', 'cat'], { input: bytes });
      for (let i = 0; i < 3; i += 1) {
        await until(
          'a link',
          () => router.status(),
          ({ datagrams }) => (datagrams?.links ?? 0) >= 1 && (datagrams?.addresses ?? 0) >= 1,
        );
        await sleep(100);
        await router.kill(signal);
        await router.startAgain();
      }
      const { stdout, status } = await transfer;
      expect({ digest: digestOf(stdout), status }).toEqual({ digest: digestOf(bytes), status: 0 });
    },
  );

  test('a shell goes on when its router is killed under the hands of who types, again and again', async () => {
    const et = host.terminal(['--via', 'udp', 'testhost']);
    await et.see('$ ');
    for (let i = 0; i < 5; i += 1) {
      et.type(`echo before ${i}; ec`);
      await router.kill();
      et.type(`ho after ${i}\r`);
      await router.startAgain(300 * i);
      await et.see(`\r\nbefore ${i}\r\nafter ${i}\r\n`);
    }
    et.type('exit\r');
    expect((await et.ended).status).toBe(0);
  });

  test('what passes is never in its memory or its log', async () => {
    const marker = `marker-${randomBytes(12).toString('hex')}`;
    const et = host.terminal(['--via', 'udp', 'testhost']);
    await et.see('$ ');
    for (let i = 0; i < 20; i += 1) {
      et.type(`echo ${i} ${marker}\r`);
      await et.see(`\r\n${i} ${marker}\r\n`);
    }
    const [listed] = await host.sessions();
    expect(countInMemory(listed?.pid ?? 0, marker)).toBeGreaterThan(0);
    expect(countInMemory(router.pid, marker)).toBe(0);
    expect(router.log).not.toContain(marker);
    et.type('exit\r');
    await et.ended;
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
