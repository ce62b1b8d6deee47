import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import type { Carrier } from '../../src/link/carrier.ts';
import { DialFailure } from '../../src/link/dial-failure.ts';
import { HostResolver } from '../../src/link/host-resolver.ts';
import { parseProxy } from '../../src/link/parse-proxy.ts';
import { proxiedTcpDial } from '../../src/link/proxied-tcp-dial.ts';
import { webSocketDial } from '../../src/link/websocket-dial.ts';
import { Certificate } from '../support/certificate.ts';
import { freePort } from '../support/free-port.ts';
import { RealProxy } from '../support/real-proxy.ts';
import { describeNeeding } from '../support/requirements.ts';
import { ScriptedProxy } from '../support/scripted-proxy.ts';
import { TlsFront } from '../support/tls-front.ts';
import { until } from '../support/until.ts';
import { WebSocketDoor } from '../support/websocket-door.ts';
import { CarrierLog, patternAt } from './carrier-conformance.ts';

const deps = {
  clock: new SystemClock(),
  resolver: new HostResolver(async (_, family) => (family === 4 ? ['127.0.0.1'] : [])),
};
const open: { close(): void | Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

function opened<T extends { close(): void | Promise<void> }>(one: T): T {
  open.push(one);
  return one;
}

/** A server that sends back what it gets, and its port. */
async function echo(): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.pipe(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

interface Asked {
  readonly proxy: string;
  readonly host?: string;
  readonly port: number;
  readonly ca?: string;
  readonly signal?: AbortSignal;
}

async function dial({ proxy, host = 'localhost', port, ca, signal }: Asked): Promise<Carrier> {
  const options = ca === undefined ? {} : { ca };
  const dialling = proxiedTcpDial(deps, { host, port }, parseProxy(proxy, 'HTTPS_PROXY'), options);
  const carrier = await dialling(signal ?? new AbortController().signal);
  open.push({ close: () => carrier.reset() });
  return carrier;
}

async function failureOf(asked: Asked): Promise<DialFailure> {
  const failure = await dial(asked).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (failure instanceof DialFailure) return failure;
  throw new Error(`no DialFailure: ${String(failure)}`);
}

/** A megabyte goes there and comes back, and the end of our direction brings that of the other. */
async function expectEcho(carrier: Carrier): Promise<void> {
  const log = new CarrierLog();
  carrier.start(log);
  for (let at = 0; at < 1_000_000; at += 50_000) carrier.write([patternAt(at, 50_000)]);
  await until(
    'all of it',
    () => log.receivedBytes,
    (bytes) => bytes === 1_000_000,
  );
  expect(log.wrongAt).toBeUndefined();
}

describe('an HTTP proxy', () => {
  test('is asked for the name, and what it carries is exact', async () => {
    const proxy = opened(await ScriptedProxy.open());
    const port = await echo();
    const carrier = await dial({ proxy: `http://127.0.0.1:${proxy.port}`, port });
    expect(carrier.label).toBe(`tcp localhost:${port} through proxy 127.0.0.1:${proxy.port}`);
    expect(carrier.localAddress).toBe('127.0.0.1');
    await expectEcho(carrier);
    expect(proxy.requests.map(({ head }) => head)).toEqual([
      `CONNECT localhost:${port} HTTP/1.1\r\nHost: localhost:${port}\r\n\r\n`,
    ]);
  });

  test('is given user and password, and an address of IPv6 in brackets', async () => {
    const proxy = opened(await ScriptedProxy.open());
    proxy.answer = 'HTTP/1.1 403 Forbidden\r\n\r\n';
    const url = `http://me:p%40ss@127.0.0.1:${proxy.port}`;
    await failureOf({ proxy: url, host: '2001:db8::1', port: 22 });
    expect(proxy.requests[0]?.head).toBe(
      'CONNECT [2001:db8::1]:22 HTTP/1.1\r\nHost: [2001:db8::1]:22\r\n' +
        `Proxy-Authorization: Basic ${Buffer.from('me:p@ss').toString('base64')}\r\n\r\n`,
    );
  });

  test.each([
    [
      'HTTP/1.1 407 Proxy Authentication Required\r\nX: y\r\n\r\n',
      'refused: 407 Proxy Authentication Required',
    ],
    ['HTTP/1.0 403\r\n\r\n', 'refused: 403'],
    ['HTTP/1.1 502 \u001b[2J\r\n\r\n', 'refused: 502 ?[2J'],
    [`HTTP/1.1 500 ${'x'.repeat(1000)}\r\n\r\n`, `refused: 500 ${'x'.repeat(80)}`],
    ['HTTP/1.1 100 Continue\r\n\r\n', 'refused: 100 Continue'],
    ['SSH-2.0-OpenSSH\r\n\r\n', 'does not answer as a proxy does'],
    ['x'.repeat(20_000), 'does not answer as a proxy does'],
    ['HTTP/1.1 200 OK\r\n', 'ended the connection without an answer'],
    ['', 'ended the connection without an answer'],
  ])('that says %j: its refusal in words', async (answer, what) => {
    const proxy = opened(await ScriptedProxy.open());
    proxy.answer = answer;
    const url = `http://me:secret@127.0.0.1:${proxy.port}`;
    const failure = await failureOf({ proxy: url, port: 22 });
    expect(failure.message).toBe(`proxy 127.0.0.1:${proxy.port} ${what}`);
    await until(
      'no connections',
      () => proxy.openCount,
      (count) => count === 0,
    );
  });

  test('that nobody has started is refused by its address', async () => {
    const port = await freePort();
    const failure = await failureOf({ proxy: `http://127.0.0.1:${port}`, port: 22 });
    expect(failure.message).toBe(`proxy 127.0.0.1:${port}: tcp 127.0.0.1:${port} refused`);
  });

  test('that does not answer is given up without a trace', async () => {
    const stop = new AbortController();
    const sockets: Socket[] = [];
    const server = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => undefined);
      socket.once('data', () => stop.abort());
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    open.push({ close: () => void server.close() });
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    for (const scheme of ['http', 'socks4a', 'socks5h']) {
      const proxy = `${scheme}://127.0.0.1:${port}`;
      const failure = await failureOf({ proxy, port: 22, signal: stop.signal });
      expect(failure.kind).toBe('timeout');
    }
    await until('all closed', () => sockets.every(({ destroyed }) => destroyed), Boolean);
  });

  test('what the other end says with the answer is not lost', async () => {
    const proxy = opened(await ScriptedProxy.open());
    proxy.answer = 'HTTP/1.1 200 OK\r\n\r\nhello';
    const carrier = await dial({ proxy: `http://127.0.0.1:${proxy.port}`, port: 22 });
    let got = '';
    let isOver = false;
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    carrier.start({
      onBytes: (bytes) => {
        got += Buffer.from(bytes).toString();
      },
      onClose: () => {
        isOver = true;
      },
    });
    await until('the end', () => isOver, Boolean);
    expect(got).toBe('hello');
  });
});

describeNeeding(['openssl'], 'a proxy behind TLS', () => {
  test('carries TCP, a WebSocket and a WebSocket within TLS', async () => {
    const certificate = new Certificate();
    open.push({ close: () => certificate.remove() });
    const proxy = opened(await ScriptedProxy.open(certificate));
    const url = `https://localhost:${proxy.port}`;
    const ca = certificate.pem;
    await expectEcho(await dial({ proxy: url, port: await echo(), ca }));
    const door = opened(await WebSocketDoor.open());
    door.onStream = (stream) => stream.pipe(stream);
    const front = opened(await TlsFront.open(certificate, () => door.port));
    for (const address of [`ws://localhost:${door.port}/`, `wss://localhost:${front.port}/`]) {
      const options = { ca, proxy: parseProxy(url, 'HTTPS_PROXY') };
      const carrier = await webSocketDial(deps, address, options)(new AbortController().signal);
      open.push({ close: () => carrier.reset() });
      expect(carrier.label).toBe(`${address} through proxy localhost:${proxy.port}`);
      await expectEcho(carrier);
      carrier.reset();
    }
    expect(proxy.count).toBe(3);
    await until(
      'no connections',
      () => proxy.openCount,
      (count) => count <= 2,
    );
  });

  test('whose certificate is not valid gets no password', async () => {
    const certificate = new Certificate();
    open.push({ close: () => certificate.remove() });
    const proxy = opened(await ScriptedProxy.open(certificate));
    const url = `https://me:secret@localhost:${proxy.port}`;
    const failure = await failureOf({ proxy: url, port: 22 });
    expect(failure.message).toMatch(/^certificate of localhost is not valid: self-signed/u);
    expect(proxy.requests).toEqual([]);
  });
});

describeNeeding(['tinyproxy'], 'tinyproxy', () => {
  test('carries what we send, with and without a password', async () => {
    const port = await echo();
    const free = opened(await RealProxy.tinyproxy());
    await expectEcho(
      await dial({ proxy: `http://127.0.0.1:${free.port}`, host: '127.0.0.1', port }),
    );
    const guarded = opened(await RealProxy.tinyproxy(true));
    const at = `127.0.0.1:${guarded.port}`;
    await expectEcho(await dial({ proxy: `http://me:pass%31@${at}`, host: '127.0.0.1', port }));
    const failure = await failureOf({ proxy: `http://${at}`, host: '127.0.0.1', port });
    expect(failure.message).toMatch(/refused: 407 Proxy Authentication Required$/u);
    const wrong = await failureOf({ proxy: `http://me:secret@${at}`, host: '127.0.0.1', port });
    expect(wrong.message).toMatch(/refused: 40[17] /u);
    expect(wrong.message).not.toContain('secret');
  });

  test('carries a WebSocket', async () => {
    const proxy = opened(await RealProxy.tinyproxy());
    const door = opened(await WebSocketDoor.open());
    door.onStream = (stream) => stream.pipe(stream);
    const options = { proxy: parseProxy(`http://127.0.0.1:${proxy.port}`, 'HTTP_PROXY') };
    const dialling = webSocketDial(deps, `ws://127.0.0.1:${door.port}/`, options);
    const carrier = await dialling(new AbortController().signal);
    open.push({ close: () => carrier.reset() });
    await expectEcho(carrier);
  });
});

describeNeeding(['microsocks'], 'microsocks', () => {
  test.each(['socks5', 'socks5h'])('carries what we send: %s', async (scheme) => {
    const proxy = opened(await RealProxy.microsocks());
    const port = await echo();
    await expectEcho(
      await dial({ proxy: `${scheme}://127.0.0.1:${proxy.port}`, host: '127.0.0.1', port }),
    );
    await expectEcho(await dial({ proxy: `${scheme}://127.0.0.1:${proxy.port}`, port }));
  });

  test('a name that only we know needs socks5, and one that only it knows socks5h', async () => {
    const proxy = opened(await RealProxy.microsocks());
    const port = await echo();
    const at = `127.0.0.1:${proxy.port}`;
    const host = 'only-here.invalid';
    await expectEcho(await dial({ proxy: `socks5://${at}`, host, port }));
    const failure = await failureOf({ proxy: `socks5h://${at}`, host, port });
    expect(failure.message).toMatch(new RegExp(`^proxy ${at} refused: [a-z ]+$`, 'u'));
  });

  test('wants its password', async () => {
    const proxy = opened(await RealProxy.microsocks(true));
    const port = await echo();
    const at = `127.0.0.1:${proxy.port}`;
    await expectEcho(await dial({ proxy: `socks5://me:pass%31@${at}`, port }));
    for (const user of ['', 'me:secret@']) {
      const failure = await failureOf({ proxy: `socks5://${user}${at}`, port });
      expect(failure.message).toBe(`proxy ${at} refused the user and password`);
      expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('secret');
    }
  });

  test('says when nobody listens', async () => {
    const proxy = opened(await RealProxy.microsocks());
    const at = `127.0.0.1:${proxy.port}`;
    const failure = await failureOf({ proxy: `socks5://${at}`, port: await freePort() });
    expect(failure.message).toBe(`proxy ${at} refused: connection refused`);
  });
});

describeNeeding(['danted'], 'dante', () => {
  test.each(['socks4', 'socks5', 'socks5h', 'socks'])(
    'carries what we send: %s',
    async (scheme) => {
      const proxy = opened(await RealProxy.danted());
      const port = await echo();
      await expectEcho(await dial({ proxy: `${scheme}://127.0.0.1:${proxy.port}`, port }));
      const refused = await failureOf({
        proxy: `${scheme}://127.0.0.1:${proxy.port}`,
        host: '127.0.0.9',
        port,
      });
      expect(refused.message).toMatch(/^proxy 127\.0\.0\.1:\d+ refused: [a-z ]+$/u);
    },
  );
});

test('socks4a is given the name, and the user', async () => {
  const asked: Buffer[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', (bytes: Buffer) => {
      asked.push(bytes);
      // Granted, in two pieces.
      socket.write(Buffer.from([0, 90, 0, 0]));
      setImmediate(() => socket.write(Buffer.from([0, 0, 0, 0])));
      socket.pipe(socket);
    });
    open.push({ close: () => void socket.destroy() });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ close: () => void server.close() });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const proxy = `socks4a://me@127.0.0.1:${port}`;
  await expectEcho(await dial({ proxy, host: 'name', port: 258 }));
  expect(asked[0]?.toString('latin1')).toBe('\u0004\u0001\u0001\u0002\0\0\0\u0001me\0name\0');
});

test('SOCKS4 takes no IPv6, and a name without an IPv4 address is none for it', async () => {
  const proxy = opened(await ScriptedProxy.open());
  const url = `socks4://127.0.0.1:${proxy.port}`;
  expect((await failureOf({ proxy: url, host: '::1', port: 22 })).message).toBe(
    'dns ::1 has no IPv4 address',
  );
  const resolver = new HostResolver(async () => []);
  const dialling = proxiedTcpDial(
    { ...deps, resolver },
    { host: 'name', port: 22 },
    parseProxy(url, 'ALL_PROXY'),
  );
  await expect(dialling(new AbortController().signal)).rejects.toThrow(
    'dns name has no IPv4 address',
  );
});
