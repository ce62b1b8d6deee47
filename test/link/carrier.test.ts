import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { SystemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import { HostResolver } from '../../src/link/host-resolver.ts';
import type { Listener, ListenerDeps, ListenerEvents } from '../../src/link/listener.ts';
import { SocketFactory } from '../../src/link/socket-factory.ts';
import { StdioCarrier } from '../../src/link/stdio-carrier.ts';
import { TcpDialer } from '../../src/link/tcp-dial.ts';
import { listenTcp } from '../../src/link/tcp-listener.ts';
import { unixDial } from '../../src/link/unix-dial.ts';
import { listenUnix } from '../../src/link/unix-listener.ts';
import { WebSocketCarrier } from '../../src/link/websocket-carrier.ts';
import { webSocketDial } from '../../src/link/websocket-dial.ts';
import { WEBSOCKET_OPTIONS } from '../../src/link/websocket-limits.ts';
import type { LinkFaults } from '../support/memory-faults.ts';
import { makeMemoryPair } from '../support/memory-link.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { WebSocketDoor } from '../support/websocket-door.ts';
import { type CarrierPair, describeCarrier } from './carrier-conformance.ts';
import { turnUntil } from './real-time.ts';

const clock = new SystemClock();
const sockets = new SocketFactory(clock);
const deps: ListenerDeps = { clock, random: systemRandom, sockets };
const never = new AbortController().signal;
const ownerId = process.getuid?.() ?? 0;

/** A pair of which one end was dialled and the other accepted. */
async function socketPair(
  listen: (events: ListenerEvents) => Promise<Listener>,
  dial: (listener: Listener) => Promise<Carrier>,
  cleanUp: () => void = () => undefined,
): Promise<CarrierPair> {
  let accepted: Carrier | undefined;
  const listener = await listen({ onCarrier: (carrier) => (accepted = carrier) });
  const a = await dial(listener);
  await turnUntil(() => accepted !== undefined);
  const b = accepted as unknown as Carrier;
  const dispose = async (): Promise<void> => {
    a.reset();
    b.reset();
    await listener.close();
    cleanUp();
  };
  return { a, b, until: turnUntil, dispose };
}

function temporaryDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'everterm-link-'));
}

function tcpPair(): Promise<CarrierPair> {
  const dialer = new TcpDialer(clock, sockets, new HostResolver());
  return socketPair(
    (events) => listenTcp(deps, ['127.0.0.1'], { first: 0, last: 0 }, events),
    ({ port }) => dialer.to({ host: '127.0.0.1', port })(never),
  );
}

function unixPair(): Promise<CarrierPair> {
  const directory = temporaryDirectory();
  const path = join(directory, 's');
  return socketPair(
    (events) => listenUnix(deps, path, ownerId, events),
    () => unixDial(clock, sockets, path)(never),
    () => rmSync(directory, { recursive: true }),
  );
}

describeCarrier('tcp', tcpPair);
describeCarrier('tcp, roles exchanged', async () => {
  const pair = await tcpPair();
  return { ...pair, a: pair.b, b: pair.a };
});
describeCarrier('unix', unixPair);
describeCarrier('unix, roles exchanged', async () => {
  const pair = await unixPair();
  return { ...pair, a: pair.b, b: pair.a };
});

describeCarrier('tcp accepted by a Node whose handles take no buffer', async () => {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const incoming = once(server, 'connection') as Promise<[Socket]>;
  const dialer = new TcpDialer(clock, sockets, new HostResolver());
  const b = await dialer.to({ host: '127.0.0.1', port })(never);
  const [socket] = await incoming;
  Object.assign((socket as unknown as { _handle: object })._handle, { useUserBuffer: undefined });
  const a = sockets.accepted(socket, { label: 'a', localAddress: undefined, isResettable: true });
  const dispose = async (): Promise<void> => {
    a.reset();
    b.reset();
    await new Promise((resolve) => server.close(resolve));
  };
  return { a, b, until: turnUntil, dispose };
});

/** As a client reaches a router: a carrier over a WebSocket, and the stream that its entrance makes of it. */
async function webSocketPair(): Promise<CarrierPair> {
  const door = await WebSocketDoor.open();
  const dial = webSocketDial(
    { clock, resolver: new HostResolver() },
    `ws://127.0.0.1:${door.port}`,
  );
  const a = await dial(never);
  await turnUntil(() => door.streams.length > 0);
  const [stream] = door.streams;
  if (stream === undefined) throw new Error('no stream');
  const b = new StdioCarrier(clock, { label: 'b', readable: stream, writable: stream });
  const dispose = async (): Promise<void> => {
    a.reset();
    b.reset();
    await door.close();
  };
  return { a, b, until: turnUntil, dispose };
}

describeCarrier('websocket', webSocketPair);
describeCarrier('websocket, roles exchanged', async () => {
  const pair = await webSocketPair();
  return { ...pair, a: pair.b, b: pair.a };
});

describeCarrier('websocket accepted as a carrier', async () => {
  const server = new WebSocketServer({ ...WEBSOCKET_OPTIONS, host: '127.0.0.1', port: 0 });
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  let a: Carrier | undefined;
  server.on('connection', (webSocket: WebSocket) => {
    webSocket.pause();
    a = new WebSocketCarrier(webSocket, clock, { label: 'a', localAddress: undefined });
  });
  const dial = webSocketDial({ clock, resolver: new HostResolver() }, `ws://127.0.0.1:${port}`);
  const b = await dial(never);
  await turnUntil(() => a !== undefined);
  const accepted = a as unknown as Carrier;
  const dispose = async (): Promise<void> => {
    accepted.reset();
    b.reset();
    await new Promise((resolve) => server.close(resolve));
  };
  return { a: accepted, b, until: turnUntil, dispose };
});

describeCarrier('stdio over streams within this process', async () => {
  const [right, left] = [new PassThrough(), new PassThrough()];
  const end = (label: string, readable: PassThrough, writable: PassThrough): StdioCarrier =>
    new StdioCarrier(clock, { label, readable, writable });
  const [a, b] = [end('a', left, right), end('b', right, left)];
  const dispose = async (): Promise<void> => {
    a.reset();
    b.reset();
  };
  return { a, b, until: turnUntil, dispose };
});

/** As `ssh host etserver connect` does: stdio on one side, the session server's socket on the other. */
const BRIDGE = `
  const socket = require('node:net').connect({ path: process.argv[1], allowHalfOpen: true });
  socket.on('error', () => process.exit(1));
  process.stdout.on('error', () => process.exit(1));
  process.stdin.pipe(socket);
  socket.pipe(process.stdout, { end: false });
  socket.on('end', () => process.stdout.write('', () => process.exit()));
`;

async function childPair(): Promise<CarrierPair> {
  const directory = temporaryDirectory();
  const path = join(directory, 's');
  let leave: Promise<unknown> = Promise.resolve();
  return socketPair(
    (events) => listenUnix(deps, path, ownerId, events),
    async () => {
      const child = spawn(process.execPath, ['-e', BRIDGE, path], {
        stdio: ['pipe', 'pipe', 'inherit'],
      });
      leave = once(child, 'exit');
      return new StdioCarrier(clock, {
        label: 'child',
        readable: child.stdout,
        writable: child.stdin,
        kill: () => child.kill('SIGKILL'),
      });
    },
    () => rmSync(directory, { recursive: true }),
  ).then((pair) => ({
    ...pair,
    dispose: async () => {
      await pair.dispose();
      await leave;
    },
  }));
}

describeCarrier('stdio of a child', childPair);
describeCarrier('stdio of a child, roles exchanged', async () => {
  const pair = await childPair();
  return { ...pair, a: pair.b, b: pair.a };
});

function memoryPair(faults: LinkFaults): () => Promise<CarrierPair> {
  return async () => {
    const virtual = new VirtualClock();
    const random = new SeededRandom(42);
    const options = { clock: virtual, random, kind: 'bytes', aToB: faults, bToA: faults } as const;
    const { a, b } = makeMemoryPair(options);
    const until = async (isDone: () => boolean): Promise<void> => {
      // Turns count like those of the event loop: nothing due is no failure while the test counts.
      for (let idle = 0; !isDone(); ) {
        idle = virtual.step() ? 0 : idle + 1;
        if (idle > 100) throw new Error('nothing more can happen');
      }
    };
    const dispose = async (): Promise<void> => {
      a.reset();
      b.reset();
      virtual.advance(60_000);
      if (virtual.pending > 0) throw new Error(`${virtual.pending} timers left behind`);
    };
    const room = faults.bytesPerSecond === undefined ? ({ hasEndlessRoom: true } as const) : {};
    return { a, b, ...room, until, dispose };
  };
}

describeCarrier('memory', memoryPair({}));
describeCarrier('memory, slow', memoryPair({ delayMs: 40, jitterMs: 30, bytesPerSecond: 3e6 }));
