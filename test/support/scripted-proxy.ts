import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificate } from './certificate.ts';

/** What an HTTP proxy read in the head of a request. */
export interface ProxyRequest {
  readonly line: string;
  readonly head: string;
}

/**
 * An HTTP proxy that opens tunnels, or answers what the test tells it to. `cutAfterBytes` ends a tunnel that has carried so
 * much, without a word, and `holdMs` lets what passes wait so long and go on in one piece: as proxies do that buffer and cut.
 */
export class ScriptedProxy {
  readonly requests: ProxyRequest[] = [];
  /** Tunnels that were opened. */
  count = 0;
  /** Sent in place of a tunnel. */
  answer: string | undefined;
  cutAfterBytes: number = Number.POSITIVE_INFINITY;
  holdMs = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(server: Server, event: string) {
    this.#server = server;
    server.on(event, (client: Socket) => this.#take(client));
  }

  /** With a certificate it speaks TLS. */
  static async open(certificate?: Certificate): Promise<ScriptedProxy> {
    const server =
      certificate === undefined
        ? createServer({ allowHalfOpen: true })
        : createTlsServer({ cert: certificate.pem, key: certificate.key });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new ScriptedProxy(server, certificate === undefined ? 'connection' : 'secureConnection');
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** Connections that are open, at either side. */
  get openCount(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
  }

  #take(client: Socket): void {
    this.#keep(client);
    let head = '';
    const onData = (bytes: Buffer): void => {
      head += bytes.toString('latin1');
      if (!head.includes('\r\n\r\n')) return;
      client.removeListener('data', onData);
      client.pause();
      this.#answer(client, head);
    };
    client.on('data', onData);
  }

  #answer(client: Socket, head: string): void {
    const line = head.slice(0, head.indexOf('\r\n'));
    this.requests.push({ line, head });
    if (this.answer !== undefined) {
      client.end(this.answer);
      client.resume();
      return;
    }
    const [, host = '', port = ''] = /^CONNECT \[?([^\]\s]+?)\]?:(\d+) /u.exec(line) ?? [];
    const target = connect(Number(port), host);
    this.#keep(target);
    this.count += 1;
    target.once('connect', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      let passedBytes = 0;
      const onPassed = (bytes: number): void => {
        passedBytes += bytes;
        if (passedBytes < this.cutAfterBytes) return;
        client.destroy();
        target.destroy();
      };
      this.#pass(client, target, onPassed);
      this.#pass(target, client, onPassed);
    });
    for (const [from, to] of [
      [client, target],
      [target, client],
    ] as const) {
      from.on('close', () => to.destroy());
    }
  }

  #pass(from: Socket, to: Socket, onPassed: (bytes: number) => void): void {
    let held: Buffer[] = [];
    const release = (): void => {
      const bytes = Buffer.concat(held);
      held = [];
      onPassed(bytes.length);
      if (to.write(bytes)) from.resume();
      else to.once('drain', () => from.resume());
    };
    from.on('data', (bytes: Buffer) => {
      held.push(bytes);
      if (this.holdMs === 0) {
        from.pause();
        release();
      } else if (held.length === 1) {
        setTimeout(() => {
          from.pause();
          release();
        }, this.holdMs);
      }
    });
    from.on('end', () => to.end());
    from.resume();
  }
}
