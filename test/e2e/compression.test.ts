import { type ChildProcess, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { EtHost } from '../support/et-host.ts';
import { freePort } from '../support/free-port.ts';
import { describeNeeding } from '../support/requirements.ts';
import { TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

/** Lines that deflate well, and of which no two are the same. */
function text(lines: number): Buffer {
  return Buffer.from(
    Array.from({ length: lines }, (_, i) => `${i} the request was answered with 200\n`).join(''),
  );
}

describeNeeding(['sshd', 'linux'], 'a session with -C', () => {
  const page = text(100_000);
  let host: EtHost;
  let proxy: TcpProxy;
  let via: readonly string[];
  let web: Server;
  let webPort: number;

  beforeAll(async () => {
    host = await EtHost.start();
    host.file('page', page);
    // Says the page to whoever has ended what he says, and how long that was.
    web = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      const hash = createHash('sha256');
      socket.on('data', (bytes) => hash.update(bytes));
      socket.on('end', () => socket.end(Buffer.concat([hash.digest(), page])));
    });
    web.listen(0, '127.0.0.1');
    await once(web, 'listening');
    webPort = (web.address() as AddressInfo).port;
  });

  beforeEach(async () => {
    proxy = await TcpProxy.before('127.0.0.2');
    via = ['--via', 'tcp', '--port', String(proxy.port), '--bind', '127.0.0.2'];
  });

  afterEach(async () => {
    await proxy.close();
  });

  afterEach(({ task }) => {
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    web.close();
    await host.stop();
  });

  function digest(bytes: Uint8Array): Buffer {
    return createHash('sha256').update(bytes).digest();
  }

  test.each([
    ['-C', ['-C'], true],
    ['Compression yes in ssh_config', ['-o', 'Compression yes'], true],
    ['neither', [], false],
  ] as const)('says a file exactly, with %s', async (_, flags, isCompressed) => {
    const { stdout, stderr, status } = await host.et([...flags, ...via, 'testhost', 'cat page']);
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(stdout.equals(page)).toBe(true);
    if (isCompressed) expect(proxy.downBytes).toBeLessThan(page.length / 3);
    else expect(proxy.downBytes).toBeGreaterThan(page.length);
  });

  test('is exact in what a command reads and writes, its errors and its status', async () => {
    const input = Buffer.concat([page, randomBytes(1_000_000), Buffer.alloc(10_000_000)]);
    const command = 'cat; cat page >&2; exit 3';
    const result = await host.et(['-C', ...via, 'testhost', command], { input });
    expect(result.status).toBe(3);
    expect(result.stdout.equals(input)).toBe(true);
    expect(result.stderrBytes.equals(page)).toBe(true);
    expect(proxy.downBytes).toBeLessThan(3_000_000);
  });

  test('answers each line of a conversation at once', async () => {
    const words = ['testhost', 'while read line; do echo "$line!"; done'];
    const [file = '', ...client] = host.clientWords;
    const child = spawn(file, [...client, '-C', ...via, ...words], {
      env: { ...host.environment },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    for (const line of ['a', 'b', 'c']) {
      child.stdin.write(`${line}\n`);
      const [said] = (await once(child.stdout, 'data')) as [Buffer];
      expect(said.toString()).toBe(`${line}!\n`);
    }
    child.stdin.end();
    expect(await once(child, 'exit')).toEqual([0, null]);
  });

  test('loses and doubles nothing when its link is cut again and again', async () => {
    let cutAt = 200_000;
    proxy.onDown = () => {
      if (proxy.downBytes < cutAt) return;
      cutAt = proxy.downBytes + 300_000;
      proxy.cut();
    };
    const command = 'cat page page page page page page';
    const { stdout, status } = await host.et(['-C', ...via, 'testhost', command]);
    expect(status).toBe(0);
    expect(stdout.equals(Buffer.concat(Array.from({ length: 6 }, () => page)))).toBe(true);
    expect(proxy.count).toBeGreaterThan(2);
  });

  test('-W is exact, and compressed', async () => {
    const where = `127.0.0.1:${webPort}`;
    const { stdout } = await host.et(['-C', ...via, '-W', where, 'testhost'], { input: page });
    // Like ssh, it goes when the target has said its last.
    expect(stdout.equals(Buffer.concat([digest(page), page]))).toBe(true);
    expect(proxy.downBytes).toBeLessThan(page.length / 3);
  });

  test.each(['-L', '-R'])('connections through %s are exact, and compressed', async (flag) => {
    const port = await freePort();
    const forward = `127.0.0.1:${port}:127.0.0.1:${webPort}`;
    const [file = '', ...client] = host.clientWords;
    const words = [...client, '-C', ...via, '-N', flag, forward, 'testhost'];
    const et: ChildProcess = spawn(file, words, {
      env: { ...host.environment },
      stdio: 'ignore',
    });
    try {
      await until(
        'it listens',
        () => canConnect(port),
        (can) => can,
      );
      const answers = [page, Buffer.from('short')].map(async (question) => {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        socket.end(question);
        return (await buffer(socket)).equals(Buffer.concat([digest(question), page]));
      });
      expect(await Promise.all(answers)).toEqual([true, true]);
      // Of -R the answer goes the other way.
      expect(proxy.downBytes).toBeLessThan(page.length);
    } finally {
      et.kill('SIGTERM');
      await once(et, 'exit');
    }
  });
});

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.resetAndDestroy());
  });
}
