import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { ET, EtHost } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';
import { until } from '../support/until.ts';

/** `et -N` as it runs for months. */
class Standing {
  readonly process: ChildProcess;
  stderr = '';

  constructor(host: EtHost, args: readonly string[]) {
    this.process = spawn(process.execPath, [ET, ...host.to, '-N', ...args, 'testhost'], {
      cwd: host.home,
      env: host.environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.process.stderr?.on('data', (bytes: Buffer) => {
      this.stderr += bytes.toString();
    });
  }

  async says(text: string): Promise<void> {
    await until(
      text,
      () => this.stderr,
      (said) => said.includes(text),
    );
  }

  async end(): Promise<number | null> {
    if (this.process.exitCode === null) {
      this.process.kill('SIGTERM');
      await once(this.process, 'exit');
    }
    return this.process.exitCode;
  }
}

describeNeeding(['sshd', 'linux'], 'et -N, when its session server is gone', () => {
  let host: EtHost;
  let echo: Server;
  let port: number;
  let et: Standing | undefined;

  beforeAll(async () => {
    host = await EtHost.start();
    echo = createServer((socket) => socket.pipe(socket).on('error', () => undefined));
    await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
    port = await freePort();
  });

  afterEach(async ({ task }) => {
    await et?.end();
    if (task.result?.state === 'fail') host.clear();
  });

  afterAll(async () => {
    echo.close();
    await host.stop();
  });

  function start(): Standing {
    const target = (echo.address() as AddressInfo).port;
    et = new Standing(host, ['-L', `127.0.0.1:${port}:127.0.0.1:${target}`]);
    return et;
  }

  test.each([
    ['SIGKILL', 'the session is gone: its server has ended'],
    ['SIGTERM', 'the server ended the session: its host has ended it'],
  ] as const)(
    'by %s, resets what was open, listens on, and carries what comes over another session',
    async (signal, why) => {
      const standing = start();
      const open = await echoed(port, 'before');
      const death = new Promise((resolve) => open.once('close', resolve));
      const killed = await killServer(signal);
      await standing.says(`et: ${why}; another is started\n`);
      await death;
      (await echoed(port, 'after')).destroy();
      expect((await host.sessions()).map(({ pid }) => pid)).not.toContain(killed);
      expect(standing.stderr).not.toContain('cannot listen');
      expect(await standing.end()).toBe(143);
      await host.quiet();
    },
  );

  test('says that somebody has to log in, and asks again on SIGUSR2 or when asked for its status', async () => {
    const standing = start();
    (await echoed(port, 'before')).destroy();
    const keys = join(host.sshd.directory, 'authorized_keys');
    for (const nudge of [
      () => standing.process.kill('SIGUSR2'),
      () => host.elsewhere(['status']),
    ]) {
      renameSync(keys, `${keys}.away`);
      const before = standing.stderr.length;
      await killServer();
      await until(
        'a login is asked for',
        () => standing.stderr.slice(before),
        (said) => said.includes('ssh would have to ask you whether the session still lives'),
      );
      const status = await host.elsewhere(['status', '--json']);
      expect(status.stdout.toString()).toContain('"state":"waiting-for-login"');
      renameSync(`${keys}.away`, keys);
      await nudge();
      await until(
        'another session is started',
        () => standing.stderr.slice(before),
        (said) => said.includes('another is started'),
      );
      (await echoed(port, 'after')).destroy();
    }
    await standing.end();
    await host.quiet();
  });

  async function killServer(signal: 'SIGKILL' | 'SIGTERM' = 'SIGKILL'): Promise<number> {
    const [session] = await until(
      'a session is listed',
      () => host.sessions(),
      (list) => list.length === 1,
    );
    if (session === undefined) throw new Error('no session');
    process.kill(session.pid, signal);
    return session.pid;
  }
});

/** A connection that has given `text` back; tries again while nothing listens. */
async function echoed(port: number, text: string): Promise<Socket> {
  return (await until(
    `${text} is given back`,
    () => tryEcho(port, text),
    (socket): socket is Socket => socket !== undefined,
  )) as Socket;
}

function tryEcho(port: number, text: string): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    socket.once('data', () => resolve(socket));
    socket.on('error', () => resolve(undefined));
    socket.once('close', () => resolve(undefined));
  });
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
