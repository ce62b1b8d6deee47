import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ET, ETSERVER, EtHost } from '../support/et-host.ts';
import { Netlab } from '../support/netlab.ts';
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
  readonly #nodeFlags: readonly string[];

  private constructor(host: EtHost, lab: Netlab | undefined, settings: BenchSettings) {
    this.host = host;
    this.#lab = lab;
    this.#nodeFlags = profileFlags(settings);
    places.add(this);
  }

  static async onLoopback(settings: BenchSettings): Promise<BenchPlace> {
    return new BenchPlace(await startHost(settings, undefined), undefined, settings);
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
    const start = program === 'et' ? [process.execPath, ...this.#nodeFlags, ET] : ['ssh'];
    return this.commandOn('client', [...start, ...this.host.to, ...flags, 'testhost', ...command]);
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
  typist(commandLine: readonly string[]): Typist {
    return new Typist(commandLine, {
      cwd: this.host.home,
      environment: this.host.environment,
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

async function startHost(settings: BenchSettings, lab: Netlab | undefined): Promise<EtHost> {
  const flags = profileFlags(settings);
  const place =
    lab === undefined ? {} : { address: lab.server, port: 22, prefix: lab.commandIn('server', []) };
  const host = await EtHost.start({ ...place, withoutServer: flags.length > 0 });
  host.file('.bash_profile', `PS1='${PROMPT}'\n`);
  if (flags.length > 0) {
    const start = [process.execPath, ...flags, ETSERVER].map((word) => `'${word}'`).join(' ');
    const script = `#!/bin/sh\nexec ${start} "$@"\n`;
    writeFileSync(join(host.home, 'bin', 'etserver'), script, { mode: 0o755 });
  }
  return host;
}

/** Node takes them on its command line only, not from NODE_OPTIONS. */
function profileFlags({ profileDirectory }: BenchSettings): string[] {
  return profileDirectory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profileDirectory}`];
}
