import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'vitest';
import type { ClientStatus } from '../../src/etclient/client-status.ts';
import { EtHost, type Finished, type RunOptions } from './et-host.ts';
import { EtTerminal, type EtTerminalOptions } from './et-terminal.ts';
import { Netlab } from './netlab.ts';
import { Program } from './program.ts';
import type { SshdOptions } from './sshd.ts';
import { until } from './until.ts';

const LOG_SHOWN = 6000;
const WITHOUT_UDP = 'race(tcp, delay(1.5s, ssh))';

/** What a login shell in a lab says when it waits for a command. */
export const PROMPT = 'ready> ';

export interface LabHostOptions extends SshdOptions {
  /** IPv6 between the two. */
  readonly family?: 4 | 6;
  /** Words for `netlab set`. */
  readonly settings?: readonly string[];
  /** A translator of addresses stands before the client. */
  readonly hasNat?: boolean;
  /** Sessions go over UDP where they can, as they do by themselves; without it by TCP and by ssh, whose connections a lab can reset. */
  readonly hasUdp?: boolean;
}

/** A host with a real sshd on port 22 in a lab's server namespace, and the terminals of its client in the other. */
export class LabHost {
  readonly lab: Netlab;
  readonly host: EtHost;

  private constructor(lab: Netlab, host: EtHost) {
    this.lab = lab;
    this.host = host;
  }

  /** A lab that goes with the test; where that fails, what the client has logged is shown. */
  static async during(context: TestContext, options: LabHostOptions = {}): Promise<LabHost> {
    const host = await LabHost.up(options);
    context.onTestFinished(async () => {
      if (context.task.result?.state !== 'fail') return await host.down();
      process.stderr.write(`${context.task.name}: ${host.log.slice(-LOG_SHOWN)}\n`);
      return await host.abandon();
    });
    return host;
  }

  static async up(options: LabHostOptions = {}): Promise<LabHost> {
    const { family = 4, settings = [], hasNat = false, hasUdp = false, ...sshd } = options;
    const lab = await Netlab.up(...(hasNat ? ['--nat'] : []));
    if (settings.length > 0) await lab.run('set', ...settings);
    const host = await EtHost.start({
      address: family === 4 ? lab.server : lab.server6,
      port: 22,
      prefix: lab.commandIn('server', []),
      ...sshd,
    });
    host.file('.bash_profile', `PS1='${PROMPT}'\n`);
    if (!hasUdp) host.file('.config/everterm/config.toml', `via = "${WITHOUT_UDP}"\n`);
    return new LabHost(lab, host);
  }

  /** `et` on a terminal in the client's namespace; what it logs with -vv is in `log`. */
  et(args: readonly string[] = ['testhost'], options: Partial<EtTerminalOptions> = {}): EtTerminal {
    const { host, lab } = this;
    return new EtTerminal(lab.commandIn('client', [...this.clientWords, ...args]), {
      cwd: host.home,
      ...options,
      environment: { ...host.environment, ...options.environment },
    });
  }

  /** `et` for this host as words of a command in the client's namespace; what it logs with -vv is in `log`. */
  get clientWords(): readonly string[] {
    return [...this.host.clientWords, '-vv', '--log', this.#logPath];
  }

  /** `et -N` with these forwards, each a flag and its value; settles when all of them listen and the session has gone over to tcp. */
  async forward(context: TestContext, ...flags: readonly string[]): Promise<Program> {
    const et = this.program(context, 'client', ...this.clientWords, '-N', ...flags, 'testhost');
    await this.forwarding(flags.length / 2);
    return et;
  }

  /** Settles when so many forwards listen, and the session has gone over to tcp. */
  async forwarding(count: number): Promise<void> {
    await until(
      `${count} forwards over tcp`,
      () => (this.hasLog ? this.log : ''),
      (log) => log.split(' forwards ').length > count && this.joined.includes('tcp'),
    );
  }

  /** What `et status` says of the client. */
  async status(): Promise<ClientStatus> {
    const { stdout } = await this.host.elsewhere(['status', '--json']);
    const { sessions } = JSON.parse(stdout.toString()) as { sessions: ClientStatus[] };
    const [status] = sessions;
    if (status === undefined) throw new Error('no client runs');
    return status;
  }

  /** A program in one of the namespaces, until the end of the test. */
  program(context: TestContext, side: 'client' | 'server', ...argv: readonly string[]): Program {
    const { environment, home } = this.host;
    return Program.during(context, this.lab.commandIn(side, argv), { cwd: home, environment });
  }

  /** A program in one of the namespaces, to its end. */
  async finish(
    side: 'client' | 'server',
    argv: readonly string[],
    options?: RunOptions,
  ): Promise<Finished> {
    const [program, ...args] = this.lab.commandIn(side, argv);
    return await this.host.run(program, args, options);
  }

  /** What clients have logged so far. */
  get log(): string {
    return readFileSync(this.#logPath, 'utf8');
  }

  /** Whether a client has begun to log. */
  get hasLog(): boolean {
    return existsSync(this.#logPath);
  }

  get #logPath(): string {
    return join(this.host.home, 'et.log');
  }

  /** The roads of the links that have joined so far, in order: `tcp`, `ssh-stdio`. */
  get joined(): string[] {
    const found = this.log.matchAll(/link \d+ \((\S+) [^)]*\) joined/gu);
    return Array.from(found, ([, road = '']) => road);
  }

  /** The output of a program in one of the namespaces. */
  run(side: 'client' | 'server', ...argv: readonly string[]): string {
    const [program, ...args] = this.lab.commandIn(side, argv);
    return execFileSync(program, args, { encoding: 'utf8' });
  }

  /** Takes the client's addresses away, of both families. */
  loseAddresses(): void {
    this.run('client', 'ip', 'addr', 'flush', 'dev', 'lab0', 'scope', 'global');
  }

  returnAddresses(): void {
    const { client, client6 } = this.lab;
    this.run('client', 'ip', 'addr', 'add', `${client}/24`, 'dev', 'lab0');
    this.run('client', 'ip', 'addr', 'add', `${client6}/64`, 'dev', 'lab0', 'nodad');
  }

  /** A firewall before the host lets TCP to port 22 in, and neither other TCP nor UDP, and answers nothing. Needs `nft`. */
  closeAllButSsh(): void {
    const rules = 'iifname lab0 tcp dport != 22 drop; iifname lab0 meta l4proto udp drop';
    const chain = `chain input { type filter hook input priority 0; ${rules}; }`;
    this.run('server', 'nft', `add table inet only22 { ${chain}; }`);
  }

  openAll(): void {
    this.run('server', 'nft', 'delete table inet only22');
  }

  /** Ends sshd and all its connections at once. */
  async killSshd(): Promise<void> {
    await this.host.sshd.halt();
    const pids = execFileSync('ip', ['netns', 'pids', `${this.lab.name}-server`], {
      encoding: 'utf8',
    });
    for (const pid of pids.trim().split('\n')) {
      try {
        if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === 'sshd')
          process.kill(Number(pid), 'SIGKILL');
      } catch {
        // Gone with the one before.
      }
    }
  }

  /** Fails when something has been left running; it is ended all the same. */
  async down(): Promise<void> {
    try {
      await this.host.stop();
    } finally {
      await this.lab.down();
    }
  }

  /** Ends whatever runs. */
  async abandon(): Promise<void> {
    await this.lab.down();
    await this.host.stop();
  }
}
