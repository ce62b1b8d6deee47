import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { freePort } from './free-port.ts';
import { requireTool } from './requirements.ts';

export interface SshdOptions {
  /** Lines of sshd_config that go before ours. */
  readonly config?: readonly string[];
  /** Lines of ssh_config, within the block of host `testhost`. */
  readonly clientConfig?: readonly string[];
  /** The address to listen on, and by which `testhost` is reached. */
  readonly address?: string;
  /** Default: one that is free. */
  readonly port?: number;
  /** What runs the daemon, as `ip netns exec NAME`; default: this process. */
  readonly prefix?: readonly string[];
}

type Daemon = ChildProcessByStdio<null, null, Readable>;

/**
 * A real sshd on a loopback port, with keys of its own, for the user who runs the tests; root or not.
 * Its directory and all that it has started go with `stop`.
 */
export class Sshd {
  readonly port: number;
  /** Everything below is in here; nobody else may enter. */
  readonly directory: string;
  /** An ssh_config in which `testhost` is this sshd, with key and known_hosts. */
  readonly sshConfigPath: string;
  readonly identityPath: string;
  readonly knownHostsPath: string;
  readonly user: string = userInfo().username;
  /** HOME of whoever logs in: empty, so that the profile of the person at this machine neither speaks nor costs time. */
  readonly home: string;
  readonly #prefix: readonly string[];
  #daemon: Daemon;
  readonly #log: string[];

  private constructor(
    directory: string,
    port: number,
    prefix: readonly string[],
    daemon: Daemon,
    log: string[],
  ) {
    this.directory = directory;
    this.port = port;
    this.#prefix = prefix;
    this.sshConfigPath = join(directory, 'ssh_config');
    this.identityPath = join(directory, 'user_key');
    this.knownHostsPath = join(directory, 'known_hosts');
    this.home = join(directory, 'home');
    this.#daemon = daemon;
    this.#log = log;
  }

  /** What sshd has logged, for a failing test. */
  get log(): string {
    return this.#log.join('');
  }

  /** `ssh-ed25519 AAAA...` */
  get hostKey(): string {
    return publicKeyOf(join(this.directory, 'host_key'));
  }

  static async start(options: SshdOptions = {}): Promise<Sshd> {
    const directory = mkdtempSync(join(tmpdir(), 'everterm-sshd-'));
    chmodSync(directory, 0o700);
    mkdirSync(join(directory, 'home'));
    for (const name of ['host_key', 'user_key']) makeKey(join(directory, name));
    writeFileSync(
      join(directory, 'authorized_keys'),
      `${publicKeyOf(join(directory, 'user_key'))}\n`,
    );
    // As root sshd insists on the directory it locks its unprivileged half into.
    if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
    const { prefix = [] } = options;
    for (;;) {
      const port = options.port ?? (await freePort(options.address));
      writeFileSync(join(directory, 'sshd_config'), serverConfig(directory, port, options));
      const log: string[] = [];
      const daemon = startDaemon(directory, prefix);
      if (await listens(daemon, log)) {
        const sshd = new Sshd(directory, port, prefix, daemon, log);
        sshd.#writeClientConfig(options);
        return sshd;
      }
      // Somebody took the port between our asking and sshd's; anything else will not get better.
      if (options.port !== undefined || !log.join('').includes('Address already in use'))
        throw new Error(`sshd: ${log.join('')}`);
    }
  }

  /** Ends the daemon; connections that it has accepted go on. */
  async halt(): Promise<void> {
    if (this.#daemon.exitCode !== null || this.#daemon.signalCode !== null) return;
    const over = once(this.#daemon, 'exit');
    this.#daemon.kill('SIGTERM');
    await over;
  }

  /** Starts it again after `halt`, on the same port. */
  async restart(): Promise<void> {
    this.#daemon = startDaemon(this.directory, this.#prefix);
    if (!(await listens(this.#daemon, this.#log))) throw new Error(`sshd: ${this.log}`);
  }

  async stop(): Promise<void> {
    await this.halt();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #writeClientConfig({ address = '127.0.0.1', clientConfig = [] }: SshdOptions): void {
    const place = this.port === 22 ? address : `[${address}]:${this.port}`;
    writeFileSync(this.knownHostsPath, `${place} ${this.hostKey}\n`, { mode: 0o600 });
    const lines = [
      'Host testhost',
      ...clientConfig,
      `HostName ${address}`,
      `Port ${this.port}`,
      `User ${this.user}`,
      `IdentityFile ${this.identityPath}`,
      'IdentitiesOnly yes',
      `UserKnownHostsFile ${this.knownHostsPath}`,
      'GlobalKnownHostsFile /dev/null',
      'StrictHostKeyChecking yes',
    ];
    writeFileSync(this.sshConfigPath, `${lines.join('\n')}\n`, { mode: 0o600 });
  }
}

function startDaemon(directory: string, prefix: readonly string[]): Daemon {
  const argv = [requireTool('sshd'), '-D', '-e', '-f', join(directory, 'sshd_config')];
  const [program = '', ...args] = [...prefix, ...argv];
  return spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function serverConfig(directory: string, port: number, options: SshdOptions): string {
  const lines = [
    ...(options.config ?? []),
    `Port ${port}`,
    `ListenAddress ${options.address ?? '127.0.0.1'}`,
    `HostKey ${join(directory, 'host_key')}`,
    `AuthorizedKeysFile ${join(directory, 'authorized_keys')}`,
    'PidFile none',
    'UsePAM no',
    'StrictModes no',
    'PermitRootLogin prohibit-password',
    'PasswordAuthentication no',
    'KbdInteractiveAuthentication no',
    'PermitUserEnvironment no',
    'AcceptEnv LANG LC_* TERM COLORTERM',
    `SetEnv HOME=${join(directory, 'home')}`,
    'PrintMotd no',
    'UseDNS no',
    'MaxStartups 100',
    'LogLevel VERBOSE',
  ];
  return `${lines.join('\n')}\n`;
}

/** An ed25519 key pair at `path` and `path.pub`, without a passphrase unless one is given. */
export function makeKey(path: string, type = 'ed25519', passphrase = ''): void {
  execFileSync(requireTool('ssh-keygen'), [
    '-q',
    '-t',
    type,
    '-N',
    passphrase,
    '-C',
    '',
    '-f',
    path,
  ]);
}

/** Type and key, without the comment. */
export function publicKeyOf(path: string): string {
  return readFileSync(`${path}.pub`, 'utf8').trim().split(' ').slice(0, 2).join(' ');
}

/** True once it listens, false when it has ended instead. */
function listens(daemon: Daemon, log: string[]): Promise<boolean> {
  return new Promise((resolve) => {
    daemon.stderr.setEncoding('utf8').on('data', (text: string) => {
      log.push(text);
      if (text.includes('Server listening')) resolve(true);
    });
    daemon.once('close', () => resolve(false));
  });
}
