import { once } from 'node:events';
import { expect, onTestFinished, test } from 'vitest';
import { isPattern, ProxyLab, patternStream, rawTarget, turnUntil } from './http-proxy-lab.ts';

const BULK_BYTES = 10_000_000;

const UPGRADE = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n';

test('CONNECT reaches a name, an IPv4 and an IPv6 address', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  for (const host of ['db.example', '10.0.0.1', '[fe80::1]']) {
    const client = lab.client().say(`CONNECT ${host}:${target.port} HTTP/1.1\r\nHost: x\r\n\r\n`);
    await client.hears(/^HTTP\/1.1 200 Connection established\r\n\r\n$/u);
  }
  const hosts = lab.asked.map((asked) => asked.split(' ')[0]);
  expect(hosts).toEqual(['db.example', '10.0.0.1', 'fe80::1']);
});

test('a tunnel sets off none of Node’s warnings, which would show on the terminal', async () => {
  const warnings: Error[] = [];
  const collect = (warning: Error): number => warnings.push(warning);
  process.on('warning', collect);
  onTestFinished(() => void process.off('warning', collect));
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = await lab.tunnelTo(target.port);
  client.resume().end();
  (await target.next()).socket.end();
  await turnUntil(() => lab.clientCount === 0);
  expect(warnings).toEqual([]);
});

test('bytes right behind a CONNECT are not lost, nor those sent while the target is dialled', async () => {
  const target = await rawTarget();
  let release: (() => void) | undefined;
  const lab = await ProxyLab.start(async () => {
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return lab.connect(target.port);
  });
  const client = lab.client().say('CONNECT t:1 HTTP/1.0\r\n\r\nright behind,');
  await turnUntil(() => release !== undefined);
  client.say(' later,');
  client.socket.end(' last');
  await turnUntil(() => client.socket.writableFinished);
  release?.();
  expect(await (await target.next()).all()).toBe('right behind, later, last');
});

test('10 MB pass both ways through a tunnel, at once', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = await lab.tunnelTo(target.port);
  const server = (await target.next()).socket;
  server.removeAllListeners('data');
  patternStream(BULK_BYTES).pipe(client);
  patternStream(BULK_BYTES).pipe(server);
  const both = [isPattern(client, BULK_BYTES), isPattern(server, BULK_BYTES)];
  expect(await Promise.all(both)).toEqual([true, true]);
});

test.each(['client', 'server'])(
  'an end of the %s alone leaves the other direction open',
  async (first) => {
    const lab = await ProxyLab.start();
    const target = await rawTarget();
    const client = await lab.tunnelTo(target.port);
    const server = (await target.next()).socket;
    server.removeAllListeners('data');
    const [ending, going] = first === 'client' ? [client, server] : [server, client];
    const heard: string[] = [];
    going.on('data', (bytes) => heard.push(String(bytes)));
    ending.end('that is all');
    await once(going.resume(), 'end');
    expect(heard.join('')).toBe('that is all');
    lab.clock.advance(3_600_000);
    const answer = once(ending.resume(), 'data');
    going.write('still here');
    expect(String(await answer)).toBe('still here');
    going.end();
    await once(ending, 'end');
    await turnUntil(() => lab.clientCount === 0 && lab.dialled[0]?.destroyed === true);
    expect(lab.clock.pending).toBe(0);
  },
);

test.each(['client', 'server'])('a reset of the %s ends both ends', async (first) => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = await lab.tunnelTo(target.port);
  const server = await target.next();
  (first === 'client' ? client : server.socket).resetAndDestroy();
  client.resume();
  await turnUntil(() => lab.clientCount === 0 && lab.dialled[0]?.destroyed === true);
  await turnUntil(() => server.hasEnded || server.isClosed);
});

test('a WebSocket gets its connection, with the bytes that came with the handshake', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab
    .client()
    .say(
      `GET http://t:${target.port}/ws HTTP/1.1\r\nHost: t\r\nProxy-Connection: x\r\n${UPGRADE}\r\n`,
    );
  const server = await target.next();
  const sent = await server.hears(/\r\n\r\n/u);
  expect(sent.replace(/:\d+/u, ':80')).toBe(
    'GET /ws HTTP/1.1\r\nHost: t:80\r\nSec-WebSocket-Key: k\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  );
  server.say(`HTTP/1.1 101 Switching Protocols\r\n${UPGRADE}\r\nhello`);
  expect(await client.hears(/hello/u)).toBe(
    'HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Key: k\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhello',
  );
  client.say('hi');
  await server.hears(/\r\n\r\nhi$/u);
  client.socket.end();
  await turnUntil(() => server.hasEnded);
  server.socket.end('bye');
  expect(await client.all()).toMatch(/hellobye$/u);
});

test('an upgrade that the server declines is answered whole, and the connection is over', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab
    .client()
    .say(`GET http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\n${UPGRADE}\r\n`);
  const server = await target.next();
  server.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nplain\r\n0\r\n\r\n');
  expect(await client.all()).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nplain');
  client.socket.end();
  await turnUntil(() => lab.clientCount === 0 && lab.dialled[0]?.destroyed === true);
});

test('a client that goes away before its upgrade is answered takes the far connection with it', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab
    .client()
    .say(`GET http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\n${UPGRADE}\r\n`);
  await (await target.next()).hears(/\r\n\r\n/u);
  client.socket.resetAndDestroy();
  await turnUntil(() => lab.clientCount === 0 && lab.dialled[0]?.destroyed === true);
});

test('an upgrade with a body is refused, and one whose server hangs up is a bad gateway', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const uri = `http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\n${UPGRADE}`;
  const withBody = lab.client().say(`POST ${uri}Content-Length: 1\r\n\r\nx`);
  expect(await withBody.all()).toMatch(/^HTTP\/1.1 501 /u);
  const without = lab.client().say(`GET ${uri}\r\n`);
  (await target.next()).socket.end();
  expect(await without.all()).toMatch(/^HTTP\/1.1 502 /u);
});

test('a CONNECT behind requests that are not answered ends the connection', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab
    .client()
    .say(
      `GET http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\n\r\nCONNECT t:1 HTTP/1.1\r\nHost: t\r\n\r\n`,
    );
  expect(await client.all()).toBe('');
  await turnUntil(() => lab.clientCount === 0);
});
