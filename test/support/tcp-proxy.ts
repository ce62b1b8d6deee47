import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';

interface Pair {
  readonly client: Socket;
  readonly server: Socket;
}

/**
 * A TCP proxy that does what networks do. `cut`: both ends are reset. `stall`: nothing passes, and is kept. `isHole`: who
 * connects is taken and never answered. `isClosed`: who connects is reset.
 */
export class TcpProxy {
  readonly #server: Server;
  readonly #targetHost: string;
  readonly #pairs = new Set<Pair>();
  readonly #swallowed = new Set<Socket>();
  #isStalled = false;
  isHole = false;
  isClosed = false;
  /** Connections that reached the target. */
  count = 0;
  /** Bytes towards the client. */
  downBytes = 0;
  /** Called with each piece on its way to the client. */
  onDown: ((bytes: Uint8Array) => void) | undefined;

  private constructor(server: Server, targetHost: string) {
    this.#server = server;
    this.#targetHost = targetHost;
    server.on('connection', (client) => this.#take(client));
  }

  /** Takes a free port of 127.0.0.1 and hands on to the same port of `targetHost`, where `et --bind` may listen. */
  static async before(targetHost: string): Promise<TcpProxy> {
    const server = createServer({ noDelay: true });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, targetHost);
  }

  get port(): number {
    const address = this.#server.address();
    return address === null || typeof address === 'string' ? 0 : address.port;
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  cut(): void {
    for (const pair of this.#pairs) this.#end(pair);
  }

  stall(): void {
    this.#isStalled = true;
    for (const { client, server } of this.#pairs) {
      client.pause();
      server.pause();
    }
  }

  flow(): void {
    this.#isStalled = false;
    for (const { client, server } of this.#pairs) {
      client.resume();
      server.resume();
    }
  }

  async close(): Promise<void> {
    this.cut();
    for (const socket of this.#swallowed) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #take(client: Socket): void {
    client.on('error', () => undefined);
    if (this.isClosed) {
      client.resetAndDestroy();
      return;
    }
    if (this.isHole) {
      this.#swallowed.add(client);
      client.on('close', () => this.#swallowed.delete(client)).resume();
      return;
    }
    this.count += 1;
    const server = new Socket().on('error', () => undefined);
    const pair = { client, server };
    this.#pairs.add(pair);
    for (const socket of [client, server]) socket.on('close', () => this.#end(pair));
    server.setNoDelay(true).connect(this.port, this.#targetHost);
    client.pipe(server);
    server.on('data', (bytes: Buffer) => {
      this.downBytes += bytes.length;
      this.onDown?.(bytes);
    });
    server.pipe(client);
    if (this.#isStalled) this.stall();
  }

  #end(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    pair.client.resetAndDestroy();
    pair.server.resetAndDestroy();
  }
}
