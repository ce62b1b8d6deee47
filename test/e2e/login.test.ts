import { userInfo } from 'node:os';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';

/** What a session has and a login by ssh has not, or differently: each has connections, terminals and process ids of its own. */
const OURS = ['ET_VERSION', 'EVERTERM_SESSION'];
/** PWD: home is not the account's here, and sshd begins in the account's. */
const DIFFERENT = ['SSH_CLIENT', 'SSH_CONNECTION', 'SSH_TTY', 'PWD'];
const QUESTIONS = [
  'umask',
  'ulimit -a',
  'ulimit -Ha',
  'echo "$0"',
  'shopt login_shell',
  'echo $-',
  'trap',
  'set -o',
];

describeNeeding(['sshd', 'linux'], 'a login over et is one over ssh', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start({
      config: ['AcceptEnv SENT_* TERM'],
      clientConfig: ['SendEnv SENT_*', 'SetEnv SENT_SET=configured'],
    });
    host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await host.stop();
  });

  test('has the environment of a command over ssh, but for what is said', async () => {
    const environment = {
      SENT_BY_PATTERN: 'a b\nc',
      NOT_SENT: 'x',
      COLORTERM: 'truecolor',
      LC_TIME: 'C',
    };
    const [ours, theirs] = await Promise.all([
      host.et(['testhost', 'env -0'], { environment }),
      host.ssh(['-o', 'SendEnv=COLORTERM LANG LC_*', 'testhost', 'env -0'], { environment }),
    ]);
    compare(variables(ours.stdout.toString()), variables(theirs.stdout.toString()));
    expect(variables(ours.stdout.toString())).toMatchObject({
      SENT_BY_PATTERN: 'a b\nc',
      SENT_SET: 'configured',
    });
  });

  test('has the limits, mask, name and options of a command over ssh', async () => {
    const question = QUESTIONS.join('; ');
    const [ours, theirs] = await Promise.all([
      host.et(['testhost', question]),
      host.ssh(['testhost', question]),
    ]);
    expect(ours.stdout.toString()).toBe(theirs.stdout.toString());
  });

  test('begins at home', async () => {
    expect((await host.et(['testhost', 'pwd'])).stdout.toString()).toBe(`${host.home}\n`);
    expect(await onTerminal(host, 'et', 'pwd')).toBe(`${host.home}\n`);
  });

  test('has no stale agent and no stale display', async () => {
    const environment = { SSH_AUTH_SOCK: '/tmp/agent', DISPLAY: ':1' };
    const { stdout } = await host.et(['testhost', 'echo "[$SSH_AUTH_SOCK$DISPLAY]"'], {
      environment,
    });
    expect(stdout.toString()).toBe('[]\n');
  });

  test('shows the message of the day to a shell, and not to a command', async () => {
    const et = host.terminal(['testhost']);
    const greeting = await et.see('$ ');
    et.type('cat /etc/motd /run/motd.dynamic 2>/dev/null; exit\r');
    const shown = await et.see('logout');
    await et.ended;
    const motd = shown.slice(shown.indexOf('\n') + 1);
    expect(greeting.trim()).toBe(motd.trim());
    host.file('.hushlogin', '');
    const hushed = host.terminal(['testhost']);
    expect((await hushed.see('$ ')).trim()).toBe('');
    hushed.type('exit\r');
    await hushed.ended;
  });

  test.each([
    ['RemoteCommand', ['-o', 'RemoteCommand=echo configured; exit 9'], [], 'configured\n', 9],
    [
      'a command over RemoteCommand',
      ['-o', 'RemoteCommand=echo configured'],
      ['echo typed'],
      'typed\n',
      0,
    ],
  ] as const)('honours %s', async (_, flags, command, stdout, status) => {
    const result = await host.et([...flags, 'testhost', ...command]);
    expect([result.stdout.toString(), result.status]).toEqual([stdout, status]);
  });

  test.each([
    ['RequestTTY=force gives a command a terminal', ['-o', 'RequestTTY=force'], 'tty\n'],
    ['-tt gives a command a terminal', ['-tt'], 'tty\n'],
    ['--tty gives a command a terminal', ['--tty'], 'tty\n'],
    ['-T forbids it', ['-o', 'RequestTTY=force', '-T'], 'no tty\n'],
    ['a command has none', [], 'no tty\n'],
  ] as const)('%s', async (_, flags, answer) => {
    const { stdout } = await host.et([
      ...flags,
      'testhost',
      'if tty -s; then echo tty; else echo no tty; fi',
    ]);
    expect(stdout.toString().replaceAll('\r', '')).toBe(answer);
  });

  test('-c runs a command on a terminal, by the login shell, and -e stays', async () => {
    const once = host.terminal(['-c', 'tty -s && echo on a terminal; exit 3', 'testhost']);
    expect((await once.ended).status).toBe(3);
    expect(once.text).toBe('on a terminal\r\n');
    const stays = host.terminal(['-c', 'echo first; false', '-e', 'testhost']);
    await stays.see('first\r\n');
    await stays.see('$ ');
    stays.type('exit 4\r');
    expect((await stays.ended).status).toBe(4);
  });

  test('a shell without a terminal reads its commands from standard input, as under ssh', async () => {
    const input = 'echo "$0"; shopt login_shell; exit 8\n';
    const [ours, theirs] = await Promise.all([
      host.et(['testhost'], { input }),
      host.ssh(['testhost'], { input }),
    ]);
    expect(ours.status).toBe(8);
    expect(theirs.status).toBe(8);
    expect(ours.stdout.toString()).toContain('login_shell');
  });
});

// An sshd that is not root's has no terminals to give.
describeNeeding(['sshd', 'linux', 'root'], 'a login shell over et is one over ssh -tt', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
  });

  afterAll(async () => {
    await host.stop();
  });

  test('has its environment, but for what is said', async () => {
    const ours = variables(await onTerminal(host, 'et', 'env'), '\n');
    const theirs = variables(await onTerminal(host, 'ssh', 'env'), '\n');
    compare(ours, theirs);
    expect(ours['SSH_TTY']).toMatch(/^\/dev\/pts\/\d+$/u);
    expect(ours['TERM']).toBe('xterm-256color');
  });

  test.each([
    ['limits, mask, name and options', QUESTIONS.join('; ')],
    ["terminal's settings", 'stty -a'],
  ])('has its %s', async (_, line) => {
    expect(await onTerminal(host, 'et', line)).toBe(await onTerminal(host, 'ssh', line));
  });
});

type Variables = Readonly<Record<string, string>>;

function variables(text: string, separator = '\0'): Variables {
  const pairs = text.split(separator).filter((line) => line.includes('='));
  return Object.fromEntries(
    pairs.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
}

/** What a line prints in a shell on a terminal, over either. */
async function onTerminal(host: EtHost, program: 'et' | 'ssh', line: string): Promise<string> {
  const shell =
    program === 'et'
      ? host.terminal(['testhost'])
      : host.onTerminal(['ssh', ...host.to, '-o', 'SendEnv=COLORTERM LANG LC_*', 'testhost']);
  await shell.see('$ ');
  const printed = await shell.command(line);
  shell.type('exit\r');
  await shell.ended;
  return printed;
}

function compare(ours: Variables, theirs: Variables): void {
  expect(Object.keys(ours).sort()).toEqual([...Object.keys(theirs), ...OURS].sort());
  for (const name of Object.keys(theirs)) {
    if (!DIFFERENT.includes(name)) expect(`${name}=${ours[name]}`).toBe(`${name}=${theirs[name]}`);
  }
  expect(ours['USER']).toBe(userInfo().username);
}
