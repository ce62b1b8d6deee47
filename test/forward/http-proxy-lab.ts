import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type Duplex, Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { HttpDial } from '../../src/forward/http-dial.ts';
import { HttpProxy } from '../../src/forward/http-proxy.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

/** What a socket has said so far. */
export class Talk {
  readonly socket: Socket;
  text = '';
  hasEnded = false;
  isClosed = false;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (bytes: Buffer) => {
      this.text += bytes.toString('latin1');
    });
    socket.on('end', () => {
      this.hasEnded = true;
    });
    socket.on('close', () => {
      this.isClosed = true;
    });
    socket.on('error', () => undefined);
    onTestFinished(() => void socket.destroy());
  }

  say(text: string): this {
    this.socket.write(text, 'latin1');
    return this;
  }

  /** Resolves when the socket has said it; the test's own timeout is the limit. */
  async hears(pattern: RegExp): Promise<string> {
    await turnUntil(() => pattern.test(this.text) || this.isClosed);
    if (!pattern.test(this.text)) throw new Error(`closed after ${JSON.stringify(this.text)}`);
    return this.text;
  }

  /** All that it said, once it has ended its side. */
  async all(): Promise<string> {
    await turnUntil(() => this.hasEnded || this.isClosed);
    return this.text;
  }
}

/** A proxy on a port of the loopback interface, in front of whatever can be dialled from here. */
export class ProxyLab {
  readonly clock: VirtualClock = new VirtualClock();
  readonly proxy: HttpProxy;
  /** What was asked of `dial`, and what came of it. */
  readonly asked: string[] = [];
  readonly dialled: Socket[] = [];
  /** Connections of clients that are open at the proxy's end. */
  clientCount = 0;
  readonly #server: Server;

  private constructor(dial: HttpDial | undefined) {
    this.proxy = new HttpProxy({
      clock: this.clock,
      dial: (target) => {
        this.asked.push(`${target.host} ${target.port}`);
        return dial?.(target) ?? this.connect(target.port);
      },
    });
    this.#server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => {
      this.clientCount += 1;
      socket.once('close', () => {
        this.clientCount -= 1;
      });
      this.proxy.accept(socket);
    });
  }

  static async start(dial?: HttpDial): Promise<ProxyLab> {
    const lab = new ProxyLab(dial);
    await listen(lab.#server);
    onTestFinished(() => lab.proxy.close());
    return lab;
  }

  get port(): number {
    return portOf(this.#server);
  }

  client(): Talk {
    return new Talk(connect({ port: this.port, host: '127.0.0.1', allowHalfOpen: true }));
  }

  /** A client behind a CONNECT that was answered. */
  async tunnelTo(port: number): Promise<Socket> {
    const talk = this.client().say(`CONNECT target:${port} HTTP/1.1\r\nHost: target\r\n\r\n`);
    await talk.hears(/^HTTP\/1.1 200 .*\r\n\r\n$/u);
    talk.socket.removeAllListeners('data');
    return talk.socket.pause();
  }

  async connect(port: number): Promise<Duplex> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    this.dialled.push(socket);
    await once(socket, 'connect');
    return socket;
  }
}

/** A server that takes one connection after the other; `next` is the one that comes. */
export async function rawTarget(): Promise<{ port: number; next: () => Promise<Talk> }> {
  const server = createServer({ allowHalfOpen: true });
  const talks: Talk[] = [];
  let taken = 0;
  server.on('connection', (socket) => talks.push(new Talk(socket)));
  await listen(server);
  const next = async (): Promise<Talk> => {
    const at = taken;
    taken += 1;
    await turnUntil(() => talks.length > at);
    const talk = talks[at];
    if (talk === undefined) throw new Error('no connection');
    return talk;
  };
  return { port: portOf(server), next };
}

/** A server of Node's; gives the port. */
export async function httpTarget(
  answer: (...exchange: Parameters<RequestListener>) => Promise<unknown>,
): Promise<number> {
  const server = createHttpServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await listen(server);
  onTestFinished(() => server.closeAllConnections());
  return portOf(server);
}

/** `bytes` of a pattern without a period that divides a buffer, in uneven pieces. */
export function patternStream(bytes: number): Readable {
  return Readable.from(pieces(bytes), { objectMode: false });
}

/** Reads to the end, and says whether it was that pattern, whole. */
export async function isPattern(readable: Readable, bytes: number): Promise<boolean> {
  let at = 0;
  let isSame = true;
  readable.on('data', (chunk: Buffer) => {
    isSame &&= chunk.equals(patternOf(at, chunk.length));
    at += chunk.length;
  });
  await once(readable.resume(), 'end');
  return isSame && at === bytes;
}

/** Lets the event loop turn so many times. */
export async function turns(count: number): Promise<void> {
  let left = count;
  await turnUntil(() => left-- === 0);
}

/** Turns the event loop until `isDone`. */
export async function turnUntil(isDone: () => boolean): Promise<void> {
  while (!isDone()) await new Promise<void>((resolve) => setImmediate(resolve));
}

const PERIOD = Buffer.from(
  Array.from({ length: 251 * 300 }, (_, at) => (at * 7 + at / 251) & 0xff),
);

function patternOf(from: number, length: number): Buffer {
  const start = from % PERIOD.length;
  const copies = Math.ceil((start + length) / PERIOD.length);
  return Buffer.concat(Array.from({ length: copies }, () => PERIOD)).subarray(
    start,
    start + length,
  );
}

function* pieces(bytes: number): Generator<Buffer> {
  for (let at = 0; at < bytes; at += 60_013) yield patternOf(at, Math.min(60_013, bytes - at));
}

async function listen(server: Server): Promise<void> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
