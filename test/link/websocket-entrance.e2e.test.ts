import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { REQUEST_TIMEOUT_MS } from '../../src/link/websocket-entrance.ts';
import { MAX_WEBSOCKET_MESSAGE_BYTES } from '../../src/link/websocket-limits.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { until } from '../support/until.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { WebSocketDoor, type WebSocketDoorOptions } from '../support/websocket-door.ts';

const open: { close(): void | Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

async function door(options: WebSocketDoorOptions = {}): Promise<WebSocketDoor> {
  const opened = await WebSocketDoor.open(options);
  open.push(opened);
  return opened;
}

/** Somebody who says `text`, and whatever he is told until the end of the connection. */
class Stranger {
  heard: Buffer = Buffer.alloc(0);
  isOver = false;
  readonly socket: Socket;

  constructor({ port }: WebSocketDoor, text = '') {
    this.socket = connect(port, '127.0.0.1');
    this.socket.on('error', () => undefined);
    this.socket.on('data', (bytes) => {
      this.heard = Buffer.concat([this.heard, bytes]);
    });
    this.socket.on('close', () => {
      this.isOver = true;
    });
    if (text !== '') this.socket.write(text);
    open.push({ close: () => void this.socket.destroy() });
  }

  async end(): Promise<string> {
    await until('the end', () => this.isOver, Boolean);
    return this.heard.toString('latin1');
  }

  async hears(text: string): Promise<void> {
    await until(
      text,
      () => this.heard.toString('latin1'),
      (heard) => heard.includes(text),
    );
  }
}

function request(path: string, headers: readonly string[] = []): string {
  return [`GET ${path} HTTP/1.1`, 'Host: h', ...headers, '', ''].join('\r\n');
}

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
];

/** A frame of a client, masked with zeros. */
function frame(firstByte: number, payload: Uint8Array, length = payload.length): Buffer {
  const isShort = length < 126;
  const head = Buffer.alloc(isShort ? 6 : 14);
  head[0] = firstByte;
  head[1] = 0x80 | (isShort ? length : 127);
  if (!isShort) head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, payload]);
}

/** A stranger whose upgrade was answered, and the stream that came of it. */
async function upgraded(
  web: WebSocketDoor,
): Promise<{ stranger: Stranger; stream: WebSocketDoor['streams'][number] }> {
  const count = web.streams.length;
  const stranger = new Stranger(web, request('/', UPGRADE));
  await stranger.hears('HTTP/1.1 101 ');
  const stream = web.streams[count];
  if (stream === undefined) throw new Error('no stream');
  return { stranger, stream };
}

/** Nothing that others did has hurt the entrance: a WebSocket still gets through. */
async function expectAlive(web: WebSocketDoor): Promise<void> {
  const count = web.streams.length;
  const client = new WebSocket(`ws://127.0.0.1:${web.port}/`);
  open.push({ close: () => client.terminate() });
  await once(client, 'open');
  const echo = once(client, 'message');
  web.streams[count]?.pipe(web.streams[count]);
  client.send(Buffer.from('hello'));
  expect(String((await echo)[0])).toBe('hello');
}

test('who asks for no WebSocket gets the page of a web server, and the end', async () => {
  const anyPath = await door();
  const onePath = await door({ path: '/et' });
  expect(await new Stranger(anyPath, request('/')).end()).toMatch(
    /^HTTP\/1\.1 426 Upgrade Required\r\n.*Upgrade: websocket\r\n.*<h1>426 Upgrade Required<\/h1>/su,
  );
  expect(await new Stranger(onePath, request('/et?x')).end()).toMatch(/^HTTP\/1\.1 426 /u);
  for (const headers of [[], UPGRADE]) {
    expect(await new Stranger(onePath, request('/', headers)).end()).toMatch(
      /^HTTP\/1\.1 404 Not Found\r\n.*Connection: close\r\n.*<h1>404 Not Found<\/h1>/su,
    );
  }
  expect([...anyPath.streams, ...onePath.streams]).toEqual([]);
});

test('a browser is sent away, wherever it comes from', async () => {
  const web = await door({ path: '/et' });
  for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1']) {
    const headers = [...UPGRADE, `Origin: ${origin}`];
    expect(await new Stranger(web, request('/et', headers)).end()).toMatch(/^HTTP\/1\.1 403 /u);
    expect(await new Stranger(web, request('/', headers)).end()).toMatch(/^HTTP\/1\.1 404 /u);
  }
  expect(web.streams).toEqual([]);
});

test('a proxy may say for whom it comes', async () => {
  const web = await door();
  const stranger = new Stranger(
    web,
    request('/', [...UPGRADE, 'X-Forwarded-For: 10.1.1.1, 203.0.113.7']),
  );
  await stranger.hears('HTTP/1.1 101 ');
  expect(web.peers).toEqual([{ address: '127.0.0.1', forwardedFor: '203.0.113.7' }]);
});

test.each([
  ['garbage behind the method', `GET ${'\u0001\u0002'.repeat(50)}\r\n\r\n`, /^HTTP\/1\.1 400 /u],
  ['headers without an end', `GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(6000)}`, /^HTTP\/1\.1 431 /u],
  ['one header too long', `GET / HTTP/1.1\r\nX: ${'y'.repeat(20_000)}`, /^HTTP\/1\.1 431 /u],
  ['another version', 'GET / HTTP/9.9\r\n\r\n', /^HTTP\/1\.1 400 /u],
  [
    'an upgrade to something else',
    request('/', ['Connection: Upgrade', 'Upgrade: h2c']),
    /^HTTP\/1\.1 400 /u,
  ],
  ['an upgrade without a key', request('/', UPGRADE.slice(0, 3)), /^HTTP\/1\.1 400 /u],
  [
    'an old WebSocket',
    request(
      '/',
      UPGRADE.map((line) => line.replace(': 13', ': 7')),
    ),
    /^HTTP\/1\.1 400 /u,
  ],
  ['many requests at once', request('/').repeat(100), /^HTTP\/1\.1 426 (?!.*HTTP\/1)/su],
  ['a body', request('/', ['Content-Length: 1000000']), /^HTTP\/1\.1 426 /u],
])('%s: an answer, and the end of that connection alone', async (_, text, answer) => {
  const web = await door();
  expect(await new Stranger(web, text).end()).toMatch(answer);
  await expectAlive(web);
});

test('who does not finish his request is ended after 10 s, who finished it is not', async () => {
  const clock = new VirtualClock();
  const web = await door({ clock });
  const slow = new Stranger(web, 'GET / HTT');
  const quick = await upgraded(web);
  await until(
    'one timer',
    () => clock.pending,
    (count) => count === 1,
  );
  clock.advance(REQUEST_TIMEOUT_MS - 1);
  quick.stranger.socket.write(frame(0x82, Buffer.from('hi')));
  expect(String((await once(quick.stream, 'data'))[0])).toBe('hi');
  expect(slow.isOver).toBe(false);
  clock.advance(1);
  expect(await slow.end()).toBe('');
  expect(quick.stranger.isOver).toBe(false);
  expect(clock.pending).toBe(0);
});

test('who goes away before his answer leaves no timer', async () => {
  const clock = new VirtualClock();
  const web = await door({ clock });
  const stranger = new Stranger(web, 'GET / HTT');
  await until(
    'a timer',
    () => clock.pending,
    (count) => count === 1,
  );
  stranger.socket.destroy();
  await until(
    'no timer',
    () => clock.pending,
    (count) => count === 0,
  );
});

const TEXT = 0x81;
const BINARY = 0x82;
test.each([
  ['garbage', Buffer.from(new SeededRandom(3).bytes(1000))],
  ['text', frame(TEXT, Buffer.from('hello'))],
  ['a message that is too long', frame(BINARY, Buffer.alloc(0), MAX_WEBSOCKET_MESSAGE_BYTES + 1)],
  ['a message of 2^62 bytes', frame(BINARY, Buffer.alloc(0), 2 ** 62)],
  [
    'a message that becomes too long',
    Buffer.concat([frame(0x02, Buffer.alloc(60_000)), frame(0x80, Buffer.alloc(10_000))]),
  ],
  [
    'a message in too many pieces',
    Buffer.concat([
      frame(0x02, Buffer.alloc(1)),
      ...Array.from({ length: 300 }, () => frame(0x00, Buffer.alloc(1))),
    ]),
  ],
  ['a compressed message', frame(0xc2, Buffer.alloc(10))],
  ['an unmasked message', Buffer.from([0x82, 1, 65])],
  ['an unknown kind', frame(0x83, Buffer.alloc(1))],
  ['a ping that is too long', frame(0x89, Buffer.alloc(200))],
  ['a closing frame of one byte', frame(0x88, Buffer.alloc(1))],
  ['a closing frame with an error', frame(0x88, Buffer.from([0x03, 0xf3]))],
  ['half a frame, and the end', Buffer.from([0x82])],
])('%s breaks that stream alone, and nobody need listen for its error', async (what, bytes) => {
  const web = await door();
  const other = await upgraded(web);
  const { stranger, stream } = await upgraded(web);
  let got = 0;
  stream.on('data', (data: Buffer) => {
    got += data.length;
  });
  let isEnded = false;
  stream.once('end', () => {
    isEnded = true;
  });
  stranger.socket.write(bytes);
  if (what === 'half a frame, and the end') stranger.socket.end();
  await until('it is broken', () => stream.destroyed, Boolean);
  await stranger.end();
  expect({ got, isEnded }).toEqual({ got: 0, isEnded: false });
  expect(other.stream.destroyed).toBe(false);
  await expectAlive(web);
});

test('the end of the peer is an end, behind what it sent', async () => {
  const web = await door();
  const { stranger, stream } = await upgraded(web);
  stranger.socket.write(
    Buffer.concat([frame(BINARY, Buffer.from('last')), frame(0x88, Buffer.from([0x03, 0xe8]))]),
  );
  const got: string[] = [];
  stream.on('data', (data: Buffer) => got.push(data.toString()));
  await once(stream, 'end');
  expect(got).toEqual(['last']);
  stream.write('too late');
  await until('it is over', () => stream.destroyed, Boolean);
});

test('who sends and is not read waits, without memory', async () => {
  const web = await door();
  const { stranger, stream } = await upgraded(web);
  const chunk = frame(BINARY, Buffer.alloc(60_000));
  let sent = 0;
  let got = 0;
  stream.once('data', (data: Buffer) => {
    got += data.length;
    stream.pause();
  });
  // The kernel's buffers, ours, and then nothing more.
  while (stranger.socket.writableLength < 4_000_000 && sent < 2000) {
    stranger.socket.write(chunk);
    sent += 1;
    await new Promise(setImmediate);
  }
  expect(sent).toBeLessThan(2000);
  expect(stream.readableLength).toBeLessThan(1_000_000);
  stream.on('data', (data: Buffer) => {
    got += data.length;
  });
  stream.resume();
  await until(
    'all of it',
    () => got,
    (length) => length === sent * 60_000,
  );
});

test('who pings and does not read is not answered without end', async () => {
  const web = await door();
  const { stranger, stream } = await upgraded(web);
  stream.resume();
  stranger.socket.pause();
  const accepted = web.sockets[0];
  const pings = Buffer.concat(Array.from({ length: 1000 }, () => frame(0x89, Buffer.alloc(125))));
  for (let i = 0; i < 200; i += 1) {
    if (!stranger.socket.write(pings)) await once(stranger.socket, 'drain');
  }
  stranger.socket.write(frame(BINARY, Buffer.from('x')));
  await until(
    'all was read',
    () => accepted?.bytesRead ?? 0,
    (bytes) => bytes > 200_000 * 131,
  );
  expect(accepted?.writableLength).toBeLessThan(200_000);
  expect(stream.destroyed).toBe(false);
});

test('who does not read what is sent stops its writer', async () => {
  const web = await door();
  const { stranger, stream } = await upgraded(web);
  stranger.socket.pause();
  let written = 0;
  while (stream.write(Buffer.alloc(60_000)) && written < 2000) {
    written += 1;
    await new Promise(setImmediate);
  }
  expect(written).toBeLessThan(2000);
  expect(stream.writableLength).toBeLessThan(1_000_000);
  stranger.socket.resume();
  await once(stream, 'drain');
});

test('our end comes behind what was written, and is over when the peer has answered it', async () => {
  const web = await door();
  const { stranger, stream } = await upgraded(web);
  stream.resume();
  stream.end('bye');
  await stranger.hears('bye\u0088\u0002\u0003\u00e8');
  expect(stream.destroyed).toBe(false);
  stranger.socket.write(frame(0x88, Buffer.from([0x03, 0xe8])));
  await stranger.end();
  await until('it is over', () => stream.destroyed, Boolean);
});

test('a closed entrance ends who has no answer yet, and nobody else', async () => {
  const web = await door();
  const { stranger } = await upgraded(web);
  const asking = new Stranger(web, 'GET / HTT');
  await until(
    'it is taken',
    () => web.sockets.length,
    (count) => count === 2,
  );
  await new Promise(setImmediate);
  web.entrance.close();
  await asking.end();
  expect(await new Stranger(web, request('/', UPGRADE)).end()).toBe('');
  expect(stranger.isOver).toBe(false);
});
