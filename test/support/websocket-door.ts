import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type Clock, SystemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import {
  type WebSocketEntrance,
  type WebSocketPeer,
  webSocketEntrance,
} from '../../src/link/websocket-entrance.ts';

export interface WebSocketDoorOptions {
  readonly clock?: Clock;
  readonly path?: string;
}

/** A port that looks at the first bytes of each connection, puts them back, and hands it to the entrance, as the router does. */
export class WebSocketDoor {
  readonly entrance: WebSocketEntrance;
  readonly streams: Duplex[] = [];
  readonly peers: WebSocketPeer[] = [];
  readonly sockets: Socket[] = [];
  /** Called with each stream; until it is set they wait in `streams`. */
  onStream: ((stream: Duplex) => void) | undefined;
  readonly #server: Server;

  private constructor(server: Server, { clock = new SystemClock(), path }: WebSocketDoorOptions) {
    this.#server = server;
    this.entrance = webSocketEntrance({
      clock,
      log: silentLogger,
      ...(path !== undefined && { path }),
      onConnection: (stream, peer) => {
        this.streams.push(stream);
        this.peers.push(peer);
        this.onStream?.(stream);
      },
    });
    server.on('connection', (socket) => {
      this.sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('readable', () => {
        const bytes: unknown = socket.read();
        if (!(bytes instanceof Uint8Array)) return;
        socket.pause();
        socket.unshift(bytes);
        this.entrance.take(socket);
      });
    });
  }

  static async open(options: WebSocketDoorOptions = {}): Promise<WebSocketDoor> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new WebSocketDoor(server, options);
  }

  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  async close(): Promise<void> {
    this.entrance.close();
    for (const stream of this.streams) stream.destroy();
    for (const socket of this.sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
