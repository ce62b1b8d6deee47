import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Connections that can be swallowed in one direction, and cut. */
export class Relay {
  readonly #server: Server;
  readonly #open = new Set<Socket>();
  /** Bytes in this direction are thrown away; whoever sends them sees nothing of it. */
  swallows: 'up' | 'down' | undefined;
  /** Who connects is reset at once. */
  isClosed = false;
  /** Connections so far. */
  count = 0;

  private constructor(server: Server, accept: (socket: Socket) => void) {
    this.#server = server;
    const inner = createServer((socket) => accept(socket)).listen(0, '127.0.0.1');
    inner.unref();
    server.on('connection', (down) => {
      this.count += 1;
      if (this.isClosed) {
        down.resetAndDestroy();
        return;
      }
      const up = connect((inner.address() as AddressInfo).port, '127.0.0.1');
      this.#pass(down, up, 'up');
      this.#pass(up, down, 'down');
    });
    server.on('close', () => inner.close());
  }

  static async before(accept: (socket: Socket) => void): Promise<Relay> {
    const server = createServer();
    const relay = new Relay(server, accept);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  dial(): Socket {
    return connect((this.#server.address() as AddressInfo).port, '127.0.0.1');
  }

  cut(): void {
    for (const socket of this.#open) socket.resetAndDestroy();
  }

  close(): void {
    this.cut();
    this.#server.close();
  }

  #pass(from: Socket, to: Socket, way: 'up' | 'down'): void {
    this.#open.add(from);
    from.on('error', () => undefined);
    from.on('data', (bytes: Buffer) => {
      if (this.swallows !== way) to.write(bytes);
    });
    from.on('end', () => to.end());
    from.on('close', () => {
      this.#open.delete(from);
      to.destroy();
    });
  }
}
