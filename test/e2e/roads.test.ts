import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import type { EtTerminal } from '../support/et-terminal.ts';
import { describeNeeding } from '../support/requirements.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

describeNeeding(['sshd', 'linux'], 'the roads to a session: straight, and through ssh', () => {
  let host: EtHost;
  let proxy: TcpProxy;
  let behindProxy: readonly string[];

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '\n");
  });

  beforeEach(async () => {
    proxy = await TcpProxy.before('127.0.0.2');
    behindProxy = ['--port', String(proxy.port), '--bind', '127.0.0.2', 'testhost'];
  });

  afterEach(async () => {
    await proxy.close();
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await host.stop();
  });

  test('begins on the ssh that started it, and goes over to tcp', async () => {
    const et = await shell([]);
    await until(
      'a connection',
      () => proxy.openCount,
      (count) => count === 1,
    );
    await until('the end of ssh', sshProcesses, (list) => list.length === 0);
    await says(et, /^link \d+: tcp .*, alive/mu);
    await leave(et);
  });

  test('loses nothing of 20 MB each way while it goes over', async () => {
    const input = randomBytes(20_000_000);
    const result = await host.et([...behindProxy, 'cat'], { input });
    expect(result.status).toBe(0);
    expect(result.stdout.equals(input)).toBe(true);
    expect(proxy.count).toBe(1);
    expect(proxy.downBytes).toBeGreaterThan(1_000_000);
  });

  test('stays on ssh where its port is swallowed', async () => {
    proxy.isHole = true;
    const input = randomBytes(1_000_000);
    const result = await host.et([...behindProxy, 'cat'], { input });
    expect(result.stdout.equals(input)).toBe(true);
  });

  test('comes back over tcp when the ssh that started it is gone', async () => {
    proxy.isHole = true;
    const et = await shell([]);
    await says(et, /^link \d+: ssh-stdio testhost, alive/mu);
    proxy.isHole = false;
    killSsh();
    et.type('echo ty""ped\r');
    await et.see('typed\r\n');
    await says(et, /^link \d+: tcp .*, alive/mu);
    await leave(et);
  });

  test('comes back over another ssh where its port is blocked', async () => {
    proxy.isClosed = true;
    const et = await shell([]);
    for (let count = 0; count < 2; count += 1) {
      killSsh();
      et.type('echo ty""ped\r');
      await et.see('typed\r\n');
    }
    await says(et, /^link \d+: ssh-stdio testhost, alive/mu);
    await leave(et);
  });

  test('--via ssh needs no port', async () => {
    const et = await shell(['--via', 'ssh']);
    killSsh();
    et.type('echo ty""ped\r');
    await et.see('typed\r\n');
    await leave(et);
    expect(proxy.count).toBe(0);
  });

  test('--via tcp ends the ssh at once, and never runs it again', async () => {
    const et = await shell(['--via', 'tcp']);
    await until('the end of ssh', sshProcesses, (list) => list.length === 0);
    proxy.cut();
    et.type('echo ty""ped\r');
    await et.see('typed\r\n');
    expect(sshProcesses()).toEqual([]);
    await leave(et);
    expect(proxy.count).toBe(2);
  });

  function sshProcesses(): readonly string[] {
    return host.processes().filter((line) => /^\d+ \S*ssh /u.test(line));
  }

  function killSsh(): void {
    for (const line of sshProcesses()) process.kill(Number(line.split(' ')[0]), 'SIGKILL');
  }

  async function shell(flags: readonly string[]): Promise<EtTerminal> {
    const et = host.terminal([...flags, ...behindProxy]);
    await et.see('$ ');
    return et;
  }

  /** Asks with ~s until the answer is as wanted. */
  async function says(et: EtTerminal, pattern: RegExp): Promise<void> {
    await until(
      String(pattern),
      async () => {
        et.type('\r~s');
        return (await et.see('unsent: ')).replaceAll('\r', '');
      },
      (answer) => pattern.test(answer),
    );
  }

  async function leave(et: EtTerminal): Promise<void> {
    et.type('\rexit\r');
    await et.ended;
  }
});
