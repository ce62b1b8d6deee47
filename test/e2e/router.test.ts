import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { RouterProcess } from '../support/router-process.ts';
import { until } from '../support/until.ts';

describeNeeding(['sshd', 'linux'], 'a host with a router', () => {
  let host: EtHost;
  let router: RouterProcess;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
    router = await RouterProcess.start(host);
  });

  afterAll(async () => {
    await router.stop();
    await host.stop();
  });

  test('a command runs over the router alone, and its session server has no port of its own', async () => {
    const et = host.et(['--via', 'tcp', 'testhost', 'sleep 1; echo over the router']);
    await until(
      'a link in the router',
      () => router.status(),
      ({ links, servers }) => links === 1 && servers === 1,
    );
    const [listed] = await host.sessions();
    expect(listed?.port).toBe(router.port);
    const { stdout, status, stderr } = await et;
    expect({ stdout: stdout.toString(), status, stderr }).toEqual({
      stdout: 'over the router\n',
      status: 0,
      stderr: '',
    });
    await until(
      'an empty router',
      () => router.status(),
      ({ links, servers, routes }) => links + servers + routes === 0,
    );
  });

  test('100 MB each way come through whole', async () => {
    const bytes = Buffer.alloc(100_000_000);
    for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE((i * 2_654_435_761) >>> 0, i);
    const { stdout } = await host.et(['--via', 'tcp', 'testhost', 'cat'], { input: bytes });
    const digest = (of: Uint8Array): string => createHash('sha256').update(of).digest('hex');
    expect(digest(stdout)).toBe(digest(bytes));
  });
});
