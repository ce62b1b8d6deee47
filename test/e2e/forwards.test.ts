import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, type TestContext, test } from 'vitest';
import { EtHost, said } from '../support/et-host.ts';
import { freePort } from '../support/free-port.ts';
import { Program } from '../support/program.ts';
import { describeNeeding } from '../support/requirements.ts';
import { makeKey, Sshd } from '../support/sshd.ts';
import { until } from '../support/until.ts';

const HELLO = 'through and back\n';

describeNeeding(['sshd', 'linux', 'ssh-agent'], 'the agent, forwarded', () => {
  let host: EtHost;
  let environment: Readonly<Record<string, string>>;
  let listed: string;
  let agent: Program;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
    const socket = join(host.home, 'agent.sock');
    environment = { SSH_AUTH_SOCK: socket };
    agent = new Program(['ssh-agent', '-D', '-a', socket], place(host));
    await until(
      'an agent',
      () => existsSync(socket),
      (isThere) => isThere,
    );
    makeKey(join(host.home, 'key'));
    await host.run('ssh-add', ['-q', join(host.home, 'key')], { environment });
    const { stdout } = await host.run('ssh-add', ['-l'], { environment });
    listed = stdout.toString();
    expect(listed).toContain('SHA256:');
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await agent.stop();
    await host.stop();
  });

  test('lists its keys to a command there and signs with them, by a socket of its own', async () => {
    const command = `ssh-add -l && ssh-add -T ${host.home}/key.pub && echo "$SSH_AUTH_SOCK" && stat -c %a "$SSH_AUTH_SOCK" "\${SSH_AUTH_SOCK%/*}"`;
    const { stdout, stderr, status } = await host.et(['-A', 'testhost', command], { environment });
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    const [key, path = '', ...modes] = stdout.toString().trimEnd().split('\n');
    expect([`${key}\n`, modes]).toEqual([listed, ['600', '700']]);
    expect(path).not.toBe(environment['SSH_AUTH_SOCK']);
    expect(existsSync(dirname(path))).toBe(false);
  });

  test('is there for a shell until its end', async () => {
    const et = host.terminal(['-A', 'testhost'], { environment });
    await et.see('$ ');
    expect(await et.command('ssh-add -l')).toContain(listed);
    const [path = ''] =
      (await et.command('echo "<$SSH_AUTH_SOCK>"')).match(/(?<=<)\/.*(?=>)/u) ?? [];
    const directory = dirname(path);
    expect(statSync(directory).mode & 0o777).toBe(0o700);
    et.type('exit\r');
    expect((await et.ended).status).toBe(0);
    await until(
      'nothing left of its socket',
      () => existsSync(directory),
      (isThere) => !isThere,
    );
  });

  test('leaves nothing of its socket where the session server is told to end', async () => {
    const et = host.terminal(['-A', 'testhost'], { environment });
    await et.see('$ ');
    const [path = ''] =
      (await et.command('echo "<$SSH_AUTH_SOCK>"')).match(/(?<=<)\/.*(?=>)/u) ?? [];
    const [session] = await host.sessions();
    process.kill(session?.pid ?? 0, 'SIGTERM');
    await et.see('et: the server ended the session: its host has ended it');
    expect((await et.ended).status).toBe(255);
    expect(host.kept()).toEqual([]);
    await until(
      'nothing left of its socket',
      () => existsSync(dirname(path)),
      (isThere) => !isThere,
    );
  });

  test.each([
    ['yes', 'ForwardAgent yes'],
    ['its path', 'ForwardAgent HOME/agent.sock'],
    ['a variable', 'ForwardAgent $SSH_AUTH_SOCK'],
  ])('is forwarded where ssh_config says %s', async (_, line) => {
    const own = readFileSync(host.sshd.sshConfigPath, 'utf8');
    const config = host.file(
      'with_agent',
      `Host testhost\n${line.replace('HOME', host.home)}\n${own}`,
    );
    const args = ['-F', config, 'testhost', 'ssh-add -l'];
    const { stdout, status } = await host.elsewhere(args, { environment });
    expect({ stdout: stdout.toString(), status }).toEqual({ stdout: listed, status: 0 });
  });

  test('is not there where nobody asks for it', async () => {
    const command = 'echo "[$SSH_AUTH_SOCK]"';
    for (const flags of [[], ['-A', '-a']]) {
      const { stdout } = await host.et([...flags, 'testhost', command], { environment });
      expect(stdout.toString()).toBe('[]\n');
    }
  });
});

describeNeeding(['sshd', 'linux'], 'et -W as the ProxyCommand of OpenSSH', () => {
  let host: EtHost;
  let inner: Sshd;
  let config: string;

  beforeAll(async () => {
    [host, inner] = await Promise.all([
      EtHost.start(),
      Sshd.start({ config: ['Subsystem sftp internal-sftp'] }),
    ]);
    const direct = readFileSync(inner.sshConfigPath, 'utf8').replace('testhost', 'inner');
    const proxy = `ProxyCommand ${host.clientWords.join(' ')} -W %h:%p testhost`;
    config = host.file('inner_config', `${direct}${proxy}\n`);
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await host.stop();
    await inner.stop();
  });

  test('ssh runs a command with its input, outputs and status', async () => {
    const input = randomBytes(3_000_000);
    const args = ['-F', config, 'inner', 'cat; echo error >&2; exit 7'];
    const { stdout, stderr, status } = await host.run('ssh', args, { input });
    expect({ stderr, status }).toEqual({ stderr: 'error\n', status: 7 });
    expect(stdout.equals(input)).toBe(true);
  });

  test('sftp puts a file and gets it again', async () => {
    const bytes = randomBytes(3_000_000);
    const put = host.file('put', bytes);
    const batch = `put ${put} ${inner.home}/there\nget ${inner.home}/there got\n`;
    const args = ['-F', config, '-b', '-', 'inner'];
    const { status, stderr } = await host.run('sftp', args, { input: batch });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(readFileSync(join(host.home, 'got')).equals(bytes)).toBe(true);
  });

  test('ssh fails in one line where nobody listens', async () => {
    const port = await freePort();
    const args = ['-F', config, '-p', String(port), 'inner', 'true'];
    const { status, stderr } = await host.run('ssh', args);
    expect(status).toBe(255);
    expect(stderr).toMatch(/^et: .*refused.*\n/u);
  });
});

describeNeeding(['sshd', 'linux', 'socat'], 'forwards of a client', () => {
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

  test('-R 0 reports the port that was allocated', async (context) => {
    const { port } = await echo(context);
    const et = start(context, '-N', '-R', `0:localhost:${port}`, 'testhost');
    await until(
      'a line',
      () => et.stderr,
      (text) => text.includes('\n'),
    );
    expect(et.stderr).toMatch(
      new RegExp(`^Allocated port \\d+ for remote forward to localhost:${port}\n$`, 'u'),
    );
    const [, there] = /port (\d+)/u.exec(et.stderr) ?? [];
    expect(await say(`TCP:127.0.0.1:${there}`)).toBe(HELLO);
  });

  test('sockets in files carry connections, and only their owner may make them', async (context) => {
    const [there, here] = [join(host.home, 'there.sock'), join(host.home, 'here.sock')];
    Program.during(context, ['socat', `UNIX-LISTEN:${there},fork`, 'EXEC:cat'], place(host));
    start(context, '-N', '-L', `${here}:${there}`, 'testhost');
    await hears(`UNIX:${here}`);
    expect(statSync(here).mode & 0o777).toBe(0o600);
  });

  test.for(['-L', '-R'])(
    '%s with a port that is taken says by whom, and the others work',
    async (flag, context) => {
      const { port, holder } = await echo(context);
      const free = await freePort();
      const flags = [flag, `${port}:localhost:22`, '-L', `${free}:localhost:${port}`];
      const et = start(context, '-N', ...flags, 'testhost');
      const wanted = `et: ${flag} ${port}:localhost:22: cannot listen on ${port}: it is in use by socat (pid ${holder})\n`;
      await until(
        'a line',
        () => et.stderr,
        (text) => text === wanted,
      );
      expect(await say(`TCP:127.0.0.1:${free}`)).toBe(HELLO);
    },
  );

  test.for(['-L', '-R'])(
    '%s with a port that is taken ends with 255 where ExitOnForwardFailure wants it',
    async (flag, context) => {
      const { port, holder } = await echo(context);
      const flags = ['-o', 'ExitOnForwardFailure=yes', flag, `${port}:localhost:22`];
      expect(said(await host.et(['-N', ...flags, 'testhost']))).toEqual({
        stdout: '',
        stderr: `et: ${flag} ${port}:localhost:22: cannot listen on ${port}: it is in use by socat (pid ${holder})\n`,
        status: 255,
      });
    },
  );

  test('a session server does not stay where its client fails before the first link has joined', async (context) => {
    const { port } = await echo(context);
    // An ssh whose line is slow for a while once the request has gone.
    const slowly = `{ IFS= read -r line; printf '%s\\n' "$line"; sleep 2; cat; } | ssh "$@"`;
    const ssh = host.file(
      'slow/ssh',
      `#!/bin/sh\nPATH='${host.environment['PATH']}'\ncase $* in *-G*) exec ssh "$@";; esac\n${slowly}\n`,
    );
    chmodSync(ssh, 0o755);
    const flags = ['-o', 'ExitOnForwardFailure=yes', '-L', `${port}:localhost:22`];
    const environment = { PATH: `${dirname(ssh)}:${host.environment['PATH']}` };
    const ended = await host.et(['-N', ...flags, 'testhost'], { environment });
    expect(ended.status).toBe(255);
    await until(
      'the end of the session server',
      () => host.processes().filter((line) => line.includes('etserver')),
      (list) => list.length === 0,
    );
  });

  test.for(['-L', '-R'])(
    'under ExitOnForwardFailure no command runs before %s listens',
    async (flag, context) => {
      const { port } = await echo(context);
      const flags = ['-o', 'ExitOnForwardFailure=yes', flag, `${port}:localhost:22`];
      const ended = await host.et([...flags, 'testhost', 'echo ran']);
      expect([ended.stdout.toString(), ended.status]).toEqual(['', 255]);
    },
  );

  test('a command that ends at once still has its forward, and what was wrong with another is said', async (context) => {
    const { port } = await echo(context);
    const free = await freePort();
    const path = join(host.home, 'own.sock');
    const flags = [
      '-L',
      `${port}:localhost:22`,
      '-L',
      `${free}:localhost:22`,
      '-L',
      `${path}:localhost:22`,
    ];
    const ended = await host.et([...flags, 'testhost', `test -S ${path} && echo there`]);
    expect([ended.stdout.toString(), ended.status]).toEqual(['there\n', 0]);
    expect(ended.stderr).toContain(`cannot listen on ${port}: it is in use`);
    expect(existsSync(path)).toBe(false);
  });

  test('ssh_config has its forwards, and ClearAllForwardings clears them with those of the command line', async (context) => {
    const { port } = await echo(context);
    const ports = await Promise.all(Array.from({ length: 4 }, () => freePort()));
    const [local, remote, dynamic, typed] = ports;
    const lines = [
      'Host testhost',
      `LocalForward ${local} localhost:${port}`,
      `RemoteForward ${remote} localhost:${port}`,
      `DynamicForward ${dynamic}`,
    ];
    const own = readFileSync(host.sshd.sshConfigPath, 'utf8');
    const config = host.file('with_forwards', `${lines.join('\n')}\n${own}`);
    const flags = ['-F', config, '-L', `${typed}:localhost:${port}`];
    const et = start(context, '-N', ...flags, 'testhost');
    const straight = [local, remote, typed].map((each) => `TCP:127.0.0.1:${each}`);
    for (const address of straight) await hears(address);
    await hears(`SOCKS4A:127.0.0.1:localhost:${port},socksport=${dynamic}`);
    await et.stop();
    const clear = ['-o', 'ClearAllForwardings=yes'];
    const cleared = start(context, ...clear, ...flags, 'testhost', 'echo runs; cat');
    await cleared.see(/^runs\n$/u);
    for (const each of ports)
      expect(await say(`TCP:127.0.0.1:${each}`)).toContain('Connection refused');
  });

  /** A server that answers what it hears. */
  async function echo(context: TestContext): Promise<{ port: number; holder: number | undefined }> {
    const port = await freePort();
    const words = ['socat', `TCP-LISTEN:${port},bind=127.0.0.1,fork,reuseaddr`, 'EXEC:cat'];
    const { child } = Program.during(context, words, place(host));
    await hears(`TCP:127.0.0.1:${port}`);
    return { port, holder: child.pid };
  }

  function start(context: TestContext, ...args: readonly string[]): Program {
    return Program.during(context, [...host.clientWords, ...args], place(host));
  }

  /** Says something to who listens there, and returns all that comes back. */
  async function say(address: string): Promise<string> {
    const { stdout, stderr } = await host.run('socat', ['-t', '60', '-', address], {
      input: HELLO,
    });
    return stdout.toString() + stderr;
  }

  /** Settles when somebody there answers. */
  async function hears(address: string): Promise<void> {
    await until(
      `an answer of ${address}`,
      () => say(address),
      (answer) => answer === HELLO,
    );
  }
});

/** Where a program of this host runs. */
function place({ home, environment }: EtHost) {
  return { cwd: home, environment };
}
