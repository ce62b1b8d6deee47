import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { soon } from './forward-lab.ts';

/** A program that sends and receives datagrams: a client, or with `echo` a server that sends each one back. */
export class UdpPeer {
  readonly received: Buffer[] = [];
  readonly froms: string[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket, echo: boolean) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('message', (bytes, from) => this.#take(bytes, from, echo));
  }

  static async bind(
    address = '127.0.0.1',
    options: { readonly echo?: boolean; readonly port?: number } = {},
  ): Promise<UdpPeer> {
    const family = address.includes(':')
      ? ({ type: 'udp6', ipv6Only: true } as const)
      : ({ type: 'udp4' } as const);
    const socket = createSocket({ ...family, recvBufferSize: 4 * 1024 * 1024 });
    socket.bind(options.port ?? 0, address);
    await once(socket, 'listening');
    return new UdpPeer(socket, options.echo === true);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(bytes: Uint8Array, port: number, address?: string): Promise<void> {
    const to = address ?? (this.#socket.address().family === 'IPv6' ? '::1' : '127.0.0.1');
    return new Promise((resolve, reject) => {
      this.#socket.send(bytes, port, to, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Sends again and again, as programs do, until something comes back. */
  async ask(bytes: Uint8Array, port: number): Promise<Buffer> {
    const { length } = this.received;
    while (this.received.length === length) {
      await this.send(bytes, port);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return this.received[length] as Buffer;
  }

  async receives(count: number): Promise<readonly Buffer[]> {
    await soon(() => this.received.length >= count);
    return this.received;
  }

  close(): void {
    this.#socket.close();
  }

  #take(bytes: Buffer, from: RemoteInfo, echo: boolean): void {
    this.received.push(bytes);
    this.froms.push(`${from.address} ${from.port}`);
    if (echo) this.#socket.send(bytes, from.port, from.address);
  }
}
