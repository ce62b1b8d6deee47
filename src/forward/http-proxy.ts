import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { HttpConnection, type HttpConnectionDeps } from './http-connection.ts';
import { sayLast } from './http-last-words.ts';
import { HttpRefusal } from './http-refusal.ts';

/** Clients at a time. A browser has some dozens of connections. */
const MAX_CONNECTIONS = 1024;
/** The longest head of a request, in bytes; Node's default. */
const MAX_HEAD_BYTES = 16_384;

export interface HttpProxyDeps extends HttpConnectionDeps {}

/**
 * An HTTP proxy: CONNECT host:port, and requests for http:// URIs. It listens nowhere; the sockets are handed to it.
 *
 * Between any two calls: every socket that was accepted and is not closed is in `#sockets`, and has a listener for its errors.
 */
export class HttpProxy {
  readonly #deps: HttpProxyDeps;
  /** Only parses what the sockets bring. Its own timeouts start with listening, so `HttpConnection` has one. */
  readonly #server: Server;
  readonly #sockets = new Set<Duplex>();
  readonly #connections = new WeakMap<Duplex, HttpConnection>();
  #isClosed = false;

  constructor(deps: HttpProxyDeps) {
    this.#deps = deps;
    this.#server = createServer({
      maxHeaderSize: MAX_HEAD_BYTES,
      requestTimeout: 0,
      keepAliveTimeout: 0,
    });
    // Node drops what is above its default of 2,000 fields without a word; the size of the head is bounded anyway.
    this.#server.maxHeadersCount = 0;
    const serve = (request: IncomingMessage, response: ServerResponse): void =>
      this.#connections.get(request.socket)?.serve(request, response);
    this.#server.on('request', serve);
    // The server at the far side says whether the client is to continue.
    this.#server.on('checkContinue', serve);
    this.#server.on('connect', (request, socket, head) =>
      this.#connections.get(socket)?.tunnel(request, head),
    );
    this.#server.on('upgrade', (request, socket, head) =>
      this.#connections.get(socket)?.upgrade(request, head),
    );
    this.#server.on('clientError', (error, socket) =>
      this.#connections.get(socket)?.malformed(error),
    );
  }

  /** Takes a connection over, from its first byte on. It must have `allowHalfOpen`, or a tunnel ends both ways at once. */
  accept(socket: Duplex): void {
    socket.on('error', () => undefined);
    if (this.#isClosed || socket.destroyed) {
      socket.destroy();
      return;
    }
    const isFull = this.#sockets.size >= MAX_CONNECTIONS;
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    if (isFull) {
      const refusal = new HttpRefusal(503, `${MAX_CONNECTIONS} connections are open already`);
      sayLast(socket, refusal.format(), this.#deps.clock);
      return;
    }
    this.#connections.set(socket, new HttpConnection(socket, this.#deps));
    this.#server.emit('connection', socket);
    // A listener may hand them over paused.
    socket.resume();
  }

  /** Ends every connection at once, and those that come later. */
  close(): void {
    this.#isClosed = true;
    for (const socket of this.#sockets) socket.destroy();
  }
}
