import { duplexPair } from 'node:stream';
import { expect, test } from 'vitest';
import { httpTarget, ProxyLab, rawTarget, type Talk, turns, turnUntil } from './http-proxy-lab.ts';

test('an answer that was cut off does not look complete', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab.client().say(`GET http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\n\r\n`);
  const server = await target.next();
  server.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
  await client.hears(/hello/u);
  server.socket.end();
  expect(await client.all()).not.toMatch(/\r\n0\r\n/u);
  await turnUntil(() => lab.clientCount === 0);
});

test('requests sent ahead by a client that has gone reach nobody', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const ahead = `GET http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\n\r\n`;
  const client = lab.client().say(ahead.repeat(3));
  await (await target.next()).hears(/\r\n\r\n/u);
  client.socket.resetAndDestroy();
  await turnUntil(() => lab.clientCount === 0 && lab.dialled[0]?.destroyed === true);
  await turns(20);
  expect(lab.asked).toHaveLength(1);
});

test('a client that goes away in the middle of an answer takes the far connection with it', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab.client().say(`GET http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\n\r\n`);
  const server = (await target.next()).say('HTTP/1.1 200 OK\r\n\r\nfirst');
  await client.hears(/first/u);
  client.socket.destroy();
  await turnUntil(() => lab.dialled[0]?.destroyed === true && server.hasEnded);
});

test.each(['GET http://t', 'CONNECT t'])(
  'a client that goes away while its server is dialled leaves nothing open: %s',
  async (start) => {
    const target = await rawTarget();
    let connected: (() => void) | undefined;
    const lab = await ProxyLab.start(async () => {
      await new Promise<void>((resolve) => {
        connected = resolve;
      });
      return lab.connect(target.port);
    });
    const client = lab.client().say(`${start}:${target.port} HTTP/1.1\r\nHost: t\r\n\r\n`);
    await turnUntil(() => connected !== undefined);
    client.socket.resetAndDestroy();
    await turnUntil(() => lab.clientCount === 0);
    connected?.();
    const server: Talk = await target.next();
    await turnUntil(() => server.hasEnded || server.isClosed);
    expect(server.text).toBe('');
  },
);

test('a client that is cut off after any byte of its request leaves nothing open', async () => {
  const lab = await ProxyLab.start();
  const target = await httpTarget(async (request, response) => request.pipe(response));
  const whole = `POST http://t:${target}/ HTTP/1.1\r\nHost: t\r\nContent-Length: 9\r\n\r\nsome body`;
  for (let cut = 0; cut <= whole.length; cut += 1) {
    const client = lab.client().say(whole.slice(0, cut));
    await turnUntil(() => lab.clientCount === 1 && client.socket.writableLength === 0);
    client.socket.resetAndDestroy();
    await turnUntil(() => lab.clientCount === 0);
  }
  await turnUntil(() => lab.dialled.every((socket) => socket.destroyed));
  expect(lab.dialled.length).toBeGreaterThan(8);
  expect(lab.clock.pending).toBe(0);
});

test('a server that is cut off after any byte of its answer is never taken for complete', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const whole = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n';
  for (let cut = 0; cut < whole.length; cut += 1) {
    const client = lab.client().say(`GET http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\n\r\n`);
    const server = await target.next();
    await server.hears(/\r\n\r\n/u);
    server.say(whole.slice(0, cut));
    if (cut % 2 === 0) server.socket.end();
    else server.socket.destroySoon();
    await turnUntil(
      () => client.hasEnded || client.isClosed || /^HTTP\/1.1 502 /u.test(client.text),
    );
    expect(client.text).not.toMatch(/200 OK.*\r\n0\r\n\r\n/su);
    client.socket.destroy();
    await turnUntil(() => lab.clientCount === 0);
  }
  expect(lab.clock.pending).toBe(0);
});

test('what is dialled may be broken already', async () => {
  const broken = await ProxyLab.start(async () => {
    await turns(1);
    return duplexPair()[0].destroy(new Error('broken'));
  });
  await broken
    .client()
    .say('GET http://t/ HTTP/1.1\r\nHost: t\r\n\r\n')
    .hears(/^HTTP\/1.1 502 /u);
});

test.each([
  ['HTTP/1.1 099 Low\r\n\r\n', /^HTTP\/1.1 502 /u],
  ['SSH-2.0-x\r\n', /^HTTP\/1.1 502 .*et: t:\d+ closed the connection without an answer\n/su],
  ['', /^HTTP\/1.1 502 .*et: t:\d+ closed the connection without an answer\n/su],
  [
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
    /^HTTP\/1.1 502 /u,
  ],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx', /^HTTP\/1.1 502 .*coding/su],
])('an answer %j is a bad gateway', async (answer, expected) => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab.client().say(`GET http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\n\r\n`);
  const server = await target.next();
  await server.hears(/\r\n\r\n/u);
  server.say(answer).socket.end();
  await client.hears(expected);
});
