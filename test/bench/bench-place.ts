import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EtHost } from '../support/et-host.ts';
import { Netlab } from '../support/netlab.ts';
import { PROJECT_ROOT } from '../support/project-root.ts';
import type { BenchSettings } from './bench-settings.ts';
import { Typist } from './typist.ts';

/** The programs that are compared. */
export type Program = 'et' | 'ssh';

/** What the login shell of a bench says when it waits for a command. */
export const PROMPT = 'bench> ';

const LEAVE_WITHIN_MS = 3000;

export interface TimedOptions {
  /** A file to read standard input from; default: nothing. */
  readonly stdinPath?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** Those that have been started and not stopped. */
const places = new Set<BenchPlace>();

/** Stops what an interrupted run has left. */
export async function stopPlaces(): Promise<void> {
  await Promise.all([...places].map((place) => place.stop()));
}

/**
 * One host with a real sshd, and the two programs that reach it: over loopback, or across a lab. Both ends have a home that is
 * empty but for a prompt, and run what is built in dist. `stop` ends everything that was started.
 */
export class BenchPlace {
  readonly host: EtHost;
  readonly #lab: Netlab | undefined;
  readonly #root: string;
  readonly #nodeFlags: readonly string[];

  private constructor(
    host: EtHost,
    lab: Netlab | undefined,
    settings: BenchSettings,
    root: string = PROJECT_ROOT,
  ) {
    this.host = host;
    this.#lab = lab;
    this.#root = root;
    this.#nodeFlags = profileFlags(settings);
    places.add(this);
  }

  /** `root`: where the version that is measured was built; default: this one. */
  static async onLoopback(settings: BenchSettings, root?: string): Promise<BenchPlace> {
    return new BenchPlace(await startHost(settings, undefined, root), undefined, settings, root);
  }

  /** `linkSettings` as for `netlab set`. Needs `netlab` of the requirements. */
  static async inLab(
    settings: BenchSettings,
    ...linkSettings: readonly string[]
  ): Promise<BenchPlace> {
    const lab = await Netlab.up();
    try {
      await lab.run('set', ...linkSettings);
      return new BenchPlace(await startHost(settings, lab), lab, settings);
    } catch (error) {
      await lab.down();
      throw error;
    }
  }

  get lab(): Netlab {
    if (this.#lab === undefined) throw new Error('this place has no lab');
    return this.#lab;
  }

  /** The command line of a program whose destination is this host, with these flags before it and this command after it. */
  commandLine(program: Program, flags: readonly string[], ...command: string[]): string[] {
    const words = [...this.host.to, ...flags, 'testhost', ...command];
    return program === 'et' ? this.et(...words) : this.commandOn('client', ['ssh', ...words]);
  }

  /** The command line of `et` with exactly these words. */
  et(...words: readonly string[]): string[] {
    const program = join(this.#root, 'bin', 'et.js');
    return this.commandOn('client', [process.execPath, ...this.#nodeFlags, program, ...words]);
  }

  /** The command line that runs `argv` at one of the ends. */
  commandOn(side: 'client' | 'server', argv: readonly string[]): string[] {
    return this.#lab === undefined ? [...argv] : this.#lab.commandIn(side, argv);
  }

  /** Runs a program with its output thrown away; resolves to the milliseconds from its start to its end. */
  async time(commandLine: readonly string[], options: TimedOptions = {}): Promise<number> {
    const stdin = options.stdinPath === undefined ? 'ignore' : openSync(options.stdinPath, 'r');
    try {
      const startedMs = performance.now();
      const child = this.#spawn(commandLine, [stdin, 'ignore', 'inherit'], options.environment);
      const [status] = (await once(child, 'exit')) as [number | null];
      const tookMs = performance.now() - startedMs;
      if (status !== 0) throw new Error(`${commandLine.join(' ')}: status ${status}`);
      return tookMs;
    } finally {
      if (typeof stdin === 'number') closeSync(stdin);
    }
  }

  /** Starts a program on pipes. */
  pipe(commandLine: readonly string[]): ChildProcess {
    return this.#spawn(commandLine, ['pipe', 'pipe', 'inherit']);
  }

  /** Starts a program on a terminal of its own. */
  typist(
    commandLine: readonly string[],
    environment: Readonly<Record<string, string>> = {},
  ): Typist {
    return new Typist(commandLine, {
      cwd: this.host.home,
      environment: { ...this.host.environment, ...environment },
    });
  }

  async stop(): Promise<void> {
    if (!places.delete(this)) return;
    await this.endSessions();
    await this.host.stop();
    await this.#lab?.down();
  }

  /** Sessions that were told to end leave by themselves, and write their profile then; the rest are killed. */
  async endSessions(): Promise<void> {
    const endMs = performance.now() + LEAVE_WITHIN_MS;
    while (performance.now() < endMs && this.host.processes().length > 0) await sleep(50);
    for (const line of this.host.processes()) {
      try {
        process.kill(Number(line.split(' ')[0]), 'SIGKILL');
      } catch {
        // Gone by itself.
      }
    }
  }

  #spawn(
    [file = '', ...args]: readonly string[],
    stdio: ('pipe' | 'ignore' | 'inherit' | number)[],
    environment: Readonly<Record<string, string>> = {},
  ): ChildProcess {
    const env = { ...this.host.environment, ...environment };
    return spawn(file, args, { cwd: this.host.home, env, stdio });
  }
}

async function startHost(
  settings: BenchSettings,
  lab: Netlab | undefined,
  root: string = PROJECT_ROOT,
): Promise<EtHost> {
  const flags = profileFlags(settings);
  const place =
    lab === undefined ? {} : { address: lab.server, port: 22, prefix: lab.commandIn('server', []) };
  const host = await EtHost.start({ ...place, withoutServer: true });
  host.file('.bash_profile', `PS1='${PROMPT}'\n`);
  const server = join(root, 'bin', 'etserver.js');
  const command = join(host.home, 'bin', 'etserver');
  if (flags.length === 0) symlinkSync(server, command);
  else {
    const start = [process.execPath, ...flags, server].map((word) => `'${word}'`).join(' ');
    writeFileSync(command, `#!/bin/sh\nexec ${start} "$@"\n`, { mode: 0o755 });
  }
  return host;
}

/** Node takes them on its command line only, not from NODE_OPTIONS. */
function profileFlags({ profileDirectory }: BenchSettings): string[] {
  return profileDirectory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
}
