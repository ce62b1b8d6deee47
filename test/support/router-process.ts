import { mkdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RouterStatus } from '../../src/router/router-status.ts';
import { ETSERVER, type EtHost } from './et-host.ts';
import { Program } from './program.ts';
import { until } from './until.ts';

export interface RouterOptions {
  /** 0: any. */
  readonly port?: number;
  readonly flags?: readonly string[];
  /** What runs it, as `setpriv --reuid 1234`. */
  readonly prefix?: readonly string[];
  /** Default: where the host's session servers look for it. */
  readonly socket?: string;
}

/** A real router of a host. Its port stays the same when it is started again. */
export class RouterProcess {
  readonly host: EtHost;
  readonly socket: string;
  #program: Program;
  readonly #options: RouterOptions;
  port: number;

  private constructor(host: EtHost, program: Program, port: number, options: RouterOptions) {
    this.host = host;
    this.socket = socketOf(host, options);
    this.#program = program;
    this.#options = options;
    this.port = port;
  }

  static async start(host: EtHost, options: RouterOptions = {}): Promise<RouterProcess> {
    const program = launch(host, options.port ?? 0, options);
    return new RouterProcess(host, program, await portOf(program), options);
  }

  get pid(): number {
    return this.#program.child.pid ?? 0;
  }

  /** What it has written to its log. */
  get log(): string {
    return this.#program.stderr;
  }

  get peakResidentKib(): number {
    return this.#figure('VmHWM');
  }

  get residentKib(): number {
    return this.#figure('VmRSS');
  }

  /** How often its main thread has gone to sleep: once for each time that something has woken it. */
  get wakeCount(): number {
    return this.#figure('voluntary_ctxt_switches');
  }

  #figure(name: string): number {
    const text = readFileSync(`/proc/${this.pid}/status`, 'utf8');
    return Number(new RegExp(`^${name}:\\s+(\\d+)`, 'mu').exec(text)?.[1]);
  }

  async status(): Promise<RouterStatus> {
    const { stdout, stderr } = await this.host.etserver(
      'router',
      '--status',
      '--json',
      '--socket',
      this.socket,
    );
    if (stdout.length === 0) throw new Error(stderr);
    return JSON.parse(stdout.toString()) as RouterStatus;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    this.#program.child.kill(signal);
    await this.#program.ended;
  }

  /** As a service manager does it, `afterMs` after the end. */
  async startAgain(afterMs = 100): Promise<void> {
    await sleep(afterMs);
    this.#program = launch(this.host, this.port, this.#options);
    await portOf(this.#program);
  }

  async stop(): Promise<void> {
    await this.#program.stop();
  }
}

function launch(host: EtHost, port: number, options: RouterOptions): Program {
  const { prefix = [], flags = [] } = options;
  const socket = socketOf(host, options);
  mkdirSync(dirname(socket), { recursive: true });
  const words = [ETSERVER, 'router', '-p', String(port), '--socket', socket, ...flags];
  return new Program([...prefix, process.execPath, ...words], {
    cwd: '/',
    environment: host.environment,
  });
}

function socketOf(host: EtHost, { socket }: RouterOptions): string {
  return socket ?? host.environment['EVERTERM_ROUTER_SOCKET'] ?? '';
}

async function portOf(program: Program): Promise<number> {
  const log = await until(
    'a router that listens',
    () => program.stderr,
    (text) => text.includes('router: tcp') || program.child.exitCode !== null,
  );
  const port = Number(/router: tcp \D*(?:[\d.]+:)?(\d+)/u.exec(log)?.[1]);
  if (!(port > 0)) throw new Error(log);
  return port;
}
