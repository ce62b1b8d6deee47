import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { Duplex } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { HttpProxy } from '../../src/forward/http-proxy.ts';
import { TunnelRefusal } from '../../src/forward/tunnel-refusal.ts';
import { REASON } from '../../src/wire/messages.ts';
import { toolPath } from '../support/requirements.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { httpTarget, ProxyLab, rawTarget, turnUntil } from './http-proxy-lab.ts';

const curl = toolPath('curl');

const REFUSALS: readonly [number, string, number][] = [
  [REASON.notPermitted, 'not permitted: t:1', 403],
  [REASON.notFound, 'cannot resolve t', 502],
  [REASON.connectionRefused, 'connection refused by t:1', 502],
  [REASON.failed, 'timed out: t:1 does not answer', 504],
  [REASON.failed, 'no route to t:1', 502],
  [REASON.limit, 'timed out of something else', 502],
];

test.each(REFUSALS)('reason %i (%s) is status %i', async (code, reason, status) => {
  const lab = await ProxyLab.start(() =>
    Promise.reject(
      new EtError('ET_ERR_FORWARD', 'outer', { cause: new TunnelRefusal(code, reason) }),
    ),
  );
  const client = lab.client();
  for (let round = 1; round <= 2; round += 1) {
    client.say('GET http://t:1/ HTTP/1.1\r\nHost: t\r\n\r\n');
    await turnUntil(() => client.text.split(`et: ${reason}\n`).length === round + 1);
  }
  expect(client.text).toMatch(new RegExp(`^HTTP/1.1 ${status} `, 'u'));
  const tunnel = lab.client().say('CONNECT t:1 HTTP/1.1\r\nHost: t\r\n\r\n');
  expect(await tunnel.all()).toMatch(
    new RegExp(`^HTTP/1.1 ${status} .*Connection: close\r\n\r\net: ${reason}\n$`, 'su'),
  );
});

test.each([
  ['GET / HTTP/1.1\r\nHost: t\r\n\r\n', /^HTTP\/1.1 400 .*et: this is a proxy/su],
  ['OPTIONS * HTTP/1.1\r\nHost: t\r\n\r\n', /^HTTP\/1.1 400 .*et: this is a proxy/su],
  ['GET https://t/ HTTP/1.1\r\nHost: t\r\n\r\n', /^HTTP\/1.1 400 .*et: .*CONNECT/su],
  ['GET http://t:0/ HTTP/1.1\r\nHost: t\r\n\r\n', /^HTTP\/1.1 400 .*et: "t:0" is no/su],
  ['CONNECT t HTTP/1.1\r\nHost: t\r\n\r\n', /^HTTP\/1.1 400 .*et: "t" is no HOST:PORT\n$/su],
  [
    'POST http://t/ HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n',
    /^HTTP\/1.1 501 /u,
  ],
  ['nonsense\r\n\r\n', /^HTTP\/1.1 400 .*et: malformed request: .*\n$/su],
  ['\x16\x03\x01\x02\x00\x01\x00', /^HTTP\/1.1 400 .*et: malformed request: .*\n$/su],
  [`GET http://t/ HTTP/1.1\r\nX: ${'x'.repeat(17_000)}`, /^HTTP\/1.1 431 /u],
])('%j is answered and dials nobody', async (request, expected) => {
  const lab = await ProxyLab.start();
  const client = lab.client().say(request);
  await client.hears(expected);
  expect(lab.asked).toEqual([]);
});

test.each(['nonsense', 'CONNECT t HTTP/1.1\r\nHost: t\r\n\r\n'])(
  'the answer to %j arrives although the client goes on, until it has closed its side too',
  async (request) => {
    const lab = await ProxyLab.start();
    const client = lab.client().say(`${request}\r\n${'x'.repeat(1_000_000)}`);
    expect(await client.all()).toMatch(/^HTTP\/1.1 400 /u);
    client.say('x'.repeat(8_000_000));
    await turnUntil(() => client.socket.writableLength === 0 || client.isClosed);
    expect(lab.clientCount).toBe(1);
    client.socket.end();
    await turnUntil(() => client.isClosed && lab.clientCount === 0);
    expect(lab.clock.pending).toBe(0);
  },
);

test('nonsense in the middle of an answer ends the connection without another answer', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab
    .client()
    .say(`POST http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const server = await target.next();
  server.say('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npart');
  const got = await client.hears(/part$/u);
  client.say('nonsense\r\n');
  expect(await client.all()).toBe(got);
  await turnUntil(() => lab.clientCount === 0 && lab.dialled[0]?.destroyed === true);
});

test('a body that breaks off into nonsense is answered, and the far connection goes', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab
    .client()
    .say(`POST http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n`);
  const server = await target.next();
  await server.hears(/\r\n\r\n/u);
  client.say('nonsense\r\n');
  await client.hears(/^HTTP\/1.1 400 /u);
  client.socket.end();
  await turnUntil(() => server.isClosed || server.hasEnded);
});

test('a request for the proxy itself does not go round in circles', async () => {
  const lab = await ProxyLab.start();
  const client = lab.client().say(`GET http://t:${lab.port}/ HTTP/1.1\r\nHost: t\r\n\r\n`);
  await client.hears(/^HTTP\/1.1 400 .*et: this is a proxy/su);
  expect(lab.asked).toEqual([`t ${lab.port}`]);
});

test('half a head is cut off after a minute, and so is a connection without a request', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const slow = lab.client().say('GET http://t');
  const busy = lab.client().say(`GET http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\n\r\n`);
  const server = await target.next();
  await turnUntil(() => lab.clientCount === 2);
  lab.clock.advance(59_999);
  slow.say('/');
  lab.clock.advance(1);
  await turnUntil(() => slow.isClosed || slow.hasEnded);
  lab.clock.advance(3_600_000);
  server.say('HTTP/1.1 204 At last\r\n\r\n');
  await busy.hears(/At last/u);
  await turnUntil(() => lab.clock.pending === 1);
  lab.clock.advance(60_000);
  await turnUntil(() => busy.isClosed || busy.hasEnded);
});

test.skipIf(curl === undefined)('curl goes through it', async () => {
  const lab = await ProxyLab.start();
  const port = await httpTarget(async (request, response) => {
    response.end(`${request.method} ${request.url} ${(await buffer(request)).length}`);
  });
  const run = async (...words: string[]): Promise<string> => {
    const proxy = `http://127.0.0.1:${lab.port}`;
    const { stdout } = await promisify(execFile)(curl ?? '', ['-sSq', '-x', proxy, ...words]);
    return stdout;
  };
  const uri = `http://target.invalid:${port}/x`;
  expect(await run(uri, uri)).toBe('GET /x 0GET /x 0');
  expect(await run('--data', 'a=b', uri)).toBe('POST /x 3');
  expect(await run('--proxytunnel', uri)).toBe('GET /x 0');
  expect(await run('--http2', uri)).toBe('GET /x 0');
});

test('above 1,024 connections a client is told so, until one has gone', async () => {
  const clock = new VirtualClock();
  const proxy = new HttpProxy({ clock, dial: () => Promise.reject(new Error('nobody')) });
  const said: string[] = [];
  const silent = (): Duplex =>
    new Duplex({
      read: () => undefined,
      write: (bytes, _, done) => {
        said.push(String(bytes));
        done();
      },
    });
  const clients = Array.from({ length: 1024 }, silent);
  for (const client of clients) proxy.accept(client);
  const surplus = silent();
  proxy.accept(surplus);
  expect(said.join('')).toMatch(/^HTTP\/1.1 503 .*et: 1024 connections are open already\n$/su);
  clock.advance(2000);
  await once(surplus, 'close');
  const polite = silent();
  proxy.accept(polite);
  polite.push('GET http://t/ HTTP/1.1\r\n\r\n');
  polite.push(null);
  await once(polite, 'close');
  clients[0]?.destroy();
  await turnUntil(() => clock.pending === 1023);
  const next = silent();
  proxy.accept(next);
  next.push('CONNECT t:1 HTTP/1.1\r\n\r\n');
  await turnUntil(() => said.join('').includes('et: nobody\n'));
  proxy.close();
  await turnUntil(() => clock.pending === 0);
});

test('closing ends tunnels, waiting clients and those that come later', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = await lab.tunnelTo(target.port);
  const idle = lab.client();
  await turnUntil(() => lab.clientCount === 2);
  lab.proxy.close();
  await turnUntil(() => lab.clientCount === 0 && lab.dialled[0]?.destroyed === true);
  client.resume();
  await idle.all();
  expect(await lab.client().all()).toBe('');
  expect(lab.clock.pending).toBe(0);
});
