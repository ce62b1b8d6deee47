import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import { DialFailure } from '../../src/link/dial-failure.ts';
import { HostResolver } from '../../src/link/host-resolver.ts';
import { type WebSocketDialOptions, webSocketDial } from '../../src/link/websocket-dial.ts';
import { Certificate } from '../support/certificate.ts';
import { freePort } from '../support/free-port.ts';
import { describeNeeding } from '../support/requirements.ts';
import { TlsFront } from '../support/tls-front.ts';
import { until } from '../support/until.ts';
import { WebSocketDoor } from '../support/websocket-door.ts';

const deps = { clock: new SystemClock(), resolver: new HostResolver() };
const open: { close(): void | Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function door(path?: string): Promise<WebSocketDoor> {
  const opened = await WebSocketDoor.open(path === undefined ? {} : { path });
  open.push(opened);
  return opened;
}

/** A server that does with each connection what the test says. */
async function server(serve: (socket: Socket) => void): Promise<{ port: number; server: Server }> {
  const sockets = new Set<Socket>();
  const made = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  }).listen(0, '127.0.0.1');
  await once(made, 'listening');
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      made.close();
    },
  });
  const address = made.address();
  return { server: made, port: typeof address === 'object' && address !== null ? address.port : 0 };
}

/** A web server that gives this answer to whatever is asked. */
async function answering(answer: string): Promise<number> {
  const { port } = await server((socket) => {
    socket.once('data', () => socket.end(answer.replaceAll('\n', '\r\n')));
  });
  return port;
}

async function dial(
  url: string,
  options: WebSocketDialOptions = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Carrier> {
  const carrier = await webSocketDial(deps, url, options)(signal);
  open.push({ close: () => carrier.reset() });
  return carrier;
}

async function failureOf(dialled: Promise<Carrier>): Promise<DialFailure> {
  const failure = await dialled.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof DialFailure) return failure;
  throw new Error(`no DialFailure: ${String(failure)}`);
}

/** What each end says reaches the other. */
async function expectJoined(carrier: Carrier, { streams }: WebSocketDoor): Promise<void> {
  const stream = await until(
    'a stream',
    () => streams.at(-1),
    (found) => found !== undefined,
  );
  let got = '';
  carrier.start({
    onBytes: (bytes) => {
      got += Buffer.from(bytes).toString();
    },
    onClose: () => undefined,
  });
  carrier.write([Buffer.from('from the '), Buffer.from('client')]);
  stream?.write('from the server');
  let heard = '';
  stream?.on('data', (bytes: Buffer) => {
    heard += bytes.toString();
  });
  await until(
    'both',
    () => [got, heard],
    ([a, b]) => a === 'from the server' && b === 'from the client',
  );
}

test('ws:// reaches the entrance, whatever the path', async () => {
  const web = await door();
  const carrier = await dial(`ws://127.0.0.1:${web.port}/some/path?key=secret`);
  expect(carrier).toMatchObject({
    label: `ws://127.0.0.1:${web.port}/some/path`,
    localAddress: '127.0.0.1',
    kind: 'bytes',
  });
  await expectJoined(carrier, web);
  expect(web.peers).toEqual([{ address: '127.0.0.1', forwardedFor: undefined }]);
});

test('the addresses of a name are raced', async () => {
  const web = await door();
  const resolver = new HostResolver(async (_, family) =>
    family === 4 ? ['192.0.2.1', '127.0.0.1'] : [],
  );
  const url = `ws://name:${web.port}/`;
  const carrier = await webSocketDial({ ...deps, resolver }, url)(AbortSignal.timeout(60_000));
  open.push({ close: () => carrier.reset() });
  await expectJoined(carrier, web);
});

test.each([
  ['HTTP/1.1 502 Bad Gateway\n\n', 'answered 502 Bad Gateway', 'refused'],
  ['HTTP/1.1 404 Not Found\nContent-Length: 9\n\nnot found', 'answered 404 Not Found', 'refused'],
  ['HTTP/1.1 504 Gateway Timeout\n\n', 'answered 504 Gateway Timeout', 'timeout'],
  ['HTTP/1.1 403 \u001b[2J\n\n', 'answered 403 ?[2J', 'other'],
  ['HTTP/1.1 200 OK\n\nhello', 'answered 200 OK', 'other'],
  [
    'HTTP/1.1 301 Moved\nLocation: https://other/x?secret\n\n',
    'answered 301 Moved: it is at https://other/x; redirects are not followed',
    'other',
  ],
  ['SSH-2.0-OpenSSH_9.9\n', 'does not answer as a web server does', 'other'],
  ['', 'failed: ECONNRESET', 'other'],
])('%j is said in one line', async (answer, what, kind) => {
  const port = await answering(answer);
  const failure = await failureOf(dial(`ws://127.0.0.1:${port}/p?key=secret`));
  expect(failure.message).toBe(`ws://127.0.0.1:${port}/p ${what}`);
  expect(failure.kind).toBe(kind);
});

test('an upgrade whose answer was not made for our question is none', async () => {
  const accept = 'Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=';
  const port = await answering(
    `HTTP/1.1 101 Switching Protocols\nUpgrade: websocket\nConnection: Upgrade\n${accept}\n\n`,
  );
  const failure = await failureOf(dial(`ws://127.0.0.1:${port}/`));
  expect(failure.message).toContain('Invalid Sec-WebSocket-Accept header');
});

test('what came with the answer is not lost, though the connection breaks before anybody reads it', async () => {
  const { port } = await server((socket) => {
    socket.once('data', (bytes: Buffer) => {
      const [, key = ''] = /Sec-WebSocket-Key: (\S+)/iu.exec(bytes.toString()) ?? [];
      const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`);
      const head = [
        'HTTP/1.1 101 Switching Protocols',
        'Upgrade: websocket',
        'Connection: Upgrade',
      ];
      head.push(`Sec-WebSocket-Accept: ${accept.digest('base64')}`, '', '');
      const first = Buffer.from([0x82, 5]);
      socket.write(Buffer.concat([Buffer.from(head.join('\r\n')), first, Buffer.from('hello')]));
      socket.once('data', () => socket.resetAndDestroy());
    });
  });
  const carrier = await dial(`ws://127.0.0.1:${port}/`);
  // A write is what finds out.
  for (let turn = 0; turn < 100; turn += 1) {
    carrier.write([new Uint8Array(1000)]);
    await new Promise(setImmediate);
  }
  const told: string[] = [];
  carrier.start({
    onBytes: (bytes) => told.push(Buffer.from(bytes).toString()),
    onClose: (error) => told.push(error?.code ?? 'ended'),
  });
  expect(told).toEqual([]);
  await until(
    'its end',
    () => told.length,
    (length) => length === 2,
  );
  expect(told).toEqual(['hello', 'ET_ERR_CARRIER']);
});

test('a port that nobody listens on is refused', async () => {
  const port = await freePort();
  const failure = await failureOf(dial(`ws://127.0.0.1:${port}/`));
  expect(failure.message).toBe(`tcp 127.0.0.1:${port} refused`);
  expect(failure.kind).toBe('refused');
});

test('an attempt that is given up leaves no connection', async () => {
  const stop = new AbortController();
  const { server: silent, port } = await server((socket) => {
    socket.once('data', () => stop.abort());
  });
  const failure = await failureOf(dial(`ws://127.0.0.1:${port}/p`, {}, stop.signal));
  expect(failure.message).toMatch(/^ws:\/\/127\.0\.0\.1:\d+\/p timed out after [\d.]+ s$/u);
  expect(failure.kind).toBe('timeout');
  const connections = (): Promise<number> =>
    new Promise((resolve) => silent.getConnections((_, count) => resolve(count)));
  await until('no connections', connections, (count) => count === 0);
});

test('an attempt that was given up before it began fails at once', async () => {
  const web = await door();
  const failure = await failureOf(dial(`ws://127.0.0.1:${web.port}/`, {}, AbortSignal.abort()));
  expect(failure.kind).toBe('timeout');
  expect(web.sockets).toEqual([]);
});

describeNeeding(['openssl'], 'wss', () => {
  const front = async (
    certificate: Certificate,
  ): Promise<{ web: WebSocketDoor; tls: TlsFront }> => {
    const web = await door();
    const tls = await TlsFront.open(certificate, () => web.port);
    open.push(tls, { close: () => certificate.remove() });
    return { web, tls };
  };

  test('reaches the entrance by a name and by an address, and says the name in TLS', async () => {
    const certificate = new Certificate();
    const { web, tls } = await front(certificate);
    await expectJoined(await dial(`wss://localhost:${tls.port}/`, { ca: certificate.pem }), web);
    await expectJoined(await dial(`wss://127.0.0.1:${tls.port}/`, { ca: certificate.pem }), web);
    expect(tls.names).toEqual(['localhost', false]);
  });

  test.each([
    [
      'of an unknown authority',
      {},
      /^certificate of localhost is not valid: self-signed certificate/u,
    ],
    [
      'whose time is over',
      { isExpired: true },
      /^certificate of localhost is not valid: certificate has expired$/u,
    ],
    [
      'for another name',
      { names: 'DNS:other.example' },
      /^certificate of localhost is not valid: .*localhost.*other\.example/u,
    ],
  ])('a certificate %s ends the attempt, in one line', async (_, made, message) => {
    const certificate = new Certificate(made);
    const { web, tls } = await front(certificate);
    const ca = Object.keys(made).length === 0 ? undefined : certificate.pem;
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      const failure = await failureOf(dial(`wss://localhost:${tls.port}/`, { ca }));
      expect(failure.message).toMatch(message);
      expect(failure.message).not.toContain('\n');
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    }
    expect(web.streams).toEqual([]);
  });

  test('a port that speaks no TLS is told in one line', async () => {
    const web = await door();
    const port = await answering('HTTP/1.1 400 Bad Request\n\n');
    expect(web.streams).toEqual([]);
    const failure = await failureOf(dial(`wss://localhost:${port}/p`));
    expect(failure.message).toMatch(/^wss:\/\/localhost:\d+\/p failed: TLS: [a-z ]+$/u);
  });

  test('an attempt that is given up within TLS leaves no connection', async () => {
    const stop = new AbortController();
    const { server: silent, port } = await server((socket) => {
      socket.once('data', () => stop.abort());
    });
    const failure = await failureOf(dial(`wss://localhost:${port}/p`, {}, stop.signal));
    expect(failure.kind).toBe('timeout');
    const connections = (): Promise<number> =>
      new Promise((resolve) => silent.getConnections((_, count) => resolve(count)));
    await until('no connections', connections, (count) => count === 0);
  });
});
