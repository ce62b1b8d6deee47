import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import type { BenchPlace, Program } from './bench-place.ts';
import { ECHO_COMMAND } from './echo-bench.ts';
import { sessionServers } from './session-servers.ts';
import { sshdSessions } from './sshd-sessions.ts';
import { TunnelEnd } from './tunnel-end.ts';
import type { TunnelWay } from './tunnel-program.ts';
import type { Typist } from './typist.ts';

const OPEN_WITHIN_MS = 30_000;

/** A session of either program with its forwards. */
export interface Tunnel {
  /** -L to the far end. */
  readonly straight: TunnelWay;
  /** The same through -D. */
  readonly socks: TunnelWay;
  readonly clientPid: number;
  /** What serves it on the host: for `ssh` all of sshd's processes that do. */
  readonly serverPids: readonly number[];
  close(): Promise<void>;
}

/** One that has a terminal too, on which what is typed is echoed. */
export interface TypedTunnel extends Tunnel {
  readonly typist: Typist;
}

/** A place with a source and sink of bytes on its host, a program that connects to it from here, and tunnels between them. */
export class TunnelBed {
  readonly place: BenchPlace;
  readonly near: TunnelEnd;
  readonly far: TunnelEnd;
  /** Without a tunnel: across a lab only in a bed that was told of it. */
  readonly direct: TunnelWay;

  private constructor(place: BenchPlace, near: TunnelEnd, far: TunnelEnd, direct: TunnelWay) {
    this.place = place;
    this.near = near;
    this.far = far;
    this.direct = direct;
  }

  /** Stops with `stop`, the place with it. `acrossLab`: the way without a tunnel goes through the place's lab. */
  static async start(
    place: BenchPlace,
    { acrossLab }: { readonly acrossLab: boolean } = { acrossLab: false },
  ): Promise<TunnelBed> {
    const end = (side: 'client' | 'server'): TunnelEnd =>
      new TunnelEnd({
        commandIn: (argv) => place.commandOn(side, argv),
        environment: place.host.environment,
      });
    try {
      const far = end('server');
      const listen = { kind: 'listen', ...(acrossLab && { host: '0.0.0.0' }) } as const;
      return new TunnelBed(place, end('client'), far, {
        port: await far.number(listen),
        ...(acrossLab && { host: place.lab.server }),
      });
    } catch (error) {
      await place.stop();
      throw error;
    }
  }

  /** A session that does nothing but forward, over the road of these flags. */
  async open(program: Program, road: readonly string[] = roadOf(program)): Promise<Tunnel> {
    const { flags, ways } = await this.#forwards();
    const known = this.#servers(program);
    const child = this.place.pipe(this.place.commandLine(program, ['-N', ...road, ...flags]));
    return await this.#tunnel(program, ways, known, child.pid, () => endOf(child));
  }

  /** A session with forwards and a terminal, over the road of these flags. */
  async openTyped(
    program: Program,
    road: readonly string[] = roadOf(program),
  ): Promise<TypedTunnel> {
    const { flags, ways } = await this.#forwards();
    const known = this.#servers(program);
    const all = ['-tt', ...road, ...flags];
    const line = this.place.commandLine(program, all, ECHO_COMMAND);
    const typist = this.place.typist(line);
    await typist.see('ready');
    const tunnel = await this.#tunnel(program, ways, known, typist.pid, () => typist.close());
    return { ...tunnel, typist };
  }

  /** Ends what a closed tunnel has left at the host: it would go on to send what nobody takes any more. */
  endServers(): void {
    const { host } = this.place;
    for (const pid of [...sessionServers(host), ...sshdSessions(host)]) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Gone by itself.
      }
    }
  }

  async stop(): Promise<void> {
    await Promise.all([this.near.stop(), this.far.stop()]);
    await this.place.stop();
  }

  async #forwards(): Promise<{ flags: string[]; ways: [TunnelWay, TunnelWay] }> {
    const [port, proxy] = [await freePort(), await freePort()];
    const target = this.direct.port;
    const flags = ['-L', `127.0.0.1:${port}:127.0.0.1:${target}`, '-D', `127.0.0.1:${proxy}`];
    return { flags, ways: [{ port }, { port: proxy, socksTo: target }] };
  }

  #servers(program: Program): number[] {
    return program === 'et' ? sessionServers(this.place.host) : sshdSessions(this.place.host);
  }

  /** Settles when a connection has gone through. */
  async #tunnel(
    program: Program,
    [straight, socks]: readonly [TunnelWay, TunnelWay],
    known: readonly number[],
    clientPid: number | undefined,
    close: () => Promise<unknown>,
  ): Promise<Tunnel> {
    if (clientPid === undefined) throw new Error(`${program} did not start`);
    await this.#reached(straight);
    const serverPids = this.#servers(program).filter((pid) => !known.includes(pid));
    if (serverPids.length === 0) throw new Error(`nothing serves ${program}`);
    return {
      straight,
      socks,
      clientPid,
      serverPids,
      close: async () => {
        await close();
      },
    };
  }

  async #reached(way: TunnelWay): Promise<void> {
    const endMs = performance.now() + OPEN_WITHIN_MS;
    for (;;) {
      try {
        await this.near.run({ kind: 'greet', way, count: 1, atOnce: 1 });
        return;
      } catch (error) {
        if (performance.now() > endMs) throw error;
        await sleep(100);
      }
    }
  }
}

function roadOf(program: Program): readonly string[] {
  return program === 'et' ? ['--via', 'tcp'] : [];
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = once(child, 'exit');
  child.kill('SIGTERM');
  await over;
}
