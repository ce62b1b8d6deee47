import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import type { SeededRandom } from './seeded-random.ts';

/** What it does to bytes on their way. */
export type Meddling = 'flip' | 'drop' | 'swap' | 'repeat' | 'truncate';

/**
 * A TCP proxy in the place of a router that means harm: after a while it changes what passes, once in each connection, and then lets
 * on whatever happens. It takes a free port of 127.0.0.1, and hands on to the same port of 127.0.0.2.
 */
export class MeddlingProxy {
  readonly #server: Server;
  readonly #random: SeededRandom;
  readonly #sockets = new Set<Socket>();
  meddling: Meddling = 'flip';
  /** How often it has meddled. */
  count = 0;
  /** A connection is left alone until so many bytes have passed in a direction, at most. */
  afterBytes = 400_000;

  private constructor(server: Server, random: SeededRandom) {
    this.#server = server;
    this.#random = random;
    server.on('connection', (client) => this.#take(client));
  }

  static async start(random: SeededRandom): Promise<MeddlingProxy> {
    const server = createServer({ noDelay: true, allowHalfOpen: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new MeddlingProxy(server, random);
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(client: Socket): void {
    const server = new Socket({ allowHalfOpen: true }).connect(this.port, '127.0.0.2');
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        server.destroy();
      });
    }
    this.#hand(client, server);
    this.#hand(server, client);
  }

  #hand(from: Socket, to: Socket): void {
    let left = this.#random.integer(1, this.afterBytes);
    let held: Buffer | undefined;
    from.on('end', () => to.end());
    to.on('drain', () => from.resume());
    from.on('data', (bytes: Buffer) => {
      const before = left;
      left -= bytes.length;
      const isNow = before > 0 && left <= 0;
      const pieces = isNow ? this.#meddle(bytes, before - 1) : [bytes];
      if (isNow && this.meddling === 'swap') {
        held = bytes;
        return;
      }
      if (held !== undefined) pieces.push(held);
      held = undefined;
      const areTaken = pieces.map((piece) => to.write(piece));
      if (areTaken.includes(false)) from.pause();
      if (isNow && this.meddling === 'truncate') to.destroy();
    });
  }

  #meddle(bytes: Buffer, at: number): Buffer[] {
    this.count += 1;
    switch (this.meddling) {
      case 'flip': {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at] ?? 0) ^ (1 << this.#random.integer(0, 7));
        return [changed];
      }
      case 'drop':
        return [bytes.subarray(0, at), bytes.subarray(at + 1)];
      case 'repeat':
        return [bytes, bytes];
      case 'truncate':
        return [bytes.subarray(0, at)];
      case 'swap':
        return [];
    }
  }
}
