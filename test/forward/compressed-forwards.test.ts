import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { ForwardSpec } from '../../src/forward/forward-spec.ts';
import { deathOf, ForwardLab, readAll, soon } from './forward-lab.ts';

const labs: ForwardLab[] = [];

afterEach(() => {
  for (const lab of labs.splice(0)) lab.close();
});

function makeLab(isCompressed: boolean): ForwardLab {
  const lab = new ForwardLab(undefined, undefined, undefined, isCompressed);
  labs.push(lab);
  return lab;
}

const LISTEN = { kind: 'tcp', bind: '127.0.0.1', port: 0 } as const;

/** Lines that deflate to a fifth, and of which no two are the same. */
function text(bytes: number): Buffer {
  let all = '';
  for (let i = 0; all.length < bytes; i += 1) all += `${i} the request was answered with 200\n`;
  return Buffer.from(all.slice(0, bytes));
}

/** Asks a proxy for 127.0.0.1:port, and resolves when it is there. */
async function throughSocks(socket: Socket, port: number): Promise<Socket> {
  socket.write(Buffer.from([5, 1, 0, 5, 1, 0, 1, 127, 0, 0, 1, port >> 8, port & 0xff]));
  for (let got = 0; got < 12; ) {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) await once(socket, 'readable');
    else got += bytes.length;
  }
  return socket;
}

async function throughHttp(socket: Socket, port: number): Promise<Socket> {
  socket.write(`CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`);
  for (let said = ''; !said.endsWith('\r\n\r\n'); ) {
    const bytes = socket.read() as Buffer | null;
    if (bytes === null) await once(socket, 'readable');
    else said += bytes.toString();
  }
  return socket;
}

interface Way {
  readonly spec: (port: number) => ForwardSpec;
  readonly through: (socket: Socket, port: number) => Promise<Socket>;
}

const target = (port: number) => ({ kind: 'tcp', host: '127.0.0.1', port }) as const;
const straight = async (socket: Socket): Promise<Socket> => socket;

const WAYS: readonly (readonly [string, Way])[] = [
  [
    '-L',
    {
      spec: (port) => ({ kind: 'local', listen: LISTEN, target: target(port), source: '-L' }),
      through: straight,
    },
  ],
  [
    '-R',
    {
      spec: (port) => ({ kind: 'remote', listen: LISTEN, target: target(port), source: '-R' }),
      through: straight,
    },
  ],
  [
    '-D',
    {
      spec: () => ({ kind: 'dynamic', listen: LISTEN, target: undefined, source: '-D' }),
      through: throughSocks,
    },
  ],
  [
    '-R as a SOCKS proxy',
    {
      spec: () => ({ kind: 'remote', listen: LISTEN, target: undefined, source: '-R' }),
      through: throughSocks,
    },
  ],
  [
    '--http-proxy',
    {
      spec: () => ({
        kind: 'http-proxy',
        listen: LISTEN,
        target: undefined,
        source: '--http-proxy',
      }),
      through: throughHttp,
    },
  ],
];

describe.each(WAYS)('a connection through %s', (_, { spec, through }) => {
  test.each([true, false])('is exact both ways, and compressed: %s', async (isCompressed) => {
    const lab = makeLab(isCompressed);
    const question = text(1_000_000);
    const answer = text(3_000_000);
    const asked: Promise<Buffer>[] = [];
    const port = await lab.target((accepted) => {
      const all = readAll(accepted);
      asked.push(all.finally(() => accepted.end(answer)));
    });
    const socket = await through(lab.dial(await lab.listening(spec(port))), port);
    socket.end(question);
    expect((await readAll(socket)).equals(answer)).toBe(true);
    expect((await asked[0])?.equals(question)).toBe(true);
    const bytes = question.length + answer.length;
    if (isCompressed) expect(lab.carriedBytes).toBeLessThan(bytes / 3);
    else expect(lab.carriedBytes).toBeGreaterThan(bytes);
    await soon(() => lab.set.status()[0]?.open === 0);
  });

  test('gives each byte to the other end without another, compressed', async () => {
    const lab = makeLab(true);
    const port = await lab.target((accepted) =>
      accepted.on('data', (bytes) => accepted.write(bytes)),
    );
    const socket = await through(lab.dial(await lab.listening(spec(port))), port);
    for (const letter of 'patience') {
      socket.write(letter);
      const [echo] = (await once(socket, 'data')) as [Buffer];
      expect(echo.toString()).toBe(letter);
    }
  });
});

test('a reset goes through what is compressed', async () => {
  const lab = makeLab(true);
  const deaths: Promise<string | undefined>[] = [];
  const port = await lab.target((accepted) => {
    deaths.push(deathOf(accepted));
    accepted.write(text(100_000));
  });
  const listen = LISTEN;
  const from = await lab.listening({ kind: 'local', listen, target: target(port), source: '-L' });
  const socket = lab.dial(from);
  await once(socket, 'data');
  socket.resetAndDestroy();
  await soon(() => deaths.length === 1);
  expect(await deaths[0]).toBe('ECONNRESET');
});

test('the agent is not compressed, whatever else is', async () => {
  const lab = makeLab(true);
  const all: Promise<Buffer>[] = [];
  const port = await lab.target((accepted) => all.push(readAll(accepted)));
  const listen = { kind: 'variable', name: 'SSH_AUTH_SOCK' } as const;
  lab.set.add({ kind: 'remote', listen, target: target(port), source: 'the agent' });
  await soon(() => lab.server.variables['SSH_AUTH_SOCK'] !== undefined);
  const socket = lab.dial(lab.server.variables['SSH_AUTH_SOCK'] ?? '');
  socket.end(Buffer.alloc(10_000));
  await soon(() => all.length === 1);
  expect(await all[0]).toHaveLength(10_000);
  expect(lab.carriedBytes).toBeGreaterThan(10_000);
});
