import { chmodSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ETSERVER, EtHost, said } from '../support/et-host.ts';
import { PROJECT_ROOT } from '../support/project-root.ts';
import { describeNeeding } from '../support/requirements.ts';

describeNeeding(['sshd', 'linux'], 'et where it cannot, and other ways to a host', () => {
  let host: EtHost;
  /** Has no etserver. */
  let bare: EtHost;

  beforeAll(async () => {
    [host, bare] = await Promise.all([EtHost.start(), EtHost.start({ withoutServer: true })]);
    host.file('.bash_profile', "PS1='$ '\n");
  });

  afterEach(({ task }) => {
    if (task.result?.state !== 'fail') return;
    host.clear();
    bare.clear();
  });

  afterAll(async () => {
    await Promise.all([host.stop(), bare.stop()]);
  });

  test.each([
    [['--prot', '5', 'testhost'], /--prot.*--port/u],
    [['-p', 'x', 'testhost'], /-p.*port/u],
    [['-t', 'testhost', 'top'], /-t.*tunnel.*-tt|-t.*-tt.*tunnel/u],
    [['testhost:99999'], /99999/u],
    [[], /host/u],
  ])('refuses %j with status 2 and one line', async (args, line) => {
    const { stdout, stderr, status } = await host.et(args);
    expect([stdout.toString(), status]).toEqual(['', 2]);
    expect(stderr).toMatch(/^et: [^\n]+\n$/u);
    expect(stderr).toMatch(line);
  });

  test.each([[['lss']], [['kill']], [['alive', 'xyz']], [['--detach']]])(
    'etserver refuses %j with status 2 and one line',
    async (args) => {
      const { stderr, status } = await host.etserver(...args);
      expect(status).toBe(2);
      expect(stderr).toMatch(/^etserver: [^\n]+\n$/u);
    },
  );

  test('--help and --version need no host', async () => {
    const help = await host.et(['--help']);
    expect(help.status).toBe(0);
    expect(help.stdout.toString()).toContain('et me@example.org');
    const version = await host.etserver('--version');
    expect(version.stdout.toString()).toMatch(/^etserver \d+\.\d+\.\d+\n$/u);
  });

  test('-G says what ssh -G says', async () => {
    const [ours, theirs] = await Promise.all([
      host.et(['-G', 'testhost']),
      host.ssh(['-G', 'testhost']),
    ]);
    expect(said(ours)).toEqual(said(theirs));
  });

  test('a command for a host without etserver is run by ssh, and a line says so', async () => {
    const result = await bare.et(['testhost', 'cat; exit 4'], { input: 'passed on' });
    expect([result.stdout.toString(), result.status]).toEqual(['passed on', 4]);
    expect(result.stderr).toMatch(/^et: no etserver on [^\n]+; plain ssh runs it instead\n$/u);
  });

  test('--fallback none, and a shell, end with 255: a line why, a line what to do', async () => {
    for (const args of [['--fallback', 'none', 'testhost', 'true'], ['testhost']]) {
      const { stdout, stderr, status } = await bare.et(args);
      expect([stdout.toString(), status]).toEqual(['', 255]);
      expect(stderr).toMatch(
        /^et: no etserver on [^\n]+\net: run npm install -g everterm [^\n]+\n$/u,
      );
    }
  });

  test('finds etserver where --server-path says', async () => {
    const { stdout } = await bare.et(['--server-path', ETSERVER, 'testhost', 'echo found']);
    expect(stdout.toString()).toBe('found\n');
  });

  test('says what it found where Node is too old', async () => {
    const old = await EtHost.start({ withoutServer: true });
    old.file('bin/node', '#!/bin/sh\necho v18.0.0\n');
    chmodSync(join(old.home, 'bin', 'node'), 0o755);
    const { stderr, status } = await old.et(
      ['--fallback', 'none', '--server-path', ETSERVER, 'testhost', 'true'],
      {
        environment: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
      },
    );
    await old.stop();
    // Somewhere else on this machine there may be a newer one, which is found then.
    if (status === 0) return;
    expect(status).toBe(255);
    expect(stderr).toMatch(
      /^et: etserver needs Node 20\.19 or newer; [^\n]*v18\.0\.0[^\n]*\net: [^\n]+\n$/u,
    );
  });

  test("a host that ssh cannot reach: 255, ssh's own words, a line why, a line what to do", async () => {
    const { stderr, status } = await host.et([
      '-o',
      'HostName=127.0.0.1',
      '-p',
      '1',
      'testhost',
      'true',
    ]);
    expect(status).toBe(255);
    expect(stderr).toMatch(
      /^ssh: connect to host [^\n]+\r?\net: ssh could not reach the host\net: [^\n]+\n$/u,
    );
  });

  test('--ssh COMMAND reaches whatever runs a command', async () => {
    const { stdout, status } = await host.elsewhere(
      ['--ssh', 'sh -c %c', 'anywhere', 'cat; exit 5'],
      { input: 'by sh' },
    );
    expect([stdout.toString(), status]).toEqual(['by sh', 5]);
  });

  test('--ssh builtin knows the host, and carries as ssh does', async () => {
    const input = Buffer.alloc(300_000, 'builtin\n');
    const flags = ['--ssh', 'builtin', '-o', `UserKnownHostsFile=${host.sshd.knownHostsPath}`];
    const result = await host.et([...flags, 'testhost', 'cat; echo err >&2; exit 6'], { input });
    expect([result.stderr, result.status]).toEqual(['err\n', 6]);
    expect(result.stdout.equals(input)).toBe(true);
  });

  test('--ssh builtin --via ssh comes back after a cut', async () => {
    const et = host.terminal(['--ssh', 'builtin', '--via', 'ssh', 'testhost']);
    await et.see('$ ');
    host.cutSsh();
    et.type('echo ty""ped\r');
    await et.see('typed\r\n');
    et.type('exit\r');
    await et.ended;
  });

  test('a lingering ControlMaster does not hold it up', async () => {
    const master = [
      '-o',
      'ControlMaster=auto',
      '-o',
      `ControlPath=${host.home}/master`,
      '-o',
      'ControlPersist=yes',
    ];
    const first = await host.et([...master, 'testhost', 'echo one']);
    const second = await host.et([...master, 'testhost', 'echo two; exit 3']);
    expect([first.stdout.toString(), second.stdout.toString(), second.status]).toEqual([
      'one\n',
      'two\n',
      3,
    ]);
    await host.ssh([...master, '-O', 'exit', 'testhost']);
  });

  test('--local needs no ssh, and npm start runs standard input as a script', async () => {
    const input = 'echo "in $PWD"; exit 7\n';
    const local = await host.local([], {
      input,
      environment: { PATH: `${dirname(process.execPath)}:/usr/bin:/bin` },
    });
    expect([local.stdout.toString(), local.status]).toEqual([`in ${host.home}\n`, 7]);
    const npm = await host.run('npm', ['--prefix', PROJECT_ROOT, '--silent', 'start'], { input });
    expect([npm.stdout.toString(), npm.status]).toEqual([`in ${host.home}\n`, 7]);
  });

  test('npm start on a terminal is a shell that exits with its status', async () => {
    const et = host.onTerminal(['npm', '--prefix', PROJECT_ROOT, '--silent', 'start']);
    await et.see('$ ');
    et.type('exit 9\r');
    expect((await et.ended).status).toBe(9);
  });
});
