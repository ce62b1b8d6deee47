import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import { type Duplex, duplexPair } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import {
  httpTarget,
  isPattern,
  ProxyLab,
  patternStream,
  rawTarget,
  turns,
  turnUntil,
} from './http-proxy-lab.ts';

const BULK_BYTES = 10_000_000;

/** A request through the proxy by Node's client. */
function ask(lab: ProxyLab, method: string, uri: string, headers: Record<string, string> = {}) {
  return httpRequest({ port: lab.port, host: '127.0.0.1', method, path: uri, headers });
}

async function answerTo(request: ReturnType<typeof ask>): Promise<IncomingMessage> {
  const [answer] = (await once(request, 'response')) as [IncomingMessage];
  return answer;
}

/** One exchange by hand: the target answers `answer` to the first head, and both see what the other sent. */
async function exchangeBy(head: string, answer: string): Promise<{ sent: string; got: string }> {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab.client().say(head.replace('PORT', String(target.port)));
  const server = await target.next();
  const sent = await server.hears(/\r\n\r\n/u);
  server.say(answer).socket.end();
  return { sent, got: await client.hears(/\r\n\r\n/u) };
}

test('a GET goes to its server in origin form, and the answer comes back', async () => {
  const { sent, got } = await exchangeBy(
    'GET http://target:PORT/a/../b%20c?d=//e HTTP/1.1\r\nHost: else\r\nAccept: */*\r\n\r\n',
    'HTTP/1.1 404 Nothing Here\r\nContent-Length: 2\r\n\r\nno',
  );
  expect(sent).toMatch(/^GET \/a\/\.\.\/b%20c\?d=\/\/e HTTP\/1\.1\r\nHost: target:\d+\r\n/u);
  expect(sent).not.toContain('else');
  expect(got).toMatch(/^HTTP\/1\.1 404 Nothing Here\r\nContent-Length: 2\r\n/u);
});

test('fields about one hop stay on it, in both directions; the others keep their case, order and number', async () => {
  const { sent, got } = await exchangeBy(
    [
      'GET http://target:PORT/ HTTP/1.1\r\nHOST: target\r\nx-B: 1\r\nCookie: a\r\nX-b: 2\r\nCookie: b',
      'Connection: keep-alive, X-Hop , host\r\nX-Hop: x\r\nKeep-Alive: 5\r\nTE: trailers\r\nTrailer: T',
      'Proxy-Connection: keep-alive\r\nProxy-Authorization: secret\r\nUpgrade: h2c\r\n\r\n',
    ].join('\r\n'),
    [
      'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 0\r\nX-Hop: y',
      'Connection: X-Hop\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nKeep-Alive: timeout=9\r\n\r\n',
    ].join('\r\n'),
  );
  expect(sent.replace(/:\d+/u, ':80')).toBe(
    'GET / HTTP/1.1\r\nHost: target:80\r\nx-B: 1\r\nCookie: a\r\nX-b: 2\r\nCookie: b\r\nConnection: close\r\n\r\n',
  );
  expect(got).toBe(
    'HTTP/1.1 200 OK\r\nSet-Cookie: a=1\r\nset-cookie: b=2\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n',
  );
});

test('a body keeps its length whatever Connection names, or it would be taken for a request', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  lab
    .client()
    .say(`GET http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\nConnection: content-length\r\n`)
    .say('Content-Length: 30\r\n\r\nDELETE / HTTP/1.1\r\nHost: t\r\n\r\n');
  const sent = await (await target.next()).hears(/DELETE.*\r\n\r\n$/su);
  expect(sent).toContain('\r\nContent-Length: 30\r\n');
});

test('more than 2,000 fields arrive, all of them', async () => {
  const fields = Array.from({ length: 2500 }, (_, at) => `${at}:\r\n`).join('');
  const { sent, got } = await exchangeBy(
    `GET http://target:PORT/ HTTP/1.1\r\nHost: t\r\n${fields}\r\n`,
    `HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`,
  );
  expect(sent).toContain('\r\n2499: \r\n');
  expect(got).toContain('\r\n2499: \r\n');
});

test('10 MB go up with a length and in chunks, and 10 MB come down', async () => {
  const lab = await ProxyLab.start();
  const framings: (string | undefined)[] = [];
  const port = await httpTarget(async (request, response) => {
    framings.push(request.headers['content-length'] ?? request.headers['transfer-encoding']);
    const isWhole = await isPattern(request, BULK_BYTES);
    response.writeHead(isWhole ? 200 : 500);
    patternStream(BULK_BYTES).pipe(response);
  });
  for (const headers of [{ 'Content-Length': String(BULK_BYTES) }, {}]) {
    const request = ask(lab, 'POST', `http://target:${port}/up`, headers);
    patternStream(BULK_BYTES).pipe(request);
    const answer = await answerTo(request);
    expect(answer.statusCode).toBe(200);
    expect(await isPattern(answer, BULK_BYTES)).toBe(true);
  }
  expect(framings).toEqual([String(BULK_BYTES), 'chunked']);
});

test('an answer is passed on as it comes, and a server waits for a client that does not read', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab.client().say(`GET http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\n\r\n`);
  const server = (await target.next()).say('HTTP/1.1 200 OK\r\n\r\n');
  await client.hears(/\r\n\r\n$/u);
  server.say('event');
  await client.hears(/event\r\n$/u);
  client.socket.pause();
  const block = Buffer.alloc(1_000_000);
  let blockedTurns = 0;
  let blocks = 0;
  await turnUntil(() => {
    if (!server.socket.writableNeedDrain) {
      server.socket.write(block);
      blocks += 1;
      blockedTurns = 0;
    }
    blockedTurns += 1;
    return blockedTurns > 500;
  });
  expect(blocks).toBeLessThan(60);
});

test('requests sent ahead are answered in order, each with a connection to its own server', async () => {
  const lab = await ProxyLab.start();
  const order: string[] = [];
  const port = await httpTarget(async (request, response) => {
    // Long enough for the others to come, if they were sent on.
    if (request.method === 'POST') await turns(50);
    order.push(`${request.method} ${request.url} begins`);
    const body = await text(request);
    order.push(`${request.method} ${request.url} ends`);
    response.end(`${request.url}=${body};`);
  });
  const client = lab
    .client()
    .say(`POST http://t:${port}/1 HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\n\r\none`)
    .say(`GET http://t:${port}/2 HTTP/1.1\r\nHost: t\r\n\r\n`)
    .say(`GET http://t:${port}/3 HTTP/1.1\r\nHost: t\r\n\r\n`);
  const got = await client.hears(/\/3=;/u);
  expect(got.match(/\/\d=\w*;/gu)).toEqual(['/1=one;', '/2=;', '/3=;']);
  expect(order).toEqual(
    [1, 2, 3].flatMap((at) => [
      `${at === 1 ? 'POST' : 'GET'} /${at} begins`,
      `${at === 1 ? 'POST' : 'GET'} /${at} ends`,
    ]),
  );
  expect(lab.dialled).toHaveLength(3);
  client.say(`GET http://t:${port}/4 HTTP/1.1\r\nHost: t\r\n\r\n`);
  await client.hears(/\/4=;/u);
});

test('a POST without a body says so', async () => {
  const { sent } = await exchangeBy(
    'POST http://target:PORT/ HTTP/1.1\r\nHost: t\r\n\r\n',
    'HTTP/1.1 204 OK\r\n\r\n',
  );
  expect(sent).toMatch(/\r\nContent-Length: 0\r\n/u);
  expect(sent).not.toContain('chunked');
});

test('a client of HTTP/1.0 gets neither interim answers nor chunks', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab.client().say(`GET http://t:${target.port}/ HTTP/1.0\r\n\r\n`);
  const server = (await target.next()).say('HTTP/1.1 100 Continue\r\n\r\n');
  server.say('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nplain\r\n0\r\n\r\n');
  expect(await client.all()).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nplain');
});

test('a server that answers before the body has come does not cost the client its connection', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab
    .client()
    .say(`POST http://t:${target.port}/1 HTTP/1.1\r\nHost: t\r\nContent-Length: 1000000\r\n\r\n`);
  const server = await target.next();
  await server.hears(/\r\n\r\n/u);
  server.say('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n').socket.end();
  await client.hears(/413 Too Large/u);
  client.say('x'.repeat(1_000_000));
  client.say(`GET http://t:${target.port}/2 HTTP/1.1\r\nHost: t\r\n\r\n`);
  await (await target.next()).hears(/^GET \/2/u);
});

test('100-continue is the server’s to say, and hints come through', async () => {
  const lab = await ProxyLab.start();
  const target = await rawTarget();
  const client = lab
    .client()
    .say(`PUT http://t:${target.port}/ HTTP/1.1\r\nHost: t\r\nContent-Length: 2\r\n`)
    .say('Expect: 100-continue\r\n\r\n');
  const server = await target.next();
  await server.hears(/Expect: 100-continue\r\n.*\r\n\r\n/su);
  expect(client.text).toBe('');
  server.say('HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n');
  await client.hears(/^HTTP\/1.1 103 Early Hints\r\nLink: <\/a.css>; rel=preload\r\n\r\n$/u);
  server.say('HTTP/1.1 100 Continue\r\n\r\n');
  await client.hears(/HTTP\/1.1 100 Continue\r\n\r\n$/u);
  client.say('ok');
  await server.hears(/\r\n\r\nok$/u);
  server.say('HTTP/1.1 204 Done\r\n\r\n');
  await client.hears(/HTTP\/1.1 204 Done\r\n/u);
});

test.each([
  ['HEAD', 'HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n', /\r\nContent-Length: 5000\r\n/u],
  ['GET', 'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', /304 Not Modified\r\nETag: "a"\r\n/u],
])(
  'an answer without a body leaves the connection usable: %s',
  async (method, answer, expected) => {
    const lab = await ProxyLab.start();
    const target = await rawTarget();
    const client = lab.client();
    for (const path of ['/1', '/2']) {
      client.say(`${method} http://t:${target.port}${path} HTTP/1.1\r\nHost: t\r\n\r\n`);
      const server = await target.next();
      await server.hears(new RegExp(`^${method} ${path}.*\r\n\r\n$`, 'su'));
      server.say(answer);
      await turnUntil(() => server.isClosed || server.hasEnded);
    }
    await client.hears(new RegExp(`${expected.source}.*${expected.source}`, 'su'));
  },
);

test('what is dialled need not be a socket, and is let go when its answer is whole', async () => {
  const server = createServer((asked, response) => {
    response.writeHead(200, { 'X-Path': asked.url });
    asked.pipe(response);
  });
  const given: Duplex[] = [];
  const lab = await ProxyLab.start(async () => {
    const [near, far] = duplexPair();
    given.push(near);
    server.emit('connection', far);
    return near;
  });
  const request = ask(lab, 'PUT', 'http://t/a');
  request.end('body');
  const answer = await answerTo(request);
  expect(answer.headers['x-path']).toBe('/a');
  expect(await text(answer)).toBe('body');
  await turnUntil(() => given[0]?.destroyed === true);
});

test('what is dialled may stay open behind the answer, and is let go nevertheless', async () => {
  const [near, far] = duplexPair();
  far.once('data', () => far.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
  const lab = await ProxyLab.start(() => Promise.resolve(near));
  await lab
    .client()
    .say('GET http://t/ HTTP/1.1\r\nHost: t\r\n\r\n')
    .hears(/\r\n\r\nok$/u);
  await turnUntil(() => near.destroyed);
});
