import { readdirSync, readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { concatBytes, toHex } from '../../src/base/bytes.ts';
import { bootstrap } from '../../src/bootstrap/bootstrap.ts';
import { captureRemote } from '../../src/bootstrap/capture-remote.ts';
import type { SshProcess, SshRunner } from '../../src/bootstrap/ssh-runner.ts';
import type { BootstrapRequest } from '../../src/wire/bootstrap-request.ts';
import { RemoteHome } from './remote-home.ts';
import { requirement } from './requirements.ts';

/** A runner and the host that it reaches. */
export interface RunnerSetup {
  readonly runner: SshRunner;
  /** What the runner has shown of standard error. */
  stderr(): string;
  stop(): Promise<void>;
}

const REQUEST: BootstrapRequest = {
  protocol: [1, 3],
  features: ['a', 'b'],
  port: '60000-61000',
  bind: '',
  graceSeconds: null,
};
const BATCH = { batch: true };

/** Asks for nothing but what it needs; prints the request back within the reply, and stays when it has let go of the channel. */
function fakeServer(passkey: string, rest = 'exec <&- >&- 2>&-; exec sleep 600'): string {
  return [
    '#!/bin/sh',
    'echo $$ >"$0.pid"',
    'read -r line',
    'echo "$line" >"$0.request"; echo "$*" >"$0.arguments"',
    'echo "Welcome {to EVERTERM-REPLY nowhere EVERTERM-END"',
    'echo complaint >&2',
    'ids="\\"session\\":\\"00112233445566778899aabbccddeeff\\",\\"route\\":\\"ffeeddccbbaa99887766554433221100\\""',
    `printf "%s" "EVERTERM-REPLY {\\"protocol\\":2,\\"features\\":[\\"b\\"],$ids,\\"passkey\\":\\"${passkey}\\""`,
    'echo ",\\"port\\":60000,\\"server\\":\\"0.1.0\\",\\"later\\":1} EVERTERM-END"',
    'echo noise after it',
    rest,
    '',
  ].join('\n');
}

/** The suite that every runner passes. */
export function describeSshRunner(name: string, make: () => Promise<RunnerSetup>): void {
  describe(`the ${name} runner`, () => {
    let setup: RunnerSetup;
    let host: RemoteHome;
    beforeAll(async () => {
      setup = await make();
    });
    afterAll(() => setup.stop());
    beforeEach(() => {
      host = new RemoteHome();
    });
    afterEach(() => {
      for (const pid of pidsIn(host)) killQuietly(pid);
      host.remove();
    });

    const run = (command: string): SshProcess => setup.runner.run(command, BATCH);

    test('carries bytes of every value both ways, and the end of the input', async () => {
      const sent = Buffer.from(
        Array.from({ length: 300_000 }, (_, index) => (index * 7 + (index >> 8)) % 256),
      );
      const process = run('cat; echo over');
      process.stdin.end(sent);
      const received: Uint8Array[] = [];
      for await (const bytes of process.stdout) received.push(bytes as Uint8Array);
      expect(Buffer.concat([sent, Buffer.from('over\n')]).equals(concatBytes(received))).toBe(true);
      expect(await process.exit).toEqual({ status: 0, signal: undefined });
    });

    test('keeps stdout and stderr apart, and shows the latter', async () => {
      const process = setup.runner.run('echo to-out; echo to-err >&2', { batch: false });
      process.stdin.end();
      expect(await text(process.stdout)).toBe('to-out\n');
      await process.exit;
      expect(process.stderrTail).toBe('to-err\n');
      expect(setup.stderr()).toContain('to-err\n');
    });

    test('shows nobody the stderr of a batch, nor anything once it is hushed', async () => {
      const before = setup.stderr();
      const batch = run('echo unasked >&2');
      batch.stdin.end();
      batch.stdout.resume();
      await batch.exit;
      expect(batch.stderrTail).toContain('unasked\n');
      const hushed = setup.runner.run('echo up; read x; echo late >&2', { batch: false });
      await untilSaid(hushed);
      hushed.hush();
      hushed.stdin.end();
      hushed.stdout.resume();
      await hushed.exit;
      expect(hushed.stderrTail).toContain('late\n');
      expect(setup.stderr().slice(before.length)).not.toMatch(/unasked|late/u);
    });

    test.each([0, 254])('tells the status %i', async (status) => {
      const { exit, stdout } = await captureRemote(
        setup.runner,
        `echo said; exit ${status}`,
        BATCH,
      );
      expect(exit).toEqual({ status, signal: undefined });
      expect(stdout).toBe('said\n');
    });

    test('tells the status of a command that ends at once, each time', async () => {
      for (let i = 0; i < 3; i += 1) {
        expect((await captureRemote(setup.runner, 'exit 3', BATCH)).exit.status).toBe(3);
      }
    });

    test('hands the command line on as it is', async () => {
      const { stdout } = await captureRemote(
        setup.runner,
        `printf '%s|' "a  b" 'c"d' \\$x '%h%c' -- -n`,
        BATCH,
      );
      expect(stdout).toBe('a  b|c"d|$x|%h%c|--|-n|');
    });

    test('ends when it is killed, and when its signal aborts', async () => {
      const killed = run('echo up; cat');
      await untilSaid(killed);
      killed.kill();
      expect((await killed.exit).status).not.toBe(0);

      const abort = new AbortController();
      const aborted = setup.runner.run('echo up; cat', { batch: true, signal: abort.signal });
      await untilSaid(aborted);
      abort.abort();
      expect((await aborted.exit).status).not.toBe(0);
      const never = setup.runner.run('true', { batch: true, signal: abort.signal });
      expect((await never.exit).status).not.toBe(0);
    });

    test('bootstraps: the request goes in, the reply comes out, whatever is printed around it', async () => {
      const server = host.program('a place/etserver', fakeServer('ab'.repeat(32)));
      const { reply, channel } = await bootstrap(setup.runner, REQUEST, { serverPath: server });
      expect(reply).toEqual({
        protocol: 2,
        features: ['b'],
        session: Uint8Array.from(Buffer.from('00112233445566778899aabbccddeeff', 'hex')),
        route: Uint8Array.from(Buffer.from('ffeeddccbbaa99887766554433221100', 'hex')),
        passkey: new Uint8Array(32).fill(0xab),
        port: 60_000,
        server: '0.1.0',
      });
      expect(JSON.parse(readFileSync(`${server}.request`, 'utf8'))).toEqual({
        everterm: 1,
        ...REQUEST,
      });
      expect(readFileSync(`${server}.arguments`, 'utf8')).toMatch(/^session( --detached)?\n$/u);
      // The server has let go of the channel: so the runner ends by itself, and the server does not end with it.
      channel.stdout.resume();
      await channel.exit;
      expect(isAlive(pidsIn(host)[0])).toBe(true);
    });

    test('is through at the end marker though the channel stays open', async () => {
      const server = host.program('etserver', fakeServer('cd'.repeat(32), 'exec sleep 600'));
      const { channel } = await bootstrap(setup.runner, REQUEST, { serverPath: server });
      let isOver = false;
      void channel.exit.then(() => {
        isOver = true;
      });
      await new Promise(setImmediate);
      expect(isOver).toBe(false);
      channel.kill();
      await channel.exit;
    });

    test.skipIf(requirement('linux').missing !== undefined)(
      'leaves the passkey out of every argument and environment',
      async () => {
        const passkey = toHex(crypto.getRandomValues(new Uint8Array(32)));
        const server = host.program('etserver', fakeServer(passkey, 'exec sleep 600'));
        const { reply, channel } = await bootstrap(setup.runner, REQUEST, { serverPath: server });
        expect(toHex(reply.passkey)).toBe(passkey);
        const texts = readdirSync('/proc')
          .filter((entry) => /^\d+$/u.test(entry))
          .flatMap((pid) => [quietly(`/proc/${pid}/cmdline`), quietly(`/proc/${pid}/environ`)]);
        expect(texts.some((each) => each.includes(server))).toBe(true);
        expect(texts.filter((each) => each.includes(passkey))).toEqual([]);
        expect(setup.stderr()).not.toContain(passkey);
        channel.kill();
        await channel.exit;
      },
    );

    test('says what the host reports instead of a session', async () => {
      const error = bootstrap(setup.runner, REQUEST, { serverPath: '/no/such/place' });
      await expect(error).rejects.toMatchObject({
        code: 'ET_ERR_SERVER_MISSING',
        message: 'no etserver at /no/such/place',
        advice: 'check --server-path',
      });
    });

    test('says what the host printed when there is no reply', async () => {
      const server = host.program(
        'etserver',
        '#!/bin/sh\necho first; echo "the last\u0007 words"\n',
      );
      await expect(bootstrap(setup.runner, REQUEST, { serverPath: server })).rejects.toMatchObject({
        code: 'ET_ERR_BOOTSTRAP',
        message: 'no reply from etserver on the host (status 0); the last it said: the last  words',
      });
    });

    test('never quotes what may hold a key', async () => {
      const server = host.program('etserver', fakeServer('not-a-key', 'exit'));
      await expect(bootstrap(setup.runner, REQUEST, { serverPath: server })).rejects.toMatchObject({
        message:
          "no reply from etserver on the host (status 0); the last it said: the host's reply: passkey is not 64 hexadecimal digits",
      });
    });

    test('is abandoned by its signal', async () => {
      const abort = new AbortController();
      const server = host.program('etserver', '#!/bin/sh\nexec cat >/dev/null\n');
      const promise = bootstrap(setup.runner, REQUEST, {
        serverPath: server,
        signal: abort.signal,
      });
      abort.abort(new Error('^C'));
      await expect(promise).rejects.toMatchObject({
        code: 'ET_ERR_BOOTSTRAP',
        cause: new Error('^C'),
      });
    });
  });
}

async function untilSaid(process: SshProcess): Promise<void> {
  for await (const _ of process.stdout) return;
}

function pidsIn(host: RemoteHome): number[] {
  const files = readdirSync(host.home, { recursive: true }).map(String);
  return files
    .filter((file) => file.endsWith('.pid'))
    .map((file) => Number(quietly(`${host.home}/${file}`)));
}

function isAlive(pid: number | undefined): boolean {
  try {
    return pid !== undefined && process.kill(pid, 0);
  } catch {
    return false;
  }
}

function killQuietly(pid: number): void {
  if (pid > 0 && isAlive(pid)) process.kill(pid, 'SIGKILL');
}

function quietly(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
