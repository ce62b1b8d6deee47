import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { ClientStatus } from '../../src/etclient/client-status.ts';
import { EchoServer } from './echo-server.ts';
import { echoThroughCuts } from './echo-through-cuts.ts';
import { EtHost, said } from './et-host.ts';
import type { EtTerminal } from './et-terminal.ts';
import { freePort } from './free-port.ts';
import { describeNeeding } from './requirements.ts';
import type { Road, RoadKind } from './road-kinds.ts';
import { until } from './until.ts';

const CUTS = 4;
/** Of each piece that a forward carries through a cut. */
const FORWARDED_BYTES = 300_000;
const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** About 20 kB. */
const LAST_LINES = Array.from({ length: 4000 }, (_, index) => `${index + 1}\n`).join('');

/** What every session is, whatever carries it: the same tests for each kind of road. */
export function describeRoad({ name, needs, open }: RoadKind): void {
  describeNeeding(['sshd', 'linux', ...needs], `a session over ${name} alone`, () => {
    let host: EtHost;
    let road: Road;

    beforeAll(async () => {
      host = await EtHost.start();
      host.file('.bash_profile', "PS1='$ '; bind 'set enable-bracketed-paste off'\n");
    });

    beforeEach(async () => {
      road = await open(host);
    });

    afterEach(async ({ task }) => {
      if (task.result?.state === 'fail') host.clear();
      // What the client has said last must still get through.
      await host.withoutSessions();
      await road.close();
    });

    afterAll(async () => {
      await host.stop();
    });

    function start(
      flags: readonly string[],
      ...command: readonly string[]
    ): ChildProcessWithoutNullStreams {
      const [file = '', ...words] = [...road.words, ...flags, ...road.to, ...command];
      const child = spawn(file, words, {
        cwd: host.home,
        env: { ...host.environment, ...road.environment },
      });
      child.stdin.on('error', () => undefined);
      return child;
    }

    function run(command: string, input = ''): Promise<object> {
      const [file, ...words] = [...road.words, ...road.to, command];
      return host.run(file, words, { input, ...road }).then(said);
    }

    async function cut(): Promise<void> {
      await road.cut?.();
    }

    /** The link in use, as `et status` tells of it: it must be over this road, and no cut can have spared an earlier one. */
    async function expectRoad(): Promise<void> {
      const { link } = await until('a link', status, ({ state }) => state === 'connected');
      expect(link?.road).toBe(road.name);
      expect(link?.label).toMatch(road.label);
      // Dials are counted from 0.
      if (road.cut !== undefined && road.keepsLink !== true)
        expect(link?.id).toBeGreaterThanOrEqual(CUTS);
    }

    async function status(): Promise<{
      readonly state: string | undefined;
      readonly link: ClientStatus['links'][number] | undefined;
    }> {
      const { stdout } = await host.elsewhere(['status', '--json']);
      const { sessions } = JSON.parse(stdout.toString()) as { sessions: ClientStatus[] };
      const [session] = sessions;
      return { state: session?.state, link: session?.links.find(({ isUsed }) => isUsed) };
    }

    test('a command has its input, its outputs apart, and its exit status', async () => {
      expect(await run('cat; echo error >&2; exit 7', 'input\n')).toEqual({
        stdout: 'input\n',
        stderr: 'error\n',
        status: 7,
      });
    });

    test('a command that a signal ends gives 128 and its number', async () => {
      expect(await run('echo before; kill -TERM $$')).toMatchObject({
        stdout: 'before\n',
        status: 143,
      });
    });

    test('megabytes each way are exact through every cut', async () => {
      const et = start([], 'cat; exit 5');
      const ended = once(et, 'close');
      const echoed = await echoThroughCuts({
        to: et.stdin,
        from: et.stdout,
        cutCount: CUTS,
        cut,
      });
      expect(echoed.received).toBe(echoed.sent);
      expect((await ended)[0]).toBe(5);
    });

    test('the last 20 kB before an exit arrive, though it all happens in an outage', async () => {
      const et = start([], 'echo ready; sleep 0.2; seq 4000; exit 9');
      let text = '';
      et.stdout.on('data', (bytes: Buffer) => {
        text += bytes.toString();
      });
      const ended = once(et, 'close');
      await once(et.stdout, 'data');
      await cut();
      expect((await ended)[0]).toBe(9);
      expect(text).toBe(`ready\n${LAST_LINES}`);
    });

    test('a terminal has what is typed through cuts once and in order, its size, ^C and its exit status', async () => {
      const et = host.onTerminal([...road.words, ...road.to], { ...road });
      await et.see('$ ');
      await typeThroughCuts(et);
      expect(host.read('typed')).toBe(LETTERS.repeat(4 * CUTS));
      et.type("sh -c 'echo job r''uns; exec sleep 1000'\r");
      await et.see('job runs\r\n');
      const cutting = cut();
      et.pty.resize(91, 31);
      et.type('\x03');
      // The client learns of its terminal's size by a signal, which may come after the keys.
      et.type('until [ "$(stty size)" = "31 91" ]; do sleep 0.1; done; echo si""zed\r');
      await cutting;
      await et.see('\r\nsized\r\n$ ');
      et.type('exit 7\r');
      expect(await et.ended).toEqual({ status: 7, signal: undefined });
    });

    /** Types letters to a program that keeps them in a file; some before each cut, some while it lasts, some when it is over. */
    async function typeThroughCuts(et: EtTerminal): Promise<void> {
      const count = LETTERS.length * 4 * CUTS;
      et.type(`stty raw -echo; echo rea""dy; head -c ${count} >typed; stty sane; echo sa""ved\r`);
      await et.see('ready\n');
      for (let i = 0; i < CUTS; i += 1) {
        et.type(LETTERS);
        const cutting = cut();
        et.type(LETTERS);
        et.type(LETTERS);
        await cutting;
        et.type(LETTERS);
      }
      await et.see('saved\r\n');
    }

    test('a forwarded connection lives through cuts, every byte of it is exact, and et status names the road', async (context) => {
      const target = await EchoServer.open();
      context.onTestFinished(() => target.close());
      const port = await freePort();
      const et = start(['-N', '-L', `${port}:127.0.0.1:${target.port}`]);
      const ended = once(et, 'close');
      const socket = await until('it listens', () => connectTo(port), isThere);
      if (socket === undefined) throw new Error('no connection');
      const echoed = await echoThroughCuts({
        to: socket,
        from: socket,
        cutCount: CUTS,
        pieceBytes: FORWARDED_BYTES,
        cut,
        beforeEnd: expectRoad,
      });
      expect(echoed.received).toBe(echoed.sent);
      expect(target).toMatchObject({ count: 1, errors: [] });
      et.kill('SIGTERM');
      expect((await ended)[0]).toBe(143);
    });
  });
}

function isThere(socket: Socket | undefined): boolean {
  return socket !== undefined;
}

/** `undefined` where nobody listens. */
function connectTo(port: number): Promise<Socket | undefined> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  return new Promise((resolve) => {
    socket.once('connect', () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
