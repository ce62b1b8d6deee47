import { createHash } from 'node:crypto';
import { get } from 'node:https';
import type { Duplex } from 'node:stream';
import { afterEach, describe, expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { ResumableDuplex, ResumableListener } from '../../src/library/backed.ts';
import { HostResolver } from '../../src/link/host-resolver.ts';
import { parseProxy } from '../../src/link/parse-proxy.ts';
import { type WebSocketDialOptions, webSocketDial } from '../../src/link/websocket-dial.ts';
import { Certificate } from '../support/certificate.ts';
import { DialledDuplex } from '../support/dialled-duplex.ts';
import { Nginx } from '../support/nginx.ts';
import { describeNeeding } from '../support/requirements.ts';
import { ScriptedProxy } from '../support/scripted-proxy.ts';
import { SeededRandom } from '../support/seeded-random.ts';
import { until } from '../support/until.ts';
import { WebSocketDoor } from '../support/websocket-door.ts';

const deps = { clock: new SystemClock(), resolver: new HostResolver() };
const open: { close(): void | Promise<void> }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** A server that takes sessions behind a WebSocket entrance. */
async function sessionServer(
  secret: Uint8Array,
): Promise<{ door: WebSocketDoor; streams: Duplex[] }> {
  const streams: Duplex[] = [];
  const door = await WebSocketDoor.open();
  const listener = new ResumableListener({ secret, onConnection: (each) => streams.push(each) });
  door.onStream = (stream) => listener.accept(stream);
  open.push(door, listener);
  return { door, streams };
}

/** The client's end of a session whose links go to `url`. */
function sessionOver(
  secret: Uint8Array,
  url: string,
  options: WebSocketDialOptions,
): ResumableDuplex {
  const dial = webSocketDial(deps, url, options);
  const client = new ResumableDuplex({ secret, connect: () => new DialledDuplex(dial) });
  open.push({ close: () => void client.destroy() });
  return client;
}

const BLOCK = new SeededRandom(11).bytes(65_521);

/** Counts what comes, and hashes it. */
class Sink {
  bytes = 0;
  isEnded = false;
  readonly #hash = createHash('sha256');

  constructor(stream: Duplex) {
    stream.on('data', (bytes: Buffer) => {
      this.bytes += bytes.length;
      this.#hash.update(bytes);
    });
    stream.once('end', () => {
      this.isEnded = true;
    });
    // One that the end of the test breaks off.
    stream.on('error', () => undefined);
  }

  get digest(): string {
    return this.#hash.copy().digest('hex');
  }
}

/** Writes `count` blocks as room comes, and says what a sink must find. */
async function pour(stream: Duplex, count: number): Promise<string> {
  const hash = createHash('sha256');
  for (let i = 0; i < count; i += 1) {
    hash.update(BLOCK);
    if (!stream.write(Buffer.from(BLOCK))) {
      await new Promise((resolve) => stream.once('drain', resolve));
    }
  }
  return hash.digest('hex');
}

describe('a WebSocket through a proxy that buffers and cuts', () => {
  test('every byte of a session arrives once and in order, each way', async () => {
    const secret = systemRandom.bytes(32);
    const { door, streams } = await sessionServer(secret);
    const proxy = await ScriptedProxy.open();
    open.push(proxy);
    proxy.holdMs = 10;
    proxy.cutAfterBytes = 3_000_000;
    const client = sessionOver(secret, `ws://127.0.0.1:${door.port}/et`, {
      proxy: parseProxy(`http://127.0.0.1:${proxy.port}`, 'HTTP_PROXY'),
    });
    const atClient = new Sink(client);
    const sent = pour(client, 100).finally(() => client.end());
    await until(
      'the session',
      () => streams.length,
      (count) => count === 1,
    );
    const [server] = streams;
    if (server === undefined) throw new Error('no session');
    const atServer = new Sink(server);
    const answered = pour(server, 100);
    await until('the end of one direction', () => atServer.isEnded, Boolean);
    await answered;
    server.end();
    await until('the end of the other', () => atClient.isEnded, Boolean);
    expect([atServer.digest, atClient.digest]).toEqual([await sent, await answered]);
    expect(streams).toHaveLength(1);
    expect(proxy.count).toBeGreaterThanOrEqual(5);
  });
});

describeNeeding(['nginx', 'openssl'], 'behind nginx with TLS', () => {
  async function nginxBefore(port: number): Promise<{ nginx: Nginx; ca: string }> {
    const certificate = new Certificate();
    open.push({ close: () => certificate.remove() });
    const nginx = await Nginx.open(certificate, port);
    open.push(nginx);
    return { nginx, ca: certificate.pem };
  }

  test('100 MB pass exactly although nginx is restarted five times', async () => {
    const secret = systemRandom.bytes(32);
    const { door, streams } = await sessionServer(secret);
    const { nginx, ca } = await nginxBefore(door.port);
    const client = sessionOver(secret, `wss://localhost:${nginx.port}/et`, { ca });
    const sent = pour(client, 1527).finally(() => client.end());
    await until(
      'the session',
      () => streams.length,
      (count) => count === 1,
    );
    const [server] = streams;
    if (server === undefined) throw new Error('no session');
    const sink = new Sink(server);
    for (let restarts = 1; restarts <= 5; restarts += 1) {
      await until(
        'a sixth',
        () => sink.bytes,
        (bytes) => bytes >= restarts * 16_000_000,
      );
      await nginx.restart();
    }
    await until('all', () => sink.isEnded, Boolean);
    expect(sink.digest).toBe(await sent);
    expect(sink.bytes).toBeGreaterThan(100_000_000);
    expect(streams).toHaveLength(1);
    expect(door.peers.length).toBeGreaterThanOrEqual(6);
    expect(door.peers[0]).toEqual({ address: '127.0.0.1', forwardedFor: '127.0.0.1' });
  });

  test('a stranger finds a web site, and where the WebSocket is the page of a web server', async () => {
    const door = await WebSocketDoor.open({ path: '/et' });
    open.push(door);
    const { nginx, ca } = await nginxBefore(door.port);
    const page = (path: string): Promise<string> =>
      new Promise((resolve, reject) => {
        get({ host: 'localhost', port: nginx.port, path, ca }, (response) => {
          let text = `${response.statusCode} `;
          response.on('data', (bytes: Buffer) => {
            text += bytes.toString();
          });
          response.once('end', () => resolve(text));
        }).once('error', reject);
      });
    expect(await page('/')).toBe('200 a web site');
    expect(await page('/et')).toMatch(/^426 .*Upgrade Required/u);
  });

  test('nobody behind nginx is said as its answer', async () => {
    const door = await WebSocketDoor.open();
    const { port } = door;
    await door.close();
    const { nginx, ca } = await nginxBefore(port);
    const url = `wss://localhost:${nginx.port}/et`;
    const dialling = webSocketDial(deps, url, { ca })(new AbortController().signal);
    await expect(dialling).rejects.toThrow(`${url} answered 502 Bad Gateway`);
    const elsewhere = webSocketDial(deps, `wss://localhost:${nginx.port}/`, { ca });
    await expect(elsewhere(new AbortController().signal)).rejects.toThrow(/\/ answered 200 OK$/u);
  });
});
