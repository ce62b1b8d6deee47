import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { EtTerminal, type EtTerminalOptions } from './et-terminal.ts';
import { PROJECT_ROOT } from './project-root.ts';
import { Sshd, type SshdOptions } from './sshd.ts';
import { until } from './until.ts';

export const ET: string = join(PROJECT_ROOT, 'bin', 'et.js');
export const ETSERVER: string = join(PROJECT_ROOT, 'bin', 'etserver.js');

/** How a program ended, and what it said. */
export interface Finished {
  readonly stdout: Buffer;
  readonly stderr: string;
  readonly stderrBytes: Buffer;
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** For comparing all of it at once. */
export function said({ stdout, stderr, status }: Finished): object {
  return { stdout: stdout.toString(), stderr, status };
}

export interface RunOptions {
  readonly input?: Uint8Array | string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** One line of `etserver ls --json`. */
export interface ListedSession {
  readonly session: string;
  readonly pid: number;
  readonly port: number;
  readonly command: string;
  readonly attached: boolean;
  readonly over: boolean;
}

/**
 * A host that `et testhost` reaches over a real sshd: an account with an empty home, in which `etserver` is on PATH, and whose
 * sessions nobody else sees. The client runs in the same home. `stop` ends all of it.
 */
export class EtHost {
  /** Home of both ends; its path is in the environment of every process that belongs to this host, and only there. */
  readonly home: string;
  readonly sshd: Sshd;
  /** What the client's processes get. */
  readonly environment: Readonly<Record<string, string>>;

  private constructor(home: string, sshd: Sshd, environment: Readonly<Record<string, string>>) {
    this.home = home;
    this.sshd = sshd;
    this.environment = environment;
  }

  static async start(
    options: SshdOptions & { readonly withoutServer?: boolean } = {},
  ): Promise<EtHost> {
    const home = realpathSync(mkdtempSync(join(tmpdir(), 'everterm-host-')));
    chmodSync(home, 0o700);
    mkdirSync(join(home, 'bin'));
    mkdirSync(join(home, 'run'));
    if (options.withoutServer !== true) symlinkSync(ETSERVER, join(home, 'bin', 'etserver'));
    const environment = {
      HOME: home,
      PATH: `${join(home, 'bin')}:${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      EVERTERM_RUN_DIR: join(home, 'run'),
      // Where a test may start a router; never the machine's own.
      EVERTERM_ROUTER_SOCKET: join(home, 'router', 'router.sock'),
      LANG: 'C.UTF-8',
      TERM: 'xterm-256color',
    };
    const { PATH, EVERTERM_RUN_DIR, EVERTERM_ROUTER_SOCKET } = environment;
    const onHost = `SetEnv HOME=${home} PATH=${PATH} EVERTERM_RUN_DIR=${EVERTERM_RUN_DIR} EVERTERM_ROUTER_SOCKET=${EVERTERM_ROUTER_SOCKET}`;
    const sshd = await Sshd.start({ ...options, config: [onHost, ...(options.config ?? [])] });
    return new EtHost(home, sshd, environment);
  }

  /** `et` for this host as a shell's words: what it takes to say it oneself. */
  get clientWords(): readonly string[] {
    return [process.execPath, ET, ...this.to];
  }

  /** The arguments that make `testhost` mean this host. */
  get to(): readonly string[] {
    return ['-F', this.sshd.sshConfigPath];
  }

  file(path: string, content: string | Uint8Array): string {
    const whole = join(this.home, path);
    mkdirSync(dirname(whole), { recursive: true });
    writeFileSync(whole, content);
    return whole;
  }

  read(path: string): string {
    return readFileSync(join(this.home, path), 'utf8');
  }

  /** `et` with these flags and operands, to this host. */
  et(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.run(process.execPath, [ET, ...this.to, ...args], options);
  }

  /** `et` with these flags and operands, to wherever they say. */
  elsewhere(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.run(process.execPath, [ET, ...args], options);
  }

  /** `et --local` */
  local(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.run(process.execPath, [ET, '--local', ...args], options);
  }

  etserver(...args: readonly string[]): Promise<Finished> {
    return this.run(process.execPath, [ETSERVER, ...args]);
  }

  ssh(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    return this.run('ssh', [...this.to, ...args], options);
  }

  async run(file: string, args: readonly string[], options: RunOptions = {}): Promise<Finished> {
    const child = spawn(file, args, {
      cwd: this.home,
      env: { ...this.environment, ...options.environment },
    });
    // Who ends early does not read all.
    child.stdin.on('error', () => undefined).end(options.input ?? '');
    const outputs = Promise.all([buffer(child.stdout), buffer(child.stderr)]);
    const [status, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    const [stdout, stderrBytes] = await outputs;
    return { stdout, stderr: stderrBytes.toString(), stderrBytes, status, signal };
  }

  /** `et` on a terminal of its own. */
  terminal(args: readonly string[], options: Partial<EtTerminalOptions> = {}): EtTerminal {
    return this.onTerminal([...this.clientWords, ...args], options);
  }

  /** A shell script on a terminal, in which `"$@"` is `et` with these flags and operands. */
  script(text: string, args: readonly string[]): EtTerminal {
    return this.onTerminal(['sh', '-c', text, 'sh', ...this.clientWords, ...args]);
  }

  onTerminal(command: readonly string[], options: Partial<EtTerminalOptions> = {}): EtTerminal {
    return new EtTerminal(command, {
      cwd: this.home,
      ...options,
      environment: { ...this.environment, ...options.environment },
    });
  }

  /** The names of the files in which clients have kept what it takes to come back. */
  kept(): readonly string[] {
    const directory = join(this.home, '.local', 'state', 'everterm', 'sessions');
    if (!existsSync(directory)) return [];
    return readdirSync(directory).filter((name) => name.endsWith('.json'));
  }

  /** Forgets what a client has kept to come back to its session. */
  forget(): void {
    rmSync(join(this.home, '.local', 'state', 'everterm'), { recursive: true, force: true });
  }

  async sessions(): Promise<readonly ListedSession[]> {
    const { stdout } = await this.etserver('ls', '--json');
    return JSON.parse(stdout.toString()) as ListedSession[];
  }

  /** The one session that is here, or is about to be. */
  async onlySession(): Promise<ListedSession> {
    const [one] = await until(
      'one session',
      () => this.sessions(),
      ({ length }) => length === 1,
    );
    if (one === undefined) throw new Error('no session');
    return one;
  }

  /** The command lines of what runs in this home. */
  processes(): readonly string[] {
    return readdirSync('/proc').flatMap((pid) => {
      if (!/^\d+$/u.test(pid) || Number(pid) === process.pid) return [];
      try {
        const isOurs = readFileSync(`/proc/${pid}/environ`, 'latin1').includes(this.home);
        if (!isOurs) return [];
        const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0');
        return [`${pid} ${words.join(' ').slice(0, 200)}`];
      } catch {
        // Gone since it was listed, or not ours to look at.
        return [];
      }
    });
  }

  /** Ends every connection that this host's sshd has, at its end. */
  cutSsh(): void {
    const all = listProcesses();
    // An ssh that names the same directory may have a lower number: they begin again at 32,768.
    const isDaemon = (words: string): boolean => /^(?:sshd:|\S*\/sshd) /u.test(words);
    const daemon = all.find(({ words }) => isDaemon(words) && words.includes(this.sshd.directory));
    const childrenOf = (pid: number): readonly ProcessEntry[] =>
      all.filter((each) => each.parent === pid && each.words.startsWith('sshd'));
    for (const child of childrenOf(daemon?.pid ?? -1)) {
      for (const { pid } of [...childrenOf(child.pid), child]) kill(pid);
    }
  }

  /** Settles when no session runs here any more: its server may end later than its client. */
  async withoutSessions(): Promise<void> {
    await until(
      'no session of this host runs',
      () => this.processes().filter((line) => /etserver(?:\.js)? session /u.test(line)),
      (list) => list.length === 0,
    );
  }

  /** Settles when nothing runs here any more. */
  async quiet(): Promise<void> {
    await until(
      'nothing of this host runs',
      () => this.processes(),
      (list) => list.length === 0,
    );
  }

  /** Ends all that a failed test has left, for the sake of the next. */
  clear(): void {
    for (const line of this.processes()) kill(Number(line.split(' ')[0]));
    this.forget();
  }

  /** Fails when a test has left something running; it is ended all the same. */
  async stop(): Promise<void> {
    try {
      await this.quiet();
    } finally {
      this.clear();
      await this.sshd.stop();
      rmSync(this.home, { recursive: true, force: true });
    }
  }
}

interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly words: string;
}

function listProcesses(): readonly ProcessEntry[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/u.test(name)) return [];
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1');
      const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const words = readFileSync(`/proc/${name}/cmdline`, 'latin1').replaceAll('\0', ' ');
      return [{ pid: Number(name), parent: Number(parent), words }];
    } catch {
      // Gone since it was listed.
      return [];
    }
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone by itself.
  }
}
