import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { utf8 } from '../../src/base/bytes.ts';
import { type Endpoint, endpointToJson } from '../../src/forward/endpoint.ts';
import { FORWARD_STREAM } from '../../src/forward/forward.ts';
import type { ForwardKind, ForwardSpec } from '../../src/forward/forward-spec.ts';
import { decodeSocksAddress, encodeSocksAddress } from '../../src/forward/socks-address.ts';
import { encodeSocksDatagram } from '../../src/forward/socks-datagram.ts';
import { formatEndpoint } from '../../src/link/plain-address.ts';
import { deathOf, type ForwardLab, readAll, soon } from './forward-lab.ts';
import { wire } from './socks-bytes.ts';
import { UdpPeer } from './udp-peer.ts';

export type Target = Extract<Endpoint, { kind: 'tcp' }>;

/** One way in which a program asks for a target. */
export interface Asking {
  readonly name: string;
  /** What the program gets, and what the user is told. */
  readonly ask: (lab: ForwardLab, target: Target) => Promise<readonly string[]>;
  /** The same where the target is reached. */
  readonly reached: readonly string[];
  /** The same where it is not permitted, and why. */
  readonly refused: (reason: string) => readonly string[];
}

const HELLO = utf8('hello');
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

/** A TCP and a UDP server on the same port of every address, which answer, and count who comes. */
export class EverywhereTarget {
  readonly port: number;
  readonly #count = { seen: 0 };
  readonly #close: () => void;

  private constructor(port: number, close: () => void) {
    this.port = port;
    this.#close = close;
  }

  static async start(): Promise<EverywhereTarget> {
    const server = createServer((socket) => {
      made.#count.seen += 1;
      socket.on('error', () => undefined);
      socket.on('data', (bytes) => {
        if (bytes.toString().startsWith('GET ')) socket.end(ANSWER);
        else socket.write(bytes);
      });
    });
    server.listen(0, '::');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const datagrams = createSocket({ type: 'udp6' });
    datagrams.on('message', (bytes, from) => {
      made.#count.seen += 1;
      datagrams.send(bytes, from.port, from.address);
    });
    datagrams.bind(port, '::');
    await once(datagrams, 'listening');
    const made: EverywhereTarget = new EverywhereTarget(port, () => {
      server.close();
      datagrams.close();
    });
    return made;
  }

  /** Connections and datagrams that have come. */
  get seen(): number {
    return this.#count.seen;
  }

  close(): void {
    this.#close();
  }
}

export const ASKINGS: readonly Asking[] = [
  {
    name: '-L',
    ask: async (lab, target) => {
      const socket = lab.dial(await lab.listening(specOf('local', target)));
      socket.write(HELLO);
      const answer = new Promise<readonly string[]>((resolve) => {
        socket.once('data', (bytes) => resolve([String(bytes)]));
      });
      const death = deathOf(socket).then(async (code) => [`${code}`, await refusal(lab)]);
      return await Promise.race([answer, death]);
    },
    reached: ['hello'],
    refused: (reason) => ['ECONNRESET', `refused local ${reason}`],
  },
  {
    name: '-U',
    ask: async (lab, target) => {
      const port = await lab.listening(specOf('udp', target));
      return await answerByDatagram(lab, HELLO, port);
    },
    reached: ['hello'],
    refused: (reason) => ['nothing', `refused udp ${reason}`],
  },
  {
    name: 'SOCKS CONNECT',
    ask: async (lab, { host, port }) => {
      const { socket, said } = await socks(lab, 1, host, port);
      if (said[1] !== 0) return [`reply ${said[1]}`, await refusal(lab)];
      socket.write(HELLO);
      return [`reply 0`, String(await once(socket, 'data'))];
    },
    reached: ['reply 0', 'hello'],
    refused: (reason) => ['reply 2', `refused dynamic ${reason}`],
  },
  {
    name: 'SOCKS UDP ASSOCIATE',
    ask: async (lab, { host, port }) => {
      const { said } = await socks(lab, 3, '0.0.0.0', 0);
      const relay = decodeSocksAddress(said, 3);
      if (relay.kind !== 'address') throw new Error('no relay');
      return await answerByDatagram(lab, encodeSocksDatagram(host, port, HELLO), relay.port);
    },
    reached: ['hello'],
    refused: (reason) => ['nothing', `refused dynamic ${reason}`],
  },
  {
    name: 'HTTP CONNECT',
    ask: async (lab, { host, port }) => {
      const place = formatEndpoint(host, port);
      const socket = await proxied(lab, `CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n\r\n`);
      const head = String(await once(socket, 'data'));
      if (!head.startsWith('HTTP/1.1 200 ')) return await httpRefusal(lab, socket, head);
      socket.write(HELLO);
      return ['HTTP/1.1 200', String(await once(socket, 'data'))];
    },
    reached: ['HTTP/1.1 200', 'hello'],
    refused: (reason) => ['HTTP/1.1 403', `et: ${reason}\n`, `refused http-proxy ${reason}`],
  },
  {
    name: 'HTTP GET',
    ask: async (lab, { host, port }) => {
      const place = formatEndpoint(host, port);
      const request = `GET http://${place}/ HTTP/1.1\r\nHost: ${place}\r\nConnection: close\r\n\r\n`;
      const socket = await proxied(lab, request);
      const head = String(await once(socket, 'data'));
      if (!head.startsWith('HTTP/1.1 200 ')) return await httpRefusal(lab, socket, head);
      return ['HTTP/1.1 200', (head + String(await readAll(socket))).slice(-2)];
    },
    reached: ['HTTP/1.1 200', 'ok'],
    refused: (reason) => ['HTTP/1.1 403', `et: ${reason}\n`, `refused http-proxy ${reason}`],
  },
  {
    name: '-W',
    ask: (lab, target) =>
      new Promise((resolve) => {
        const metadata = endpointToJson(target);
        const channel = lab.clientMux.open(
          { kind: 'tcp', metadata, stream: FORWARD_STREAM, priority: 'interactive' },
          {
            onData: (bytes) => resolve([String(Buffer.from(bytes))]),
            onRefuse: (_, { code, text }) => resolve([`code ${code}`, text]),
          },
        );
        channel.write(HELLO);
      }),
    reached: ['hello'],
    refused: (reason) => ['code 5', reason],
  },
];

function specOf(kind: ForwardKind, target: Target | undefined): ForwardSpec {
  return { kind, listen: { kind: 'tcp', bind: '127.0.0.1', port: 0 }, target, source: kind };
}

/** What the user is told of the connection that was refused. */
async function refusal(lab: ForwardLab): Promise<string> {
  await soon(() => lab.told.some((each) => each.startsWith('refused')));
  return lab.told.filter((each) => each.startsWith('refused')).join('; ');
}

async function socks(
  lab: ForwardLab,
  command: number,
  host: string,
  port: number,
): Promise<{ readonly socket: Socket; readonly said: Buffer }> {
  const socket = lab.dial(await lab.listening(specOf('dynamic', undefined)));
  let said = Buffer.alloc(0);
  socket.on('data', (bytes: Buffer) => {
    said = Buffer.concat([said, bytes]);
  });
  socket.write(wire('05 01 00'));
  socket.write(Uint8Array.of(5, command, 0, ...encodeSocksAddress(host, port)));
  await soon(() => said.length === 12);
  socket.removeAllListeners('data');
  return { socket, said: said.subarray(2) };
}

async function proxied(lab: ForwardLab, request: string): Promise<Socket> {
  const socket = lab.dial(await lab.listening(specOf('http-proxy', undefined)));
  socket.write(request);
  return socket;
}

async function httpRefusal(
  lab: ForwardLab,
  socket: Socket,
  head: string,
): Promise<readonly string[]> {
  const answer = head + String(await readAll(socket));
  const [first = '', body = ''] = answer.split('\r\n\r\n');
  return [first.slice(0, 12), body, await refusal(lab)];
}

/** Sends again until an answer comes, or a word to the user that none will. */
async function answerByDatagram(
  lab: ForwardLab,
  datagram: Uint8Array,
  port: number,
): Promise<readonly string[]> {
  const peer = await UdpPeer.bind();
  const isRefused = (): boolean => lab.told.some((each) => each.startsWith('refused'));
  while (peer.received.length === 0 && !isRefused()) {
    await peer.send(datagram, port);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const [answer] = peer.received;
  peer.close();
  return answer === undefined
    ? ['nothing', await refusal(lab)]
    : [String(answer.subarray(-HELLO.length))];
}

/** Whether anything listens there. */
export async function isListening(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port });
  const isConnected = await new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    socket.once('error', () => resolve(false));
  });
  socket.destroy();
  return isConnected;
}
