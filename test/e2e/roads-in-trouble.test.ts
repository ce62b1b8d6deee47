import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EtHost, said } from '../support/et-host.ts';
import { freePort } from '../support/free-port.ts';
import { describeNeeding } from '../support/requirements.ts';

const DONE = { stdout: 'done\n', stderr: '', status: 0 };
/** Long enough for the better road to have been tried. */
const WORK = 'sleep 2; echo done';

describeNeeding(
  ['sshd', 'linux'],
  'a session whose roads are not as they were thought to be',
  () => {
    let host: EtHost;

    beforeAll(async () => {
      host = await EtHost.start();
    });

    afterEach(({ task }) => {
      if (task.result?.state === 'fail') host.clear();
    });

    afterAll(async () => {
      await host.stop();
    });

    test('--standby has two links by two ways, with the plan of the real client', async () => {
      const { stdout, stderr, status } = await host.et(['-v', '--standby', 'testhost', WORK]);
      expect({ stdout: stdout.toString(), status }).toEqual({ stdout: 'done\n', status: 0 });
      expect(stderr).toMatch(/link 1 \(ssh-stdio testhost\) joined\n/u);
      expect(stderr).toMatch(/\(udp 127\.0\.0\.1:\d+\) joined\n/u);
      // TCP would fail together with UDP.
      expect(stderr).not.toContain('(tcp ');
      expect(stderr).not.toContain(' lost');
    });

    test('a proxy that cannot be used fails the WebSocket alone, and not the session', async () => {
      const environment = { HTTPS_PROXY: 'gopher://proxy:70' };
      const via = 'race(wss://127.0.0.1:1/, ssh)';
      expect(said(await host.et(['--via', via, 'testhost', WORK], { environment }))).toEqual(DONE);
    });

    test("a proxy that is the session's own fails the WebSocket alone, and not the session", async () => {
      const port = await freePort();
      const environment = { ALL_PROXY: `socks5h://127.0.0.1:${port}` };
      const via = 'race(wss://127.0.0.1:1/, ssh)';
      const words = ['-D', String(port), '--via', via, 'testhost', WORK];
      expect(said(await host.et(words, { environment }))).toEqual(DONE);
    });

    test.each([
      [
        '--via proxy',
        { HTTPS_PROXY: 'http://p:1', NO_PROXY: '127.0.0.0/8' },
        /no proxy for this host/u,
      ],
      ['--via proxy', { HTTPS_PROXY: 'gopher://p' }, /^et: HTTPS_PROXY: .* not gopher$/mu],
      ['--via wss://h/', { HTTPS_PROXY: 'gopher://p' }, /^et: HTTPS_PROXY: .* not gopher$/mu],
    ])('%s, where no other road is left, is refused at once: %o', async (via, environment, why) => {
      const words = [...via.split(' '), 'testhost', WORK];
      const { stdout, stderr, status } = await host.et(words, { environment });
      expect({ stdout: stdout.toString(), status }).toEqual({ stdout: '', status: 2 });
      expect(stderr).toMatch(why);
      expect(await host.sessions()).toEqual([]);
    });

    test('-W opens none of the forwards of ssh_config, as ssh -W does not', async () => {
      const port = await freePort();
      const included = `Include ${host.sshd.sshConfigPath}\n`;
      const forward = `Host testhost\nLocalForward ${port} 127.0.0.1:1\nExitOnForwardFailure yes\n`;
      const config = host.file('forwarding', `${forward}Host *\n${included}`);
      const holder = createServer().listen(port, '127.0.0.1');
      await once(holder, 'listening');
      const words = ['-F', config, '-W', `127.0.0.1:${host.sshd.port}`, 'testhost'];
      const { stdout, stderr } = await host.elsewhere(words, { input: 'none of yours\n' });
      holder.close();
      expect(stderr).toBe('');
      expect(stdout.toString()).toMatch(/^SSH-2\.0-/u);
    });
  },
);
