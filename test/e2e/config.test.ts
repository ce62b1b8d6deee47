import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ET, ETSERVER, EtHost, said } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';

const USER_FILE = '.config/everterm/config.toml';

/** Writes down which files of configuration are touched, and how. */
const WATCH = `
const fs = require('node:fs');
for (const name of ['statSync', 'lstatSync', 'openSync', 'readFileSync', 'accessSync', 'existsSync', 'realpathSync']) {
  const original = fs[name];
  fs[name] = (path, ...rest) => {
    if (String(path).endsWith('everterm/config.toml')) process.stderr.write(name + ' ' + path + '\\n');
    return original(path, ...rest);
  };
}
`;

describeNeeding(['sshd', 'linux'], 'configuration', () => {
  let host: EtHost;

  beforeAll(async () => {
    host = await EtHost.start({ withoutServer: true });
  });

  beforeEach(() => {
    configure('');
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    await host.stop();
  });

  /** The user's file, which nobody else may write, whatever the umask is. */
  function configure(text: string): string {
    const path = host.file(USER_FILE, text);
    chmodSync(path, 0o600);
    return path;
  }

  describe('of a session', () => {
    let proxy: TcpProxy;

    beforeEach(async () => {
      proxy = await TcpProxy.before('127.0.0.2');
      configure(
        `
via = "ssh"

[[host]]
match = ["test*", "!tester"]
server-path = "${ETSERVER}"
fallback = "none"
port = ${proxy.port}
bind = "127.0.0.2"
via = "tcp"
`,
      );
    });

    afterEach(async () => {
      await proxy.close();
    });

    test('is in force: where etserver is, its port, its address and the road', async () => {
      expect(said(await host.et(['testhost', 'echo', 'hi']))).toEqual({
        stdout: 'hi\n',
        stderr: '',
        status: 0,
      });
      expect(proxy.count).toBe(1);
    });

    test('gives way to a flag', async () => {
      const result = await host.et(['--via', 'ssh', 'testhost', 'echo', 'hi']);
      expect([result.stdout.toString(), result.status, proxy.count]).toEqual(['hi\n', 0, 0]);
    });

    test('gives way to a variable', async () => {
      const environment = { EVERTERM_VIA: 'ssh' };
      const result = await host.et(['testhost', 'echo', 'hi'], { environment });
      expect([result.stdout.toString(), result.status, proxy.count]).toEqual(['hi\n', 0, 0]);
    });

    test('is printed with who says it, as TOML', async () => {
      const flags = ['--grace', '7d', '-o', 'ServerAliveInterval=7', '--print-config'];
      const environment = { EVERTERM_BIND: '127.0.0.3' };
      const { stdout, stderr, status } = await host.et([...flags, 'testhost'], { environment });
      expect([stderr, status]).toEqual(['', 0]);
      const text = stdout.toString();
      const file = join(host.home, USER_FILE);
      expect(text.split('\n')[0]).toMatch(/^# host testhost; HostName of ssh_config: 127\./u);
      const words = text.replaceAll(/ +/gu, ' ').split('\n');
      expect(words).toContain(`# ${file}`);
      expect(words).toContain('grace = "7d" # flag --grace');
      expect(words).toContain('bind = "127.0.0.3" # EVERTERM_BIND');
      expect(words).toContain(`via = "tcp" # ${file}:10`);
      expect(words).toContain('keepalive = 7 # ssh_config: ServerAliveInterval');
      expect(words).toContain('escape-char = "~" # default');
      expect(parse(text)).toMatchObject({ via: 'tcp', port: proxy.port, keepalive: 7 });
    });
  });

  test('a host that no table describes has the keys of all hosts', async () => {
    configure('fallback = "none"\n[[host]]\nmatch = "other"\nfallback = "ssh"\n');
    const { stdout, stderr, status } = await host.et(['testhost', 'true']);
    expect([stdout.toString(), status]).toEqual(['', 255]);
    expect(stderr).toContain('etserver');
  });

  test('is where XDG_CONFIG_HOME says', async () => {
    chmodSync(host.file('elsewhere/everterm/config.toml', 'vai = "tcp"'), 0o600);
    const environment = { XDG_CONFIG_HOME: join(host.home, 'elsewhere') };
    const { stderr, status } = await host.et(['testhost', 'true'], { environment });
    expect(stderr).toBe(
      `et: ${join(host.home, 'elsewhere/everterm/config.toml')}:1: unknown key "vai"; did you mean "via"?\n`,
    );
    expect(status).toBe(2);
  });

  test.each([
    ['fallback = "yes"', ':1: fallback "yes": ssh or none'],
    ['\nvia = tcp', ':2:7: '],
    ['[[host]]\nmatch = "other"\nverbose = 9', ':3: verbose must be 0, 1, 2 or 3, not 9'],
  ])('%j ends et before anything is connected, in one line', async (text, message) => {
    const file = configure(text);
    const { stdout, stderr, status } = await host.et(['testhost', 'true']);
    expect(stderr.startsWith(`et: ${file}${message}`), stderr).toBe(true);
    expect([stderr.trimEnd().split('\n').length, stdout.toString(), status]).toEqual([1, '', 2]);
  });

  test('a file that others can write is refused, in one line', async () => {
    const file = configure('via = "ssh"');
    chmodSync(file, 0o666);
    const { stderr, status } = await host.et(['testhost', 'true']);
    chmodSync(file, 0o600);
    expect(stderr).toBe(`et: ${file} can be written by others: run chmod go-w ${file}\n`);
    expect(status).toBe(2);
  });

  test('a mistake keeps nobody from the help, from asking what runs, or from git', async () => {
    configure('mistake');
    for (const args of [['--help'], ['--version'], ['status'], ['-G', 'testhost']]) {
      const { status, stderr } = await host.elsewhere(args);
      expect([args, status, stderr.includes('mistake')]).toEqual([args, 0, false]);
    }
  });

  test('where there is none, two files are looked for and none is opened', async () => {
    const watch = host.file('watch.cjs', WATCH);
    const environment = { XDG_CONFIG_HOME: join(host.home, 'empty') };
    const run = (args: readonly string[]): ReturnType<EtHost['run']> =>
      host.run(process.execPath, ['--require', watch, ET, ...args], { environment });
    const { stderr, status } = await run([...host.to, 'testhost', 'true']);
    expect(status).toBe(0);
    expect(stderr.split('\n').filter((line) => line.includes('config.toml'))).toEqual([
      `statSync ${join(host.home, 'empty/everterm/config.toml')}`,
      'statSync /etc/everterm/config.toml',
    ]);
  });

  test('of --local is what is for all hosts, and not about one', async () => {
    configure('via = "ssh"\nverbose = 1\nlocal-forward = ["1:a:1"]');
    const { stdout, stderr, status } = await host.local(['echo', 'hi']);
    expect([stdout.toString(), status]).toEqual(['hi\n', 0]);
    expect(stderr).toMatch(/link/u);
  });

  describeNeeding(['root', 'netlab'], "the system's file", () => {
    /** Runs a command where /etc is a copy that nobody else sees, with the text in $1 as the file. */
    const IN_OWN_ETC = `
mount -t tmpfs tmpfs /mnt && mkdir /mnt/upper /mnt/work &&
mount -t overlay -o lowerdir=/etc,upperdir=/mnt/upper,workdir=/mnt/work overlay /etc &&
mkdir -p /etc/everterm && printf '%s\\n' "$1" > /etc/everterm/config.toml &&
chmod 644 /etc/everterm/config.toml && shift && exec "$@"`;

    test("is in /etc, and gives way to the user's", async () => {
      configure('keepalive = 7');
      const text = 'keepalive = 8\ngrace = "1h"';
      const et = [process.execPath, ET, ...host.to, '--print-config', 'testhost'];
      const shell = ['sh', '-c', IN_OWN_ETC, 'sh', text];
      const { stdout, status } = await host.run('unshare', ['-m', ...shell, ...et]);
      const words = stdout.toString().replaceAll(/ +/gu, ' ').split('\n');
      expect(words).toContain(`keepalive = 7 # ${join(host.home, USER_FILE)}:1`);
      expect(words).toContain('grace = "1h" # /etc/everterm/config.toml:2');
      expect(status).toBe(0);
    });
  });
});
