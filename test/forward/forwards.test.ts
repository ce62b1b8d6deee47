import { existsSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { ForwardSpec } from '../../src/forward/forward-spec.ts';
import {
  parseDynamicForward,
  parseLocalForward,
  parseRemoteForward,
} from '../../src/forward/parse-ssh-forward.ts';
import { parseTunnels } from '../../src/forward/parse-tunnel.ts';
import type { Policy } from '../../src/forward/policy.ts';
import { deathOf, ForwardLab, readAll, soon } from './forward-lab.ts';

const labs: ForwardLab[] = [];

afterEach(() => {
  for (const lab of labs.splice(0)) lab.close();
});

function makeLab(policy?: Policy): ForwardLab {
  const lab = new ForwardLab(policy);
  labs.push(lab);
  return lab;
}

/** -L from a free port, which `lab.set` chooses by listening on port 0. */
function local(port: number): ForwardSpec {
  const target = { kind: 'tcp', host: '127.0.0.1', port } as const;
  return {
    kind: 'local',
    listen: { kind: 'tcp', bind: '127.0.0.1', port: 0 },
    target,
    source: '-L',
  };
}

function remote(port: number): ForwardSpec {
  return { ...local(port), kind: 'remote', source: '-R' };
}

/** Bytes that tell where they stand. */
function counted(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0; i + 4 <= length; i += 4) bytes.writeUInt32BE(i, i);
  return bytes;
}

describe.each([
  ['-L', local],
  ['-R', remote],
] as const)('a connection through %s', (_, spec) => {
  test('is answered in full after it has ended its own direction', async () => {
    const lab = makeLab();
    const answer = counted(10_000_000);
    const asked: Promise<Buffer>[] = [];
    const target = await lab.target((accepted) => {
      const question = readAll(accepted);
      asked.push(question.finally(() => accepted.end(answer)));
    });
    const socket = lab.dial(await lab.listening(spec(target)));
    socket.end(counted(3_000_000));
    expect((await readAll(socket)).equals(answer)).toBe(true);
    expect((await asked[0])?.equals(counted(3_000_000))).toBe(true);
    await soon(() => lab.set.status()[0]?.open === 0);
  });

  test('goes on in one direction when the target ends the other', async () => {
    const lab = makeLab();
    const got: Promise<Buffer>[] = [];
    const target = await lab.target((accepted) => {
      got.push(readAll(accepted));
      accepted.end('hello');
    });
    const socket = lab.dial(await lab.listening(spec(target)));
    expect((await readAll(socket)).toString()).toBe('hello');
    socket.end(counted(1_000_000));
    expect((await got[0])?.equals(counted(1_000_000))).toBe(true);
  });

  test('that is reset at one end is reset at the other', async () => {
    const lab = makeLab();
    const deaths: Promise<string | undefined>[] = [];
    const target = await lab.target((accepted) => {
      accepted.once('data', () => accepted.resetAndDestroy());
      deaths.push(deathOf(accepted));
    });
    const port = await lab.listening(spec(target));
    const first = lab.dial(port);
    first.write('x');
    expect(await deathOf(first)).toBe('ECONNRESET');
    const quiet = await lab.target((accepted) => deaths.push(deathOf(accepted)));
    const second = lab.dial(await lab.listening(spec(quiet)));
    await soon(() => deaths.length === 2);
    second.resetAndDestroy();
    expect(await deaths[1]).toBe('ECONNRESET');
    await soon(() => lab.set.status().every(({ open }) => open === 0));
  });

  test('counts its bytes towards and from the side that made it', async () => {
    const lab = makeLab();
    const target = await lab.target((accepted) => accepted.end(counted(5000)));
    const socket = lab.dial(await lab.listening(spec(target)));
    socket.end(counted(700));
    await readAll(socket);
    await soon(() => lab.set.status()[0]?.open === 0);
    expect(lab.set.status()[0]).toMatchObject({
      bytesIn: 5000,
      bytesOut: 700,
      refused: 0,
      waiting: 0,
    });
  });

  test('to a port where nobody listens is reset, and the reason is told', async () => {
    const lab = makeLab();
    const port = await lab.listening(spec(1));
    expect(await deathOf(lab.dial(port))).toBe('ECONNRESET');
    await soon(() => lab.told.length === 2);
    expect(lab.told[1]).toBe(`refused ${spec(1).source} connection refused by 127.0.0.1:1`);
    expect(lab.set.status()[0]).toMatchObject({ refused: 1, open: 0, waiting: 0 });
  });

  test('that is made during an outage waits for its end, and loses nothing', async () => {
    const lab = makeLab();
    const target = await lab.target((accepted) => accepted.pipe(accepted));
    const port = await lab.listening(spec(target));
    lab.hold();
    const socket = lab.dial(port);
    socket.end(counted(200_000));
    await new Promise((resolve) => socket.once('connect', resolve));
    const answer = readAll(socket);
    setTimeout(() => lab.release(), 50);
    expect((await answer).equals(counted(200_000))).toBe(true);
  });

  test('that nobody reads stalls itself alone, with bounded memory', async () => {
    const lab = makeLab();
    const target = await lab.target((accepted) => accepted.pause());
    const port = await lab.listening(spec(target));
    const bulk = await lab.target((accepted) => accepted.pipe(accepted));
    for (let i = 0; i < 50; i += 1) {
      const writer = lab.dial(port);
      const feed = (): void => {
        while (writer.write(counted(65_536)));
        writer.once('drain', feed);
      };
      writer.once('connect', feed);
    }
    await soon(() => lab.set.status()[0]?.open === 50);
    const socket = lab.dial(await lab.listening(spec(bulk)));
    const answer = readAll(socket);
    socket.end(counted(20_000_000));
    expect((await answer).equals(counted(20_000_000))).toBe(true);
    expect(lab.clientMux.bufferedBytes + lab.serverMux.bufferedBytes).toBeLessThan(50 * 600_000);
  });
});

describe('listening', () => {
  test('that fails is told with the reason and the holder, and stops no other forward', async () => {
    const lab = makeLab();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const address = holder.address();
    const taken = typeof address === 'object' && address !== null ? address.port : 0;
    lab.set.add(parseLocalForward(`127.0.0.1:${taken}:localhost:80`, '-L'));
    const port = await lab.listening(local(await lab.target((accepted) => accepted.end('ok'))));
    await soon(() => lab.told.length === 2);
    expect(lab.told.find((each) => each.startsWith('failed'))).toBe(
      `failed -L 127.0.0.1:${taken}:localhost:80 cannot listen on 127.0.0.1:${taken}: it is in use by node (pid ${process.pid})`,
    );
    expect((await readAll(lab.dial(port))).toString()).toBe('ok');
    holder.close();
  });

  test('on a port of the far side that is taken fails with the reason', async () => {
    const lab = makeLab();
    const taken = await lab.target(() => undefined);
    lab.set.add(parseRemoteForward(`127.0.0.1:${taken}:localhost:80`, '-R'));
    await soon(() => lab.told.length === 1);
    expect(lab.told[0]).toContain(`cannot listen on 127.0.0.1:${taken}: it is in use`);
    expect(lab.set.status()[0]).toMatchObject({ state: 'failed' });
  });

  test('on localhost takes both loopback addresses', async () => {
    const lab = makeLab();
    const port = await lab.listening({
      ...local(await lab.target((accepted) => accepted.end('ok'))),
      listen: { kind: 'tcp', bind: 'localhost', port: 0 },
    });
    expect((await readAll(lab.dial(port))).toString()).toBe('ok');
  });

  test('ends with the forward, and open connections live on', async () => {
    const lab = makeLab();
    for (const spec of [local, remote]) {
      const target = await lab.target((accepted) => accepted.pipe(accepted));
      const port = await lab.listening(spec(target));
      const socket = lab.dial(port);
      socket.write('a');
      await new Promise((resolve) => socket.once('data', resolve));
      const forward = lab.set.find(spec(0).kind, { kind: 'tcp', bind: '127.0.0.1', port });
      if (forward !== undefined) lab.set.remove(forward);
      await expect.poll(() => deathOf(lab.dial(port))).toBe('ECONNREFUSED');
      const answer = readAll(socket);
      socket.end('b');
      expect((await answer).toString()).toBe('b');
    }
  });

  test('replaces a unix socket that nobody listens on, and no other file', async () => {
    const lab = makeLab();
    const path = join(lab.directory, 'a.sock');
    const target = await lab.target((accepted) => accepted.end('ok'));
    const spec: ForwardSpec = { ...local(target), listen: { kind: 'unix', path } };
    await lab.listening(spec);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect((await readAll(lab.dial(path))).toString()).toBe('ok');
    lab.set.add({ ...spec, source: 'again' });
    await soon(() => lab.told.length === 2);
    expect(lab.told[1]).toBe(`failed again cannot listen on ${path}: it is in use`);
  });

  test('for a variable makes a socket in a directory of its own, which ends with the session', async () => {
    const lab = makeLab();
    const target = await lab.target((accepted) => accepted.end('agent'));
    const [spec] = parseTunnels(`MY_SOCK:${target}`, 'remote', '-r');
    if (spec === undefined) throw new Error('no spec');
    lab.set.add(spec);
    await soon(() => lab.set.status()[0]?.state === 'listening');
    const path = lab.server.variables['MY_SOCK'] ?? '';
    expect(statSync(dirname(path)).mode & 0o777).toBe(0o700);
    expect((await readAll(lab.dial(path))).toString()).toBe('agent');
    lab.server.close();
    await soon(() => !existsSync(dirname(path)));
  });
});

describe('a policy', () => {
  test('is asked before anything is dialled, for -L and -D alike, and its reason comes back', async () => {
    const lab = makeLab();
    const metadata = await lab.listening({
      ...local(80),
      target: { kind: 'tcp', host: '169.254.169.254', port: 80 },
    });
    expect(await deathOf(lab.dial(metadata))).toBe('ECONNRESET');
    await soon(() => lab.told.some((each) => each.startsWith('refused')));
    expect(lab.told.at(-1)).toContain('169.254.169.254');
    const socks = await lab.listening({ ...local(0), kind: 'dynamic', target: undefined });
    const socket = lab.dial(socks);
    socket.end(Buffer.from([5, 1, 0, 5, 1, 0, 1, 169, 254, 169, 254, 0, 80]));
    expect([...(await readAll(socket))].slice(0, 4)).toEqual([5, 0, 5, 2]);
  });
});

describe('-D', () => {
  const greeting = [5, 1, 0];
  const request = (port: number): number[] => [
    5,
    1,
    0,
    3,
    9,
    ...Buffer.from('localhost'),
    port >> 8,
    port & 255,
  ];

  test('connects to what a program names, and loses nothing of what it says at once', async () => {
    const lab = makeLab();
    const target = await lab.target((accepted) => accepted.pipe(accepted));
    const port = await lab.listening({
      ...parseDynamicForward('9', '-D'),
      listen: { kind: 'tcp', bind: '127.0.0.1', port: 0 },
    });
    const socket = lab.dial(port);
    const answer = readAll(socket);
    socket.write(Buffer.from([...greeting, ...request(target)]));
    socket.end(counted(100_000));
    const bytes = await answer;
    expect([...bytes.subarray(0, 4)]).toEqual([5, 0, 5, 0]);
    expect(bytes.subarray(12).equals(counted(100_000))).toBe(true);
  });

  test('says with which of its codes a target was not reached', async () => {
    const lab = makeLab();
    const port = await lab.listening({
      ...parseDynamicForward('9', '-D'),
      listen: { kind: 'tcp', bind: '127.0.0.1', port: 0 },
    });
    const socket = lab.dial(port);
    const answer = readAll(socket);
    socket.write(Buffer.from([...greeting, ...request(1)]));
    expect([...(await answer).subarray(0, 4)]).toEqual([5, 0, 5, 5]);
  });
});

describe('-R without a target', () => {
  const request = (port: number): number[] => [
    5,
    1,
    0,
    5,
    1,
    0,
    1,
    127,
    0,
    0,
    1,
    port >> 8,
    port & 255,
  ];

  test('is a SOCKS proxy at the far side: what a program names there is reached from here', async () => {
    const lab = makeLab();
    const target = await lab.target((accepted) => accepted.pipe(accepted));
    const port = await lab.listening({ ...remote(0), target: undefined });
    const socket = lab.dial(port);
    const answer = readAll(socket);
    socket.write(Buffer.from(request(target)));
    socket.end(counted(300_000));
    const bytes = await answer;
    expect([...bytes.subarray(0, 4)]).toEqual([5, 0, 5, 0]);
    expect(bytes.subarray(12).equals(counted(300_000))).toBe(true);
    await soon(() => lab.set.status()[0]?.open === 0);
  });

  test('says in the words of SOCKS what could not be reached', async () => {
    const lab = makeLab();
    const port = await lab.listening({ ...remote(0), target: undefined });
    const socket = lab.dial(port);
    socket.write(Buffer.from(request(1)));
    expect([...(await readAll(socket)).subarray(0, 4)]).toEqual([5, 0, 5, 5]);
    expect(lab.set.status()[0]).toMatchObject({ refused: 1 });
  });
});
