import {
  type ChildProcess,
  execFile,
  execFileSync,
  type SpawnOptions,
  spawn,
} from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from './project-root.ts';

const DIRECTORY = join(PROJECT_ROOT, 'test', 'netlab');
const COMMAND = join(DIRECTORY, 'netlab');
const run = promisify(execFile);

/** The system's own python3 first: the shims of version managers take longer than the command itself. */
const ENVIRONMENT = {
  ...process.env,
  PATH: `/usr/sbin:/usr/bin:/sbin:/bin:${process.env['PATH'] ?? ''}`,
};

let labs = 0;

/**
 * Two network namespaces of this machine, joined by a link with faults: test/netlab/README.md. Needs `netlab` of requirements.ts.
 * Every lab has a network of its own; `down` removes it, with every process inside.
 */
export class Netlab {
  readonly name: string;
  /** The client's first address, until it roams. */
  readonly client: string;
  readonly server: string;
  readonly client6: string;
  readonly server6: string;

  private constructor(name: string, addresses: readonly string[]) {
    const [client, client6, server, server6] = addresses;
    if (client === undefined || client6 === undefined) throw new Error('no address of the client');
    if (server === undefined || server6 === undefined) throw new Error('no address of the server');
    this.name = name;
    this.client = client;
    this.client6 = client6;
    this.server = server;
    this.server6 = server6;
  }

  /** Builds the emulator where that has not been done, and starts a lab. `options` as `--nat`, `--mtu 1400`. */
  static async up(...options: string[]): Promise<Netlab> {
    execFileSync('make', ['-s', '-C', DIRECTORY, 'netlabd']);
    labs += 1;
    const name = `et${process.pid}x${labs}`;
    const { stdout } = await run(COMMAND, ['up', name, ...options], { env: ENVIRONMENT });
    // "NAME: client 10.77.0.1 fd77::1, server 10.77.0.2 fd77::2"
    const words = stdout.trim().split(/[\s,]+/u);
    return new Netlab(
      name,
      [2, 3, 5, 6].map((index) => words[index] ?? ''),
    );
  }

  /** A command of netlab, as `run('set', 'delay=50', 'loss=5')`; resolves to what it prints. */
  async run(...args: string[]): Promise<string> {
    const { stdout } = await run(COMMAND, ['-n', this.name, ...args], { env: ENVIRONMENT });
    return stdout.trim();
  }

  /** A line to the emulator itself, where starting `netlab` would take too long; resolves to its answer. */
  async control(line: string): Promise<string> {
    const socket = connect(`/run/netlab/${this.name}/ctl`);
    await once(socket, 'connect');
    socket.end(`${line}\n`);
    const answer = (await text(socket)).trim();
    if (answer.startsWith('error')) throw new Error(`netlab ${line}: ${answer}`);
    return answer;
  }

  /** Packets that have left the client, whether they arrived or not. */
  async packetsFromClient(): Promise<number> {
    const stats = JSON.parse(await this.control('stats')) as { c2s: { packets_in: number } };
    return stats.c2s.packets_in;
  }

  /** Starts a program in one of the namespaces. */
  spawn(
    side: 'client' | 'server',
    argv: readonly [string, ...string[]],
    options: SpawnOptions = {},
  ): ChildProcess {
    const [program, ...args] = this.commandIn(side, argv);
    return spawn(program, args, options);
  }

  /** The command line that runs `argv` in one of the namespaces: for programs that are started in other ways, as on a pty. */
  commandIn(side: 'client' | 'server', argv: readonly string[]): [string, ...string[]] {
    return ['ip', 'netns', 'exec', `${this.name}-${side}`, ...argv];
  }

  async down(): Promise<void> {
    await run(COMMAND, ['down', this.name], { env: ENVIRONMENT });
  }
}
