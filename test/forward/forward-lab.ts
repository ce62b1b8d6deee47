import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SystemClock } from '../../src/base/clock.ts';
import { messageOf } from '../../src/base/errors.ts';
import { systemRandom } from '../../src/base/random.ts';
import { ServerOpens } from '../../src/etclient/server-opens.ts';
import type { Forward } from '../../src/forward/forward.ts';
import { ForwardServer } from '../../src/forward/forward-server.ts';
import { ForwardSet } from '../../src/forward/forward-set.ts';
import type { ForwardSpec } from '../../src/forward/forward-spec.ts';
import { Policy } from '../../src/forward/policy.ts';
import type { HostResolver } from '../../src/link/host-resolver.ts';
import { portHolder } from '../../src/link/port-holder.ts';
import { Mux } from '../../src/mux/mux.ts';

const clock = new SystemClock();

/** A client's forwards and the server's end of them, over a mux whose bytes move when nobody holds them; sockets are real. */
export class ForwardLab {
  readonly directory: string = mkdtempSync(join(tmpdir(), 'forward-lab-'));
  readonly set: ForwardSet;
  server: ForwardServer;
  /** What was told, in order: `listening 8003 -> db:80`, `failed ...`, `refused ...`. */
  readonly told: string[] = [];
  clientMux: Mux;
  serverMux: Mux;
  /** What has moved between the ends, both ways. */
  carriedBytes = 0;
  readonly #makeServer: (mux: Mux) => ForwardServer;
  #opens = new ServerOpens();
  readonly #sockets = new Set<Socket>();
  readonly #targets = new Set<Server>();
  #isHeld = false;
  #isPumping = false;

  constructor(
    policy: Policy = Policy.open,
    udpIdleMs = 60_000,
    resolver?: HostResolver,
    isCompressed = false,
  ) {
    this.clientMux = this.#mux('client');
    this.serverMux = this.#mux('server');
    const tell = (word: string, forward: Forward, text = ''): void => {
      this.told.push(`${word} ${forward.spec.source} ${text}`.trim());
    };
    const deps = { clock, random: systemRandom, temporaryDirectory: this.directory };
    this.set = new ForwardSet(
      { ...deps, holderOf: portHolder, udpIdleMs, isCompressed },
      {
        onListening: (forward) => tell('listening', forward),
        onFailed: (forward, text) => tell('failed', forward, text),
        onRefused: (forward, text) => tell('refused', forward, text),
      },
    );
    this.#makeServer = (mux) =>
      new ForwardServer({
        ...deps,
        mux,
        policy,
        ...(resolver && { resolver }),
      });
    this.server = this.#makeServer(this.serverMux);
    this.set.attach(this.clientMux, this.#opens.serve.bind(this.#opens), 0);
  }

  /** The session ends, at both ends. */
  endSession(): void {
    this.set.detach('the session has ended');
    this.server.close();
    this.clientMux.close();
    this.serverMux.close();
  }

  /** Another session takes its place. */
  nextSession(): void {
    this.#opens = new ServerOpens();
    this.clientMux = this.#mux('client');
    this.serverMux = this.#mux('server');
    this.server = this.#makeServer(this.serverMux);
    this.set.attach(this.clientMux, this.#opens.serve.bind(this.#opens), 0);
  }

  /** Nothing moves between the ends, as in an outage. */
  hold(): void {
    this.#isHeld = true;
  }

  release(): void {
    this.#isHeld = false;
    this.#pump();
  }

  /** Adds a forward and waits until it listens; returns the port. */
  async listening(spec: ForwardSpec): Promise<number> {
    const forward = this.set.add(spec);
    await soon(() => forward.state === 'listening');
    return forward.place.kind === 'tcp' ? forward.place.port : 0;
  }

  /** A server of the test's own on a free port. */
  async target(serve: (socket: Socket) => void): Promise<number> {
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      serve(socket);
    });
    this.#targets.add(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  dial(where: number | string): Socket {
    const socket =
      typeof where === 'string'
        ? connect({ path: where, allowHalfOpen: true })
        : connect({ port: where, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => undefined);
    this.#sockets.add(socket);
    return socket;
  }

  close(): void {
    this.set.close();
    this.server.close();
    for (const socket of this.#sockets) socket.destroy();
    for (const target of this.#targets) target.close();
    rmSync(this.directory, { recursive: true, force: true });
  }

  #mux(role: 'client' | 'server'): Mux {
    return new Mux({
      role,
      clock,
      transport: { wake: () => this.#pump(), rate: { bytesPerSecond: 1e8, rttMs: 1 } },
      events: {
        onOpen: (incoming) => {
          try {
            const isTaken =
              role === 'server' ? this.server.open(incoming) : this.#opens.take(incoming);
            if (!isTaken) incoming.refuse(1, 'nobody');
          } catch (error) {
            // As a session server does.
            incoming.refuse(4, messageOf(error));
          }
        },
      },
    });
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      if (this.#isHeld) return;
      this.#carry(this.clientMux, this.serverMux);
      this.#carry(this.serverMux, this.clientMux);
      if (this.clientMux.ready + this.serverMux.ready > 0) this.#pump();
      if (this.clientMux.isDatagramReady || this.serverMux.isDatagramReady) this.#pump();
    });
  }

  #carry(from: Mux, to: Mux): void {
    for (let stream = 0; stream < 8; stream += 1) {
      if ((from.ready & (1 << stream)) === 0) continue;
      const target = new Uint8Array(61_440);
      const count = from.take(stream, target);
      if (count > 0) to.receive(stream, target.subarray(0, count));
      this.carriedBytes += count;
    }
    for (let piece = from.takeDatagram(1200); piece; piece = from.takeDatagram(1200)) {
      to.receiveDatagram(piece.channel, piece.id, piece.index, piece.count, piece.bytes.slice());
    }
  }
}

/** Everything a socket says, until it ends; rejects where it is reset. */
export function readAll(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    socket.on('data', (bytes) => pieces.push(bytes));
    socket.once('end', () => resolve(Buffer.concat(pieces)));
    socket.once('error', reject);
  });
}

/** Resolves to the error a socket dies of, or `undefined` when it closes in order. */
export function deathOf(socket: Socket): Promise<string | undefined> {
  return new Promise((resolve) => {
    let code: string | undefined;
    socket.resume();
    socket.once('error', (error: NodeJS.ErrnoException) => {
      code = error.code;
    });
    socket.once('close', () => resolve(code));
  });
}

/** Waits until `isSo`. */
export async function soon(isSo: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!isSo()) {
    if (performance.now() > end) throw new Error(`never: ${isSo.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
