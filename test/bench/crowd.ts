import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RouterProcess } from '../support/router-process.ts';
import type { CrowdNews } from './crowd-program.ts';

/** Compiled with the benches, and beside this file: scripts/run-ts.js. */
const PROGRAM = fileURLToPath(new URL('crowd-program.js', import.meta.url));

/** Many clients and session servers of one router: real links over real sockets, in one process for each of the two kinds. */
export class Crowd {
  readonly #servers: ChildProcess;
  readonly #clients: ChildProcess;

  private constructor(servers: ChildProcess, clients: ChildProcess) {
    this.#servers = servers;
    this.#clients = clients;
  }

  /** Settles when all have a link. */
  static async start(router: RouterProcess, count: number): Promise<Crowd> {
    const servers = start(router, 'servers', router.socket, count);
    try {
      await newsOf(servers);
      const clients = start(router, 'clients', String(router.port), count);
      const crowd = new Crowd(servers, clients);
      await crowd.allLinked();
      return crowd;
    } catch (error) {
      servers.kill();
      throw error;
    }
  }

  /** Settles when all have a link the next time after one was lost, to the moments at which each got its own, as of `Date.now`. */
  async allLinked(): Promise<readonly number[]> {
    return (await newsOf(this.#clients)).joinedAtMs;
  }

  async stop(): Promise<void> {
    for (const child of [this.#clients, this.#servers]) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const over = once(child, 'exit');
      child.kill();
      await over;
    }
  }
}

function start(router: RouterProcess, ...words: (string | number)[]): ChildProcess {
  return spawn(process.execPath, [PROGRAM, ...words.map(String)], {
    env: router.host.environment,
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
}

function newsOf(child: ChildProcess): Promise<CrowdNews> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('a crowd has ended'));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.removeListener('exit', ended);
      resolve(message as CrowdNews);
    });
  });
}
