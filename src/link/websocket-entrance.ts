import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type * as Library from 'ws';
import type { Clock, Timer } from '../base/clock.ts';
import type { Logger } from '../base/logger.ts';
import { forwardedFor } from './forwarded-for.ts';
import { plainAddress } from './plain-address.ts';
import { WebSocketDuplex } from './websocket-duplex.ts';
import { WEBSOCKET_OPTIONS } from './websocket-limits.ts';

/** How long somebody may take to say what he wants, in milliseconds; and to take the answer. */
export const REQUEST_TIMEOUT_MS = 10_000;
const MAX_HEADER_BYTES = 8192;

export interface WebSocketPeer {
  /** Who has connected: of a reverse proxy, its own address. */
  readonly address: string;
  /** For whom a reverse proxy says that it connects. Worth as much as the word of who is at `address`. */
  readonly forwardedFor: string | undefined;
}

export interface WebSocketEntranceOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** The only path that has a WebSocket; every one where it is missing. */
  readonly path?: string;
  onConnection(stream: Duplex, peer: WebSocketPeer): void;
}

/** Where WebSockets come in. */
export interface WebSocketEntrance {
  /**
   * Takes over a connection that speaks HTTP: a socket of Node's own, into which what was read of it has been put back (`unshift`).
   * `onDecided` comes once: it is about to be a WebSocket, or it is over.
   */
  take(socket: Socket, onDecided?: () => void): void;
  /** Ends those that are not yet WebSockets, and takes no more. The others are their owner's. */
  close(): void;
}

/** Answers HTTP on connections that somebody else has accepted. What it takes is loaded with the first of them. */
export function webSocketEntrance(options: WebSocketEntranceOptions): WebSocketEntrance {
  return new Entrance(options);
}

interface Loaded {
  readonly http: Server;
  readonly webSockets: Library.WebSocketServer;
}

/** The pages are those that any web server has: who asks for something else learns nothing. */
const PAGES = {
  403: 'Forbidden',
  404: 'Not Found',
  426: 'Upgrade Required',
} as const;
type Status = keyof typeof PAGES;

interface Asking {
  readonly timer: Timer;
  readonly onDecided: () => void;
}

/** Between any two calls: a socket is in `#asking`, with its timer, from `take` until it is a WebSocket or closed. */
class Entrance implements WebSocketEntrance {
  readonly #options: WebSocketEntranceOptions;
  readonly #asking = new Map<Duplex, Asking>();
  #loading: Promise<Loaded> | undefined;
  #isClosed = false;

  constructor(options: WebSocketEntranceOptions) {
    this.#options = options;
  }

  take(socket: Socket, onDecided: () => void = () => undefined): void {
    socket.on('error', () => undefined);
    if (this.#isClosed) socket.destroy();
    if (socket.destroyed) {
      onDecided();
      return;
    }
    const timer = this.#options.clock.schedule(REQUEST_TIMEOUT_MS, () => socket.destroy());
    this.#asking.set(socket, { timer, onDecided });
    socket.once('close', () => this.#forget(socket));
    this.#loading ??= this.#load();
    this.#loading.then(
      ({ http }) => {
        if (socket.destroyed) return;
        http.emit('connection', socket);
        socket.resume();
      },
      () => socket.destroy(),
    );
  }

  close(): void {
    this.#isClosed = true;
    for (const socket of this.#asking.keys()) socket.destroy();
  }

  async #load(): Promise<Loaded> {
    const [{ createServer }, { WebSocketServer }] = await Promise.all([
      import('node:http'),
      import('ws'),
    ]);
    const webSockets = new WebSocketServer({
      ...WEBSOCKET_OPTIONS,
      noServer: true,
      clientTracking: false,
    });
    // It never listens, so none of its own timeouts runs.
    const http = createServer({ maxHeaderSize: MAX_HEADER_BYTES });
    http.on('request', (request, response) => this.#answer(request, response));
    http.on('upgrade', (request, socket, head) => this.#upgrade(webSockets, request, socket, head));
    return { http, webSockets };
  }

  #forget(socket: Duplex): void {
    const asking = this.#asking.get(socket);
    this.#asking.delete(socket);
    asking?.timer.cancel();
    asking?.onDecided();
  }

  #isOurs({ url = '' }: IncomingMessage): boolean {
    const { path } = this.#options;
    return path === undefined || url.split('?')[0] === path;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const status = this.#isOurs(request) ? 426 : 404;
    const page = pageOf(status);
    response.writeHead(status, { ...headersOf(status, page) });
    response.end(page);
  }

  #upgrade(
    webSockets: Library.WebSocketServer,
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
  ): void {
    // Only browsers say where they come from, and none of them has business here.
    const isBrowser = request.headers.origin !== undefined;
    if (!this.#isOurs(request) || isBrowser) {
      this.#refuse(socket, this.#isOurs(request) ? 403 : 404);
      return;
    }
    const peer: WebSocketPeer = {
      address: plainAddress(request.socket.remoteAddress ?? ''),
      forwardedFor: forwardedFor(request.headers['x-forwarded-for']),
    };
    webSockets.handleUpgrade(request, socket, head, (webSocket) => {
      this.#forget(socket);
      this.#options.log.log(2, `websocket from ${peer.address}`);
      this.#options.onConnection(new WebSocketDuplex(webSocket), peer);
    });
  }

  #refuse(socket: Duplex, status: Status): void {
    const page = pageOf(status);
    const headers = Object.entries(headersOf(status, page)).map(
      ([name, text]) => `${name}: ${text}`,
    );
    const lines = [`HTTP/1.1 ${status} ${PAGES[status]}`, ...headers, '', page];
    socket.once('finish', () => socket.destroy());
    socket.end(lines.join('\r\n'));
  }
}

function pageOf(status: Status): string {
  const title = `${status} ${PAGES[status]}`;
  return `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>\n`;
}

function headersOf(status: Status, page: string): Readonly<Record<string, string>> {
  return {
    'Content-Type': 'text/html',
    'Content-Length': String(page.length),
    ...(status === 426 && { Upgrade: 'websocket' }),
    // RFC 9110 section 7.8: Upgrade is named there.
    Connection: status === 426 ? 'close, Upgrade' : 'close',
  };
}
