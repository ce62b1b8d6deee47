import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createServer, type Server } from 'node:tls';
import type { Certificate } from './certificate.ts';

/** A server that ends TLS and hands the bytes on to a port of this machine. */
export class TlsFront {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  /** The names that clients asked for (SNI). */
  readonly names: (string | false | null)[] = [];

  private constructor(server: Server, targetPort: () => number) {
    this.#server = server;
    server.on('secureConnection', (client) => {
      this.names.push(client.servername ?? null);
      const target = connect(targetPort(), '127.0.0.1');
      for (const [from, to] of [
        [client, target],
        [target, client],
      ] as const) {
        this.#sockets.add(from);
        from.on('error', () => to.destroy());
        from.on('close', () => {
          this.#sockets.delete(from);
          to.destroy();
        });
        from.pipe(to);
      }
    });
  }

  static async open({ pem, key }: Certificate, targetPort: () => number): Promise<TlsFront> {
    const server = createServer({ cert: pem, key });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TlsFront(server, targetPort);
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
