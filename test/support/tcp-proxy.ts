import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';

/** A TCP proxy that does what networks do to connections. */
export class TcpProxy {
  readonly #server: Server;
  readonly #targetHost: string;
  readonly #pairs = new Set<Pair>();
  readonly #swallowed = new Set<Socket>();
  #isStalled = false;
  /** Who connects is taken, and never answered. */
  isHole = false;
  /** Who connects is reset. */
  isClosed = false;
  /** Connections that reached the target. */
  count = 0;
  /** Bytes towards the client. */
  downBytes = 0;
  /** Called after each piece on its way to the client. */
  onDown: (() => void) | undefined;

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

  /** Connections that pass bytes. */
  get openCount(): number {
    return this.#pairs.size;
  }

  /** Resets all connections. */
  cut(): void {
    for (const pair of this.#pairs) pair.end();
  }

  /** Nothing passes any more, and nobody is told; later connections are not touched. */
  freeze(): void {
    for (const pair of this.#pairs) pair.isFrozen = true;
  }

  /** Nothing passes until `flow`; then all of it does. */
  stall(): void {
    this.#isStalled = true;
  }

  flow(): void {
    this.#isStalled = false;
    for (const pair of this.#pairs) pair.release();
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
    const server = new Socket().setNoDelay(true).connect(this.port, this.#targetHost);
    const isStalled = (): boolean => this.#isStalled;
    const pair = new Pair(client, server, isStalled, (bytes) => {
      this.downBytes += bytes;
      this.onDown?.();
    });
    this.#pairs.add(pair);
    for (const socket of [client, server])
      socket.on('close', () => {
        this.#pairs.delete(pair);
        pair.end();
      });
  }
}

/** One connection through the proxy. */
class Pair {
  isFrozen = false;
  readonly #client: Socket;
  readonly #server: Socket;
  readonly #held: (() => void)[] = [];

  constructor(
    client: Socket,
    server: Socket,
    isStalled: () => boolean,
    onDown: (bytes: number) => void,
  ) {
    this.#client = client;
    this.#server = server;
    server.on('error', () => undefined);
    const forward = (from: Socket, to: Socket, onPassed: (bytes: number) => void): void => {
      const pass = (bytes: Buffer): void => {
        if (!to.write(bytes)) from.pause();
        onPassed(bytes.length);
      };
      from.on('data', (bytes: Buffer) => {
        if (this.isFrozen) return;
        if (isStalled()) this.#held.push(() => pass(bytes));
        else pass(bytes);
      });
      to.on('drain', () => from.resume());
    };
    forward(client, server, () => undefined);
    forward(server, client, onDown);
  }

  release(): void {
    for (const pass of this.#held.splice(0)) pass();
  }

  end(): void {
    this.#client.resetAndDestroy();
    this.#server.resetAndDestroy();
  }
}
