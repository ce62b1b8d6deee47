import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SystemClock } from '../../src/base/clock.ts';
import { silentLogger } from '../../src/base/logger.ts';
import { systemRandom } from '../../src/base/random.ts';
import type { ControlHandler } from '../../src/etclient/control-answers.ts';
import { ControlClient } from '../../src/etclient/control-client.ts';
import { ControlSocket } from '../../src/etclient/control-socket.ts';
import { until } from '../support/until.ts';
import { SAMPLE_STATUS } from './sample-status.ts';

const clock = new SystemClock();
const ownerId = process.getuid?.() ?? 0;

/** A client that answers, and counts how often it was to reconnect. */
class FakeClient implements ControlHandler {
  reconnects = 0;
  readonly #pid: number;

  constructor(pid: number) {
    this.#pid = pid;
  }

  status(): typeof SAMPLE_STATUS {
    return { ...SAMPLE_STATUS, pid: this.#pid };
  }

  add(flag: string, value: string): Promise<readonly string[]> {
    return value === 'taken'
      ? Promise.reject(new Error(`${flag} is in use`))
      : Promise.resolve([value]);
  }

  remove(): readonly string[] {
    return [];
  }

  list(): [] {
    return [];
  }

  reconnect(): void {
    this.reconnects += 1;
  }

  stop(): void {
    // Nothing runs.
  }
}

let home: string;
let directories: string[];
const open: ControlSocket[] = [];
/** Why there was no place for a socket. */
let nowhere: string[];

beforeEach(() => {
  nowhere = [];
  home = mkdtempSync(join(tmpdir(), 'et-control-'));
  mkdirSync(join(home, 'run'), { mode: 0o700 });
  directories = [join(home, 'run', 'everterm'), join(home, 'state', 'everterm', 'run')];
});

afterEach(() => {
  for (const socket of open.splice(0)) socket.close();
  rmSync(home, { recursive: true, force: true });
});

async function listen(pid: number, handler: ControlHandler = new FakeClient(pid)): Promise<string> {
  const onNowhere = (text: string): void => void nowhere.push(text);
  const system = { clock, random: systemRandom, logger: silentLogger };
  const deps = { ...system, directories, ownerId, pid, onNowhere };
  const socket = new ControlSocket(deps, handler);
  open.push(socket);
  await socket.listen();
  return socket.path ?? 'nowhere';
}

function asker(): ControlClient {
  return new ControlClient({ clock, directories, ownerId });
}

async function foundPids(): Promise<number[]> {
  return (await asker().find()).clients.map(({ status }) => status.pid);
}

/** Says all of `bytes`, and returns what was answered before the other side ended it, in whatever way. */
async function converse(path: string, bytes: string): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true });
  let said = '';
  socket.on('error', () => undefined);
  socket.on('data', (piece: Buffer) => {
    said += piece.toString();
  });
  socket.write(bytes);
  await new Promise((resolve) => {
    socket.once('end', resolve);
    socket.once('close', resolve);
  });
  socket.destroy();
  return said;
}

/** A socket file that nobody listens at any more. */
async function leaveBehind(path: string): Promise<void> {
  const aside = `${path}.aside`;
  const server = createServer().listen(path);
  await new Promise((resolve) => server.once('listening', resolve));
  // Closing removes the name that it was bound to.
  const { linkSync, renameSync } = await import('node:fs');
  linkSync(path, aside);
  await new Promise((resolve) => server.close(resolve));
  renameSync(aside, path);
}

describe('where it is', () => {
  test('a socket of mode 600 in a directory of mode 700, named after the process', async () => {
    const path = await listen(4711);
    expect(path).toMatch(/\/run\/everterm\/4711-[0-9a-f]{8}\.sock$/u);
    expect(lstatSync(path).mode & 0o777).toBe(0o600);
    expect(lstatSync(directories[0] ?? '').mode & 0o777).toBe(0o700);
  });

  test('with the state where there is no runtime directory, or others may enter it', async () => {
    rmSync(join(home, 'run'), { recursive: true });
    expect(await listen(1)).toContain('/state/everterm/run/1-');
    mkdirSync(directories[0] ?? '', { recursive: true });
    chmodSync(directories[0] ?? '', 0o755);
    expect(await listen(2)).toContain('/state/everterm/run/2-');
    expect(lstatSync(directories[1] ?? '').mode & 0o777).toBe(0o700);
    expect(await foundPids()).toEqual([1, 2]);
  });

  test('nowhere, where there is no place for it; the client goes on', async () => {
    rmSync(join(home, 'run'), { recursive: true });
    writeFileSync(join(home, 'state'), '');
    expect(await listen(1)).toBe('nowhere');
    expect(await asker().find()).toEqual({ clients: [], silent: [] });
    expect(nowhere).toHaveLength(1);
  });

  test('its file is gone when it is closed, also at once', async () => {
    const path = await listen(1);
    open[0]?.close();
    expect(existsSync(path)).toBe(false);
    const early = listen(2);
    open[1]?.close();
    await early;
    expect(readdirSync(directories[0] ?? '')).toEqual([]);
  });
});

describe('asking', () => {
  test('two clients are told apart, and asked apart', async () => {
    const [first, second] = [new FakeClient(20), new FakeClient(3)];
    await listen(20, first);
    const path = await listen(3, second);
    expect(await foundPids()).toEqual([3, 20]);
    expect(await asker().ask(path, { ask: 'reconnect' })).toEqual({ kind: 'ok', value: {} });
    expect([first.reconnects, second.reconnects]).toEqual([0, 1]);
  });

  test('not in a directory that is of another user', async () => {
    await listen(1);
    const stranger = new ControlClient({ clock, directories, ownerId: ownerId + 1 });
    expect(await stranger.find()).toEqual({ clients: [], silent: [] });
  });

  test('an answer, and a refusal', async () => {
    const path = await listen(1);
    const add = (value: string) => asker().ask(path, { ask: 'forward-add', flag: '-L', value });
    expect(await add('here')).toEqual({ kind: 'ok', value: { listens: ['here'] } });
    expect(await add('taken')).toEqual({ kind: 'error', text: '-L is in use' });
  });

  test('garbage is answered with errors, and harms nobody', async () => {
    const path = await listen(1);
    const garbage = Uint8Array.from({ length: 2000 }, (_, at) => (at * 7919) & 0xff);
    const socket = connect(path);
    socket.write(garbage);
    socket.write('\n{"ask":"reconnect"}\n');
    const said = await until(
      'the last answer',
      () => (socket.read() as Buffer | null)?.toString() ?? '',
      (each) => each.includes('{"ok":{}}'),
    );
    const lines = said.trimEnd().split('\n');
    expect(lines.pop()).toBe('{"ok":{}}');
    expect(new Set(lines)).toEqual(
      new Set(['{"error":"a question is one JSON object on a line"}']),
    );
    socket.destroy();
    expect(await foundPids()).toEqual([1]);
  });

  test('a line that is too long is refused, however much more comes', async () => {
    const path = await listen(1);
    const said = await converse(path, 'x'.repeat(1_000_000));
    expect(said).toBe('{"error":"a question has at most 16384 bytes"}\n');
    expect(await foundPids()).toEqual([1]);
  });

  test('of many that hold it open the last is turned away, and none of them for ever', async () => {
    const path = await listen(1);
    const held: Socket[] = [];
    for (let count = 0; count < 64; count += 1) held.push(connect(path));
    await Promise.all(
      held.map((socket) => new Promise((resolve) => socket.once('connect', resolve))),
    );
    expect(await converse(path, '{"ask":"status"}\n')).toBe('');
    for (const socket of held) socket.destroy();
    await until('it answers again', foundPids, (pids) => pids.length === 1);
  });

  test('closing cuts those that are connected', async () => {
    const path = await listen(1);
    const answered = converse(path, '{"ask":"reconnect"}\n');
    await until('it is asked', foundPids, (pids) => pids.length === 1);
    open[0]?.close();
    expect(await answered).toBe('{"ok":{}}\n');
  });
});

describe('what is left over', () => {
  test('is skipped and removed by who looks for clients', async () => {
    await listen(1);
    const stale = join(directories[0] ?? '', '99-00000000.sock');
    await leaveBehind(stale);
    expect(await asker().find()).toMatchObject({ clients: [{ status: { pid: 1 } }], silent: [] });
    expect(existsSync(stale)).toBe(false);
  });

  test('is removed by the next client, which leaves living ones alone', async () => {
    const path = await listen(1);
    const stale = join(directories[0] ?? '', '99-00000000.sock');
    await leaveBehind(stale);
    await listen(2);
    expect([existsSync(stale), existsSync(path)]).toEqual([false, true]);
    expect(await foundPids()).toEqual([1, 2]);
  });

  test('files of other names are not touched', async () => {
    await listen(1);
    const others = ['x.sock', '01-00000000.sock', '5-0000000.sock', '5-00000000.sock.bak'];
    for (const name of others) writeFileSync(join(directories[0] ?? '', name), '');
    await listen(2);
    expect(await foundPids()).toEqual([1, 2]);
    expect(readdirSync(directories[0] ?? '')).toEqual(expect.arrayContaining(others));
  });

  test.each([
    ['says nothing', ''],
    ['says what cannot be understood', 'hello\n'],
    ['says it is somebody else', '{"ok":{"pid":1}}\n'],
  ])('one that listens and %s is named', async (_, words) => {
    mkdirSync(directories[0] ?? '', { mode: 0o700 });
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket.on('error', () => undefined)));
    server.on('connection', (socket) => socket.write(words));
    server.listen(join(directories[0] ?? '', '77-00000000.sock'));
    expect(await asker().find()).toEqual({ clients: [], silent: [77] });
    for (const socket of sockets) socket.destroy();
    server.close();
  });
});
