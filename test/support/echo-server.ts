import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

/** A TCP server on a port of 127.0.0.1 that sends back what it gets, up to the end of each direction. */
export class EchoServer {
  /** Connections it has had, and what went wrong with them. */
  count = 0;
  readonly errors: Error[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => {
      this.count += 1;
      this.#sockets.add(socket);
      socket.on('error', (error) => this.errors.push(error));
      socket.on('close', () => this.#sockets.delete(socket));
      socket.pipe(socket);
    });
  }

  static async open(): Promise<EchoServer> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new EchoServer(server);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
