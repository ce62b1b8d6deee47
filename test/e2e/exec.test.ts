import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ET, EtHost, said } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';

const MEGABYTE = 1_000_000;

describeNeeding(['sshd', 'linux'], 'a command over et', () => {
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

  test('keeps standard output and error apart, and exits with its status', async () => {
    const result = await host.et(['testhost', 'echo out; echo err >&2; exit 42']);
    expect(said(result)).toEqual({ stdout: 'out\n', stderr: 'err\n', status: 42 });
  });

  test('carries 5 MB of all byte values in, and out on both outputs', async () => {
    const input = randomBytes(5 * MEGABYTE);
    const copy = join(host.home, 'copy');
    const result = await host.et(['testhost', `tee ${copy} >(cat >&2)`], { input });
    expect(result.status).toBe(0);
    expect(result.stdout.equals(input)).toBe(true);
    expect(result.stderrBytes.equals(input)).toBe(true);
    const { status } = await host.run('cmp', [copy, '-'], { input });
    expect(status).toBe(0);
  });

  test('half-closes standard input: tar on either side', async () => {
    const from = join(host.home, 'from');
    const to = join(host.home, 'to');
    mkdirSync(to);
    for (let index = 0; index < 20; index += 1) host.file(`from/dir/${index}`, randomBytes(20_000));
    const script = `tar -C ${from} -c . | "$0" "$@" 'tar -C ${to} -x; echo unpacked; sleep 0.2; du -a | wc -l >/dev/null; exit 5'`;
    const words = [process.execPath, ET, ...host.to, 'testhost'];
    const result = await host.run('bash', ['-c', script, ...words]);
    expect(said(result)).toEqual({ stdout: 'unpacked\n', stderr: '', status: 5 });
    expect((await host.run('diff', ['-r', from, to])).status).toBe(0);
  });

  test('ends with 128 and the number of the signal that ended it', async () => {
    expect((await host.et(['testhost', 'kill -KILL $$'])).status).toBe(137);
    expect((await host.et(['testhost', 'kill -TERM $$'])).status).toBe(143);
  });

  test('gets SIGPIPE when nobody reads its output any more', async () => {
    const words = [process.execPath, ET, ...host.to, 'testhost'];
    const script = `"$0" "$@" 'yes; echo $? >&2' | head -n 1; echo "\${PIPESTATUS[0]}"`;
    const result = await host.run('bash', ['-c', script, ...words]);
    expect(result.stdout.toString()).toMatch(/^y\n\d+\n$/u);
    expect(result.stderr).toBe('141\n');
  });

  test('-n leaves standard input alone, and gives the command none', async () => {
    const words = [process.execPath, ET, ...host.to];
    const script = `{ "$0" "$@" -n testhost 'wc -c'; cat; }`;
    const result = await host.run('bash', ['-c', script, ...words], { input: 'mine\n' });
    expect(said(result)).toEqual({ stdout: '0\nmine\n', stderr: '', status: 0 });
  });

  test('may be a command line of 100 kB, as in et host "$(cat script)"', async () => {
    const script = `${'# a comment to no end, é\n'.repeat(4000)}echo "$0 ran"; exit 3`;
    const result = await host.et(['testhost', script]);
    expect(result.stdout.toString()).toMatch(/ ran\n$/u);
    expect(result.status).toBe(3);
  });

  test('ends when its standard input is empty', async () => {
    expect(said(await host.et(['testhost', 'cat; echo over']))).toEqual({
      stdout: 'over\n',
      stderr: '',
      status: 0,
    });
  });

  test('outlives what its shell prints at the start, and passes it on as ssh does', async () => {
    host.file('.bashrc', 'echo noise from .bashrc; echo and on stderr >&2; printf "EVERTERM-RE"\n');
    const ours = await host.et(['testhost', 'echo x']);
    const theirs = await host.ssh(['testhost', 'echo x']);
    host.file('.bashrc', '');
    expect(ours.stdout.toString()).toBe(theirs.stdout.toString());
    // The bootstrap's shell has said it too: what ssh says on standard error is shown as it comes.
    expect(ours.stderr).toBe(theirs.stderr.repeat(2));
  });

  test('gets the words as ssh gives them: joined by blanks, for the login shell', async () => {
    const words = ['testhost', 'echo', 'a  b', '$HOME', '"c  d"', '*.nothing'];
    expect(said(await host.et(words))).toEqual(said(await host.ssh(words)));
  });

  test('does not wait for what it leaves in the background with outputs of its own', async () => {
    const result = await host.et(['testhost', 'sleep 1000 >/dev/null 2>&1 </dev/null & echo $!']);
    expect(result.status).toBe(0);
    process.kill(Number(result.stdout.toString()));
  });

  test('gets SIGHUP when its client is told to end', async () => {
    const child = spawn(
      process.execPath,
      [
        ET,
        ...host.to,
        'testhost',
        'exec 2>/dev/null; trap "touch hup; exit" HUP; echo ready; while :; do sleep 0.1; done',
      ],
      { cwd: host.home, env: host.environment },
    );
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    const [status] = (await once(child, 'close')) as [number];
    expect(status).toBe(143);
    await host.quiet();
    expect(host.read('hup')).toBe('');
  });
});
