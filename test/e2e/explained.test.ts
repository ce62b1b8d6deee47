import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ClientStatus } from '../../src/etclient/client-status.ts';
import { EtHost, said } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { until } from '../support/until.ts';

describeNeeding(['sshd', 'linux'], 'what is said about roads', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '\n");
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await host.stop();
  });

  test('--explain says which, when and why, and connects nowhere', async () => {
    const marker = join(host.home, 'connected');
    const config = host.file(
      'behind',
      `Host inner\nHostName 192.0.2.1\nProxyCommand touch ${marker}\n`,
    );
    expect(said(await host.elsewhere(['-F', config, '--explain', 'inner']))).toEqual({
      stdout: `\
plan: race(udp, delay(50ms, tcp), ssh)

road  leads to                                  is tried                              for                     because
udp   192.0.2.1 (HostName), the session's port  at once                               4 s, now and then 30 s  it is the best where it works
tcp   192.0.2.1 (HostName), the session's port  after 0.05 s, or once udp has failed  4 s, now and then 30 s  it works where UDP is blocked
ssh   inner, as ssh does                        at once                               60 s                    the host is behind a ProxyCommand

The ssh that starts the session carries it, until the best road that answers takes over.
The port is known when the session has begun.
`,
      stderr: '',
      status: 0,
    });
    expect(existsSync(marker)).toBe(false);
  });

  test('it explains a plan of the user as it stands, and where it leaves from', async () => {
    const via = 'fallback(timeout(2s,tcp),tcp:gate:7000)';
    const { stdout } = await host.et(['--via', via, '--from', 'lo', '--explain', 'testhost']);
    const lines = stdout.toString().split('\n');
    expect(lines[0]).toBe('plan: fallback(timeout(2s, tcp), tcp:gate:7000)');
    expect(lines.slice(3, 5).map((line) => line.split(/ {2,}/u).slice(2))).toEqual([
      ['at once', '2 s', '--via says so'],
      ['once tcp has failed', '4 s, now and then 30 s', '--via says so'],
    ]);
    expect(lines).toContain('The ssh that starts the session ends at once.');
    expect(lines.at(-2)).toMatch(/^UDP and TCP leave from lo: .*127\.0\.0\.1; ssh from/u);
  });

  test.each([
    [
      ['--via', 'proxy'],
      'et: --via proxy: the environment names no proxy for this host: set HTTPS_PROXY or ALL_PROXY\n',
    ],
    [['--via', 'race(jump, ssh)'], 'et: --via jump: there is no jump host: add --jumphost HOST\n'],
    [
      ['--via', 'race(tcp, shs)'],
      'et: --via "race(tcp, shs)": at character 11: "shs" is no road: did you mean ssh?\n',
    ],
  ])('%j is refused before anything begins', async (flags, stderr) => {
    expect(said(await host.et([...flags, 'testhost', 'true']))).toEqual({
      stdout: '',
      stderr,
      status: 2,
    });
  });

  test('what carried is remembered for the next time, in a file of the owner alone', async () => {
    host.forget();
    // A client with a forward can be asked.
    const et = host.terminal(['-R', '0:localhost:9', 'testhost']);
    await et.see('$ ');
    const [client] = await until(
      'udp carries',
      statuses,
      ([first]) => first?.links.length === 1 && first.links[0]?.road === 'udp',
    );
    const [session] = await host.sessions();
    et.type('exit\r');
    await et.ended;
    expect(client?.links).toMatchObject([{ state: 'alive', isUsed: true, road: 'udp' }]);
    expect(client?.links[0]?.deliveredBytes).toBeGreaterThan(0);
    const file = join(host.home, '.local/state/everterm/roads.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const { stdout } = await host.et(['--explain', 'testhost']);
    expect(stdout.toString()).toContain('it worked here last time');
    expect(stdout.toString()).toContain(`the last time it was ${session?.port}.`);
  });

  async function statuses(): Promise<readonly ClientStatus[]> {
    const { stdout } = await host.elsewhere(['status', '--json']);
    return (JSON.parse(stdout.toString()) as { sessions: ClientStatus[] }).sessions;
  }
});
