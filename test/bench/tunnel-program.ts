import { once } from 'node:events';
import { createServer } from 'node:net';
import { BufferedSockets } from '../../src/link/socket-factory.ts';
import { REQUEST_BYTES, TunnelSocket } from './tunnel-socket.ts';

/** Which way bulk goes. */
export type TunnelDirection = 'from the host' | 'to the host';

/** How the far end is reached. */
export interface TunnelWay {
  readonly port: number;
  /** Where to connect; the loopback address where nothing is said. */
  readonly host?: string;
  /** The far end's own port, where `port` is a SOCKS proxy's. */
  readonly socksTo?: number;
}

/** What an end of a tunnel can be told to do, and in brackets the numbers that it answers with. */
export type TunnelTask =
  /** Serve connections, on the loopback address where nothing is said. [port] */
  | { readonly kind: 'listen'; readonly host?: string }
  /** Move so many bytes over each of so many connections at once. [milliseconds from the first connect to the last byte] */
  | {
      readonly kind: 'transfer';
      readonly way: TunnelWay;
      readonly direction: TunnelDirection;
      readonly bytes: number;
      readonly connections: number;
    }
  /** Open so many connections, no more than `atOnce` together; each asks with its connect, is answered and ends. [milliseconds from connect to answer ...] */
  | {
      readonly kind: 'greet';
      readonly way: TunnelWay;
      readonly count: number;
      readonly atOnce: number;
    }
  /** The same, but they stay open. [] */
  | { readonly kind: 'hold'; readonly way: TunnelWay; readonly count: number }
  /** Move bytes until `release`. [] */
  | { readonly kind: 'flow'; readonly way: TunnelWay; readonly direction: TunnelDirection }
  /** [bytes that have arrived here, of all connections] */
  | { readonly kind: 'received' }
  /** Close what `hold` and `flow` have opened. [] */
  | { readonly kind: 'release' };

export type TunnelAnswer =
  | { readonly id: number; readonly values: readonly number[] }
  | { readonly id: number; readonly error: string };

/** Connections that are opened at once, where as many as possible are wanted. */
const HOLD_AT_ONCE = 20;
/** Hours at any rate, and still within a request. */
const WITHOUT_END = 9_999_999_999;
const LOOPBACK = '127.0.0.1';
const CARRIER_OPTIONS = { label: 'bench', localAddress: undefined, isResettable: true } as const;

const open = new Set<TunnelSocket>();
const kept = new Set<TunnelSocket>();
let receivedBefore = 0;

const sockets = new BufferedSockets((socket) => {
  const made = new TunnelSocket(socket);
  open.add(made);
  void made.closed.then(() => {
    open.delete(made);
    receivedBefore += made.received;
  });
  return made;
}, 1024 * 1024);

/** `send 500`, in as many bytes as every request has. */
function request(verb: 'send' | 'take' | 'greet', bytes = 0): string {
  return `${verb} ${bytes}`.padEnd(REQUEST_BYTES);
}

/** The other side of `request`: sends bytes, takes them and then answers with one, or answers at once. */
async function serve(socket: TunnelSocket): Promise<void> {
  await socket.arrived(REQUEST_BYTES);
  const [verb, bytes] = socket.head.toString('latin1').split(' ');
  if (verb === 'send') await socket.pour(Number(bytes));
  else {
    if (verb === 'take') await socket.arrived(REQUEST_BYTES + Number(bytes));
    socket.write('!');
  }
  if (verb !== 'greet') socket.end();
}

async function listen(host = LOOPBACK): Promise<number[]> {
  const server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (accepted) => {
    const socket = sockets.accepted(accepted, CARRIER_OPTIONS);
    serve(socket).catch(() => socket.destroy());
  });
  server.listen({ port: 0, host, backlog: 1024 });
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return [address.port];
}

/** Connects, and asks with the first bytes that can be sent. What the proxy has said is before the answer. */
async function connect(
  { port, host = LOOPBACK, socksTo }: TunnelWay,
  words: string,
): Promise<{ socket: TunnelSocket; before: number }> {
  const { socket, connected } = sockets.dialling();
  socket.connect({ port, host });
  await once(socket, 'connect');
  const made = connected(CARRIER_OPTIONS);
  const before = socksTo === undefined ? 0 : await throughSocks(made, socksTo);
  made.write(words);
  return { socket: made, before };
}

/** RFC 1928: no authentication, CONNECT to an IPv4 address. Returns the length of what the proxy has said. */
async function throughSocks(socket: TunnelSocket, port: number): Promise<number> {
  socket.write(Uint8Array.of(5, 1, 0));
  await socket.arrived(2);
  socket.write(Uint8Array.of(5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 0xff));
  await socket.arrived(12);
  return 12;
}

async function transferOne(
  way: TunnelWay,
  direction: TunnelDirection,
  bytes: number,
): Promise<void> {
  const isOut = direction === 'from the host';
  const { socket, before } = await connect(way, request(isOut ? 'send' : 'take', bytes));
  if (!isOut) await socket.pour(bytes);
  await socket.arrived(before + (isOut ? bytes : 1));
  socket.end();
  await socket.closed;
}

/** Milliseconds from connect to the answer. */
async function greetOne(way: TunnelWay, isKept: boolean): Promise<number> {
  const startedMs = performance.now();
  const { socket, before } = await connect(way, request('greet'));
  const atMs = await socket.arrived(before + 1);
  if (isKept) {
    kept.add(socket);
    return atMs - startedMs;
  }
  socket.end();
  await socket.closed;
  return atMs - startedMs;
}

async function greet(
  way: TunnelWay,
  count: number,
  atOnce: number,
  isKept: boolean,
): Promise<number[]> {
  const times: number[] = [];
  let begun = 0;
  const oneByOne = async (): Promise<void> => {
    while (begun < count) {
      begun += 1;
      times.push(await greetOne(way, isKept));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, oneByOne));
  return times;
}

async function flow(way: TunnelWay, direction: TunnelDirection): Promise<number[]> {
  const isOut = direction === 'from the host';
  const { socket } = await connect(way, request(isOut ? 'send' : 'take', WITHOUT_END));
  kept.add(socket);
  // It ends by `release`, in the middle of a write.
  if (!isOut) socket.pour(WITHOUT_END).catch(() => undefined);
  return [];
}

function received(): number[] {
  return [[...open].reduce((total, socket) => total + socket.received, receivedBefore)];
}

async function release(): Promise<number[]> {
  const all = [...kept];
  kept.clear();
  for (const socket of all) socket.destroy();
  await Promise.all(all.map(({ closed }) => closed));
  return [];
}

async function perform(task: TunnelTask): Promise<readonly number[]> {
  switch (task.kind) {
    case 'listen':
      return await listen(task.host);
    case 'transfer': {
      const { way, direction, bytes, connections } = task;
      const startedMs = performance.now();
      const each = (): Promise<void> => transferOne(way, direction, bytes);
      await Promise.all(Array.from({ length: connections }, each));
      return [performance.now() - startedMs];
    }
    case 'greet':
      return await greet(task.way, task.count, task.atOnce, false);
    case 'hold':
      await greet(task.way, task.count, HOLD_AT_ONCE, true);
      return [];
    case 'flow':
      return await flow(task.way, task.direction);
    case 'received':
      return received();
    case 'release':
      return await release();
  }
}

process.on('message', (message) => {
  const { id, task } = message as { id: number; task: TunnelTask };
  const answer = (what: TunnelAnswer): void => {
    process.send?.(what);
  };
  perform(task).then(
    (values) => answer({ id, values }),
    (error: unknown) => answer({ id, error: String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));
