import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { Program } from './program.ts';
import { requireTool } from './requirements.ts';
import { until } from './until.ts';

const ENVIRONMENT = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C.UTF-8' };

/** A proxy of Debian's that runs on a port of 127.0.0.1 until it is stopped. */
export class RealProxy {
  readonly port: number;
  readonly #directory: string;
  readonly #start: () => Program;
  #program: Program;

  private constructor(directory: string, port: number, start: () => Program) {
    this.#directory = directory;
    this.port = port;
    this.#start = start;
    this.#program = start();
  }

  /** HTTP CONNECT; with a user `me` and a password `pass1` where asked for. */
  static tinyproxy(isAuthenticated = false): Promise<RealProxy> {
    return RealProxy.#open('tinyproxy', (port) => ({
      lines: [
        `Port ${port}`,
        'Listen 127.0.0.1',
        'Timeout 600',
        'MaxClients 100',
        ...(isAuthenticated ? ['BasicAuth me pass1'] : []),
      ],
      argumentsOf: (file) => ['-d', '-c', file],
    }));
  }

  /** SOCKS5, names and addresses; with the same user and password where asked for. */
  static microsocks(isAuthenticated = false): Promise<RealProxy> {
    const credentials = isAuthenticated ? ['-u', 'me', '-P', 'pass1'] : [];
    return RealProxy.#open('microsocks', (port) => ({
      lines: [],
      argumentsOf: () => ['-i', '127.0.0.1', '-p', String(port), ...credentials],
    }));
  }

  /** SOCKS4 and 5; not to 127.0.0.9. */
  static danted(): Promise<RealProxy> {
    return RealProxy.#open('danted', (port) => ({
      lines: [
        'logoutput: stderr',
        `internal: 127.0.0.1 port = ${port}`,
        'external: lo',
        'clientmethod: none',
        'socksmethod: none',
        'client pass { from: 0.0.0.0/0 to: 0.0.0.0/0 }',
        'socks block { from: 0.0.0.0/0 to: 127.0.0.9/32 }',
        'socks pass { from: 0.0.0.0/0 to: 0.0.0.0/0 protocol: tcp }',
      ],
      argumentsOf: (file, directory) => ['-f', file, '-p', join(directory, 'pid')],
    }));
  }

  static async #open(
    name: string,
    configure: (port: number) => {
      readonly lines: readonly string[];
      readonly argumentsOf: (file: string, directory: string) => readonly string[];
    },
  ): Promise<RealProxy> {
    const directory = mkdtempSync(join(tmpdir(), `everterm-${name}-`));
    const port = await freePort();
    const file = join(directory, 'conf');
    const { lines, argumentsOf } = configure(port);
    writeFileSync(file, `${lines.join('\n')}\n`);
    const words = [requireTool(name), ...argumentsOf(file, directory)];
    const options = { cwd: directory, environment: ENVIRONMENT };
    const proxy = new RealProxy(directory, port, () => new Program(words, options));
    await proxy.#listens();
    return proxy;
  }

  /** Kills it, with all of its connections, and starts it again on the same port. */
  async restart(): Promise<void> {
    this.#program.child.kill('SIGKILL');
    await this.#program.ended;
    this.#program = this.#start();
    await this.#listens();
  }

  async close(): Promise<void> {
    await this.#program.stop();
    rmSync(this.#directory, { recursive: true });
  }

  /** Settles when it does; throws when it has ended instead. */
  async #listens(): Promise<void> {
    const { child, ended } = this.#program;
    await until(
      `${child.spawnargs[0]} listens`,
      () => child.exitCode !== null || isListening(this.port),
      Boolean,
    );
    if (child.exitCode !== null) throw new Error(`${await ended}: ${this.#program.stderr}`);
  }
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
  });
}
