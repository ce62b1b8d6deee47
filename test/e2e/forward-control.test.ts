import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ClientStatus } from '../../src/etclient/client-status.ts';
import { ET, ETSERVER } from '../support/et-host.ts';
import { EtTerminal } from '../support/et-terminal.ts';
import { until } from '../support/until.ts';

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

let home: string;
let echo: Server;
let clients: ChildProcess[] = [];

beforeAll(async () => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'et-forward-control-')));
  mkdirSync(join(home, 'run'));
  writeFileSync(join(home, '.bash_profile'), "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
  echo = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
  echo.on('connection', (socket: Socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const client of clients) {
    if (client.exitCode === null && client.signalCode === null) await ended(client, 'SIGTERM');
  }
  clients = [];
  await run(ETSERVER, 'kill', '--all');
});

afterAll(async () => {
  echo.close();
  rmSync(home, { recursive: true, force: true });
});

function environment(): Record<string, string> {
  return {
    HOME: home,
    PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
    EVERTERM_RUN_DIR: join(home, 'run'),
    LANG: 'C.UTF-8',
    TERM: 'xterm-256color',
  };
}

async function run(script: string, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, [script, ...args], { env: environment(), cwd: home });
  child.stdin.end();
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { stdout, stderr, status: code };
}

function et(...args: readonly string[]): Promise<Ended> {
  return run(ET, ...args);
}

async function status(): Promise<readonly ClientStatus[]> {
  const { stdout } = await et('status', '--json');
  return (JSON.parse(stdout) as { sessions: ClientStatus[] }).sessions;
}

/** `et --local -N` with these forwards, once all of them listen. */
async function startClient(
  ...flags: readonly string[]
): Promise<ClientStatus & { child: ChildProcess }> {
  const words = [ET, '--local', '-N', ...flags];
  const child = spawn(process.execPath, words, { env: environment(), cwd: home, stdio: 'ignore' });
  clients.push(child);
  const isReady = (each: ClientStatus): boolean =>
    each.pid === child.pid &&
    each.state === 'connected' &&
    each.forwards.every(({ state }) => state === 'listening');
  const found = await until('it listens', status, (all) => all.some(isReady));
  const own = found.find(isReady);
  if (own === undefined) throw new Error('it has gone');
  return { ...own, child };
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  const exit = once(child, 'exit') as Promise<[number | null]>;
  child.kill(signal);
  return (await exit)[0];
}

function target(): string {
  return `127.0.0.1:${(echo.address() as AddressInfo).port}`;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Sends `bytes` through a forward, and has what comes back. */
async function throughForward(port: number, bytes: Uint8Array): Promise<Buffer> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  socket.end(bytes);
  return await buffer(socket);
}

function isRefused(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    });
    socket.once('error', () => resolve(true));
  });
}

function socketFiles(): string[] {
  const directory = join(home, '.local', 'state', 'everterm', 'run');
  return existsSync(directory) ? readdirSync(directory) : [];
}

describe('et forward', () => {
  let first: number;

  beforeEach(async () => {
    first = await freePort();
    await startClient('-L', `${first}:${target()}`);
  });

  test('add has a forward listen when it ends, and rm has it listen no more', async () => {
    const port = await freePort();
    expect(await et('forward', 'add', '-L', `${port}:${target()}`)).toEqual({
      stdout: `${port}\n`,
      stderr: '',
      status: 0,
    });
    expect((await throughForward(port, Buffer.from('there and back'))).toString()).toBe(
      'there and back',
    );
    expect(await et('forward', 'rm', '-L', String(port))).toEqual({
      stdout: '',
      stderr: '',
      status: 0,
    });
    expect(await isRefused(port)).toBe(true);
    expect(await isRefused(first)).toBe(false);
  });

  test('a connection that is open outlives the removal of its forward', async () => {
    const socket = connect(first, '127.0.0.1');
    socket.write('one');
    expect(String((await once(socket, 'data'))[0])).toBe('one');
    expect((await et('forward', 'rm', '-L', String(first))).status).toBe(0);
    expect(await isRefused(first)).toBe(true);
    socket.write('two');
    expect(String((await once(socket, 'data'))[0])).toBe('two');
    socket.end();
    await once(socket, 'close');
  });

  test('ls has a line for each', async () => {
    await et('forward', 'add', '-D', String(await freePort()));
    const { stdout } = await et('forward', 'ls');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^forward {2}listens on {2}target /u);
    expect(lines[1]).toMatch(new RegExp(`^local +${first} +${target()} +listening `, 'u'));
    expect(lines[2]).toMatch(/^dynamic +\d+ +socks +listening /u);
  });

  test('a port of the far side that was left to it is printed', async () => {
    const { stdout } = await et('forward', 'add', '-R', `0:${target()}`);
    expect(stdout).toMatch(/^[1-9]\d*\n$/u);
    expect((await throughForward(Number(stdout), Buffer.from('x'))).toString()).toBe('x');
    expect((await et('forward', 'rm', '-R', stdout.trim())).status).toBe(0);
    await until(
      'it listens no more',
      () => isRefused(Number(stdout)),
      (isGone) => isGone,
    );
  });

  test('a port that is taken is one line and 255, and the client is as it was', async () => {
    const taken = await et('forward', 'add', '-L', `${first}:${target()}`);
    expect(taken).toMatchObject({ stdout: '', status: 255 });
    expect(taken.stderr).toMatch(/^et: -L \S+: cannot listen on \d+: it is in use[^\n]*\n$/u);
    const far = await et('forward', 'add', '-R', `${first}:${target()}`);
    expect(far).toMatchObject({ stdout: '', status: 255 });
    expect(far.stderr).toMatch(/^et: -R [^\n]*in use[^\n]*\n$/u);
    const [client] = await status();
    expect(client?.forwards.map(({ state }) => state)).toEqual(['listening']);
  });

  test('one that is not there, and a client that is not there, are 255; wrong usage is 2', async () => {
    expect(await et('forward', 'rm', '-L', '1')).toEqual({
      stdout: '',
      stderr: 'et: there is no forward -L 1; ls lists all\n',
      status: 255,
    });
    const elsewhere = await et('forward', 'ls', '--session', 'nowhere');
    expect(elsewhere.status).toBe(255);
    expect(elsewhere.stderr).toMatch(/^et: no session nowhere; there is local \(pid \d+, .*\)\n$/u);
    expect((await et('forward', 'add', '-L', '1')).status).toBe(2);
    expect((await et('status', 'x')).status).toBe(2);
  });

  test('of two clients the one that is named is asked, and none where it is not said which', async () => {
    const { pid, id } = await startClient('-D', String(await freePort()));
    const unclear = await et('forward', 'ls');
    expect(unclear.status).toBe(255);
    expect(unclear.stderr).toMatch(/^et: several et run here: local .*, local .*\net: say which /u);
    for (const name of [String(pid), id.slice(0, 8)]) {
      const { stdout } = await et('forward', 'ls', '--session', name);
      expect(stdout).toMatch(/^dynamic /mu);
      expect(stdout).not.toMatch(/^local /mu);
    }
    expect(await status()).toHaveLength(2);
  });
});

describe('et status', () => {
  test('has the true count of bytes, and all else that it promises', async () => {
    const port = await freePort();
    const { child } = await startClient('-L', `${port}:${target()}`);
    const sizes = [1, 100_000, 3_000_000];
    for (const size of sizes) {
      const bytes = Buffer.alloc(size, 'x');
      expect((await throughForward(port, bytes)).equals(bytes)).toBe(true);
    }
    const carried = sizes.reduce((sum, size) => sum + size, 0);
    const isIdle = ([each]: readonly ClientStatus[]): boolean => each?.forwards[0]?.open === 0;
    const [one] = await until('all are closed', status, isIdle);
    expect(one).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{32}$/u) as string,
      host: 'local',
      pid: child.pid,
      state: 'connected',
      outageSeconds: 0,
      link: {
        label: expect.stringMatching(/^unix /u) as string,
        rttMs: expect.any(Number) as number,
        rate: expect.any(Number) as number,
        unsentBytes: expect.any(Number) as number,
        unacknowledgedBytes: expect.any(Number) as number,
      },
      links: [
        {
          id: expect.any(Number) as number,
          road: 'unix',
          label: expect.stringMatching(/^unix /u) as string,
          state: 'alive',
          isUsed: true,
          rttMs: expect.any(Number) as number,
          rate: expect.any(Number) as number,
          deliveredBytes: expect.any(Number) as number,
          inFlightBytes: expect.any(Number) as number,
          lostBytes: 0,
          sentBytes: expect.any(Number) as number,
          receivedBytes: expect.any(Number) as number,
          recordsSent: expect.any(Number) as number,
          recordsReceived: expect.any(Number) as number,
        },
      ],
      lastFailure: null,
      forwards: [
        {
          kind: 'local',
          listen: String(port),
          target: target(),
          state: 'listening',
          open: 0,
          waiting: 0,
          refused: 0,
          bytesIn: carried,
          bytesOut: carried,
          dropped: 0,
          lastError: null,
        },
      ],
      history: [],
    });
    const { stdout } = await et('status');
    expect(stdout).toMatch(/^local {2,}connected\n/u);
    expect(stdout).toMatch(/^ {2}local +\d+ .* 3\.1 MB +3\.1 MB +0$/mu);
  });

  test('counts what was refused, and says why', async () => {
    const port = await freePort();
    await startClient('-L', `${port}:127.0.0.1:${await freePort()}`);
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('close', resolve));
    const [one] = await status();
    expect(one?.forwards[0]).toMatchObject({ refused: 1, open: 0, waiting: 0 });
    expect(one?.forwards[0]?.lastError).toMatch(/refused/u);
  });

  test('without a client it says so, and has none as JSON', async () => {
    expect(await et('status')).toMatchObject({
      stdout: '',
      stderr: 'et: no et with forwards runs here\n',
    });
    expect(await status()).toEqual([]);
    expect((await et('forward', 'ls')).status).toBe(255);
  });
});

describe('the socket', () => {
  test('goes with its client, and what a killed one has left with the next', async () => {
    const { child } = await startClient();
    expect(socketFiles()).toHaveLength(1);
    expect(await ended(child, 'SIGTERM')).toBe(143);
    expect(socketFiles()).toEqual([]);
    const killed = await startClient();
    await ended(killed.child, 'SIGKILL');
    const [stale] = socketFiles();
    const next = await startClient();
    await until('it is removed', socketFiles, (files) => !files.includes(stale ?? ''));
    expect(socketFiles()).toEqual([expect.stringMatching(new RegExp(`^${next.pid}-`, 'u'))]);
  });

  test('reconnect is answered, and stop ends the client as SIGTERM does', async () => {
    const { child } = await startClient();
    const exit = once(child, 'exit') as Promise<[number | null]>;
    const [file = ''] = socketFiles();
    const socket = connect(join(home, '.local', 'state', 'everterm', 'run', file));
    socket.write('{"ask":"reconnect"}\n{"ask":"stop"}\n');
    expect(await text(socket)).toBe('{"ok":{}}\n{"ok":{}}\n');
    expect((await exit)[0]).toBe(143);
    expect(socketFiles()).toEqual([]);
  });
});

describe('~C', () => {
  function shell(...flags: readonly string[]): EtTerminal {
    const command = [process.execPath, ET, '--local', ...flags];
    return new EtTerminal(command, { cwd: home, environment: environment() });
  }

  test('adds, lists and cancels a forward in a client that had none, and the shell sees no key of it', async () => {
    const port = await freePort();
    const terminal = shell();
    await terminal.see('$ ');
    terminal.type('\r~#');
    await terminal.see('~#\r\nthere are no forwards\r\n');
    expect(socketFiles()).toEqual([]);
    terminal.type(`~C-L ${port}:${target()}\r`);
    await terminal.see(`\r\net> -L ${port}:${target()}\r\nlistens on ${port}\r\n`);
    expect((await throughForward(port, Buffer.from('x'))).toString()).toBe('x');
    expect((await status()).map(({ forwards }) => forwards.length)).toEqual([1]);
    terminal.type('~#');
    await terminal.see(`${port}`);
    terminal.type(`\r~C-L ${port}:${target()}\r`);
    await terminal.see(`et: -L ${port}:${target()}: cannot listen on ${port}: it is in use`);
    terminal.type(`\r~C-KL ${port}\r`);
    await terminal.see(`closed ${port}\r\n`);
    expect(await isRefused(port)).toBe(true);
    terminal.type('~Cnonsense\r');
    await terminal.see('et: "nonsense" is no command; help lists them\r\n');
    terminal.type('echo "sum: $((20 + 22))"; history | wc -l; exit 7\r');
    await terminal.see('sum: 42\r\n1\r\n');
    expect(await terminal.ended).toEqual({ status: 7, signal: undefined });
    expect(socketFiles()).toEqual([]);
  });

  test('holds what the program prints until it is left, and loses nothing of it', async () => {
    const terminal = shell();
    await terminal.see('$ ');
    terminal.type(
      '{ until test -e go; do sleep 0.1; done; seq 9; touch begun; seq 10 100000; } &\r',
    );
    await terminal.see('$ ');
    terminal.type('\r~C-L 1');
    await terminal.see('et> -L 1');
    const { length } = terminal.text;
    writeFileSync(join(home, 'go'), '');
    await until(
      'it prints',
      () => existsSync(join(home, 'begun')),
      (hasBegun) => hasBegun,
    );
    expect(terminal.text.slice(length)).toBe('');
    terminal.type('\x1b');
    const printed = await terminal.see('\n100000\r\n');
    // The prompt for the empty line that was typed before is the first of what was held.
    const numbers = `${printed}\n`.split('$ ')[1]?.split('\r\n');
    expect(numbers).toEqual([...Array.from({ length: 99_999 }, (_, at) => String(at + 1)), '']);
    terminal.type('exit\r');
    await terminal.ended;
  });
});
