import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';

/** A UDP socket of a test: it keeps what comes, and from where. */
export class UdpPeer {
  readonly received: { readonly bytes: Uint8Array; readonly from: string }[] = [];
  readonly #socket: Socket;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('message', (bytes, { address, port }) => {
      this.received.push({ bytes: new Uint8Array(bytes), from: `${address}:${port}` });
    });
  }

  static async open(address = '127.0.0.1'): Promise<UdpPeer> {
    const socket = createSocket(address.includes(':') ? 'udp6' : 'udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new UdpPeer(socket);
  }

  get port(): number {
    return this.#socket.address().port;
  }

  send(bytes: Uint8Array, port: number, address = '127.0.0.1'): void {
    this.#socket.send(bytes, port, address);
  }

  close(): void {
    this.#socket.close();
  }
}
