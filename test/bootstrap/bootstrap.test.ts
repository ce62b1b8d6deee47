import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { bootstrap } from '../../src/bootstrap/bootstrap.ts';
import type { SshExit, SshProcess, SshRunner } from '../../src/bootstrap/ssh-runner.ts';
import type { BootstrapRequest } from '../../src/wire/bootstrap-request.ts';

const REQUEST: BootstrapRequest = {
  protocol: [2, 3],
  features: ['a'],
  port: '0',
  bind: '',
  graceSeconds: null,
};
const HEX = '0f'.repeat(16);

/** A host that has said this, and ended so. */
function host(
  stdout: string,
  exit: SshExit | undefined,
  stderrTail = '',
): SshRunner & { released: number } {
  const runner = {
    name: 'fake',
    released: 0,
    run(): SshProcess {
      const out = new PassThrough();
      out.write(stdout);
      return {
        stdin: new PassThrough(),
        stdout: out,
        stderrTail,
        exit:
          exit === undefined
            ? new Promise(() => undefined)
            : new Promise((resolve) => setImmediate(() => setImmediate(resolve, exit))),
        hush: () => undefined,
        kill: () => undefined,
        release: () => {
          runner.released += 1;
        },
      };
    },
  };
  return runner;
}

const over = (status: number): SshExit => ({ status, signal: undefined });
const reply = (members: object): string =>
  `EVERTERM-REPLY ${JSON.stringify({ protocol: 2, features: [], session: HEX, route: HEX, passkey: HEX + HEX, port: 1, server: '1', ...members })} EVERTERM-END\n`;

test('does not touch what it has handed over', async () => {
  const runner = host(reply({}), over(0));
  const { channel } = await bootstrap(runner, REQUEST);
  channel.stdout.resume();
  await channel.exit;
  await new Promise(setImmediate);
  expect(channel.stdout.isPaused()).toBe(false);
});

test.each([1, 2, 3, 7, 100, 10_000])(
  'leaves what follows the line of the reply to be read, in pieces of %i',
  async (size) => {
    const whole = Buffer.from(`noise ENDED EVERTERM-END\n${reply({})}\nmore EVERTERM-END D\n`);
    const out = new PassThrough();
    const runner = host('', undefined);
    const promise = bootstrap(
      { ...runner, run: (...words) => ({ ...runner.run(...words), stdout: out }) },
      REQUEST,
    );
    for (let at = 0; at < whole.length; at += size) out.write(whole.subarray(at, at + size));
    const { channel } = await promise;
    expect(channel.stdout.listenerCount('data')).toBe(0);
    out.end();
    expect(await text(channel.stdout)).toBe('\nmore EVERTERM-END D\n');
  },
);

test.each([
  ['Host key verification failed.\r\n', 'ET_ERR_HOST_KEY'],
  ['me@host: Permission denied (publickey,password).\r\n', 'ET_ERR_AUTH'],
  [
    'Received disconnect from 1.2.3.4 port 22:2: Too many authentication failures\r\n',
    'ET_ERR_AUTH',
  ],
  ['ssh: connect to host h port 22: Connection refused\r\n', 'ET_ERR_BOOTSTRAP'],
  ['', 'ET_ERR_BOOTSTRAP'],
])('ssh failing with %j is %s', async (stderr, code) => {
  const error: unknown = await bootstrap(host('', over(255), stderr), REQUEST).catch(
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({
    code,
    message: expect.stringMatching(/^fake/u),
    advice: expect.any(String),
  });
});

test.each([
  [
    '',
    over(0),
    '',
    'ET_ERR_BOOTSTRAP',
    'no reply from etserver on the host (status 0); it printed nothing',
  ],
  [
    'This account is closed.\n\n',
    over(1),
    '',
    'ET_ERR_BOOTSTRAP',
    'no reply from etserver on the host (status 1); the last it said: This account is closed.',
  ],
  [
    '',
    over(127),
    'sh: not found\n',
    'ET_ERR_SERVER_MISSING',
    'the host could not run etserver (status 127); the last it said: sh: not found',
  ],
  [
    'x',
    { status: undefined, signal: 'SIGKILL' },
    '',
    'ET_ERR_BOOTSTRAP',
    'no reply from etserver on the host (SIGKILL); the last it said: x',
  ],
] as const)('%j, then %j is told as it is', async (stdout, exit, stderr, code, message) => {
  await expect(bootstrap(host(stdout, exit, stderr), REQUEST)).rejects.toMatchObject({
    code,
    message,
  });
});

test('a reply that was cut short is not quoted', async () => {
  const cut = host(reply({}).slice(0, -20), over(1));
  await expect(bootstrap(cut, REQUEST)).rejects.toMatchObject({
    message: 'no reply from etserver on the host (status 1); it printed nothing',
  });
});

test('what the runner knows goes before all guesses', async () => {
  const failure = new EtError('ET_ERR_HOST_KEY', 'changed');
  await expect(bootstrap(host('noise', { ...over(255), failure }), REQUEST)).rejects.toBe(failure);
});

test.each([
  ['server-missing', 'ET_ERR_SERVER_MISSING'],
  ['node-missing', 'ET_ERR_SERVER_MISSING'],
  ['node-too-old', 'ET_ERR_SERVER_MISSING'],
  ['no-port', 'ET_ERR_BOOTSTRAP'],
])('a failure reported as %s is %s, and the channel is let go', async (code, expected) => {
  const error = JSON.stringify({ error: { code, message: 'why', advice: 'what to do' } });
  const runner = host(`EVERTERM-REPLY ${error} EVERTERM-END\n`, undefined);
  await expect(bootstrap(runner, REQUEST)).rejects.toMatchObject({
    code: expected,
    message: 'why',
    advice: 'what to do',
  });
  expect(runner.released).toBe(1);
});

test.each([
  [{ protocol: 1 }, 'the host chose protocol 1, offered were 2 to 3'],
  [{ protocol: 4 }, 'the host chose protocol 4, offered were 2 to 3'],
  [{ features: ['a', 'b'] }, 'the host chose the feature b, which was not offered'],
])('a choice that was not offered is refused: %j', async (members, message) => {
  const runner = host(reply(members), undefined);
  await expect(bootstrap(runner, REQUEST)).rejects.toMatchObject({
    code: 'ET_ERR_BOOTSTRAP',
    message,
  });
  expect(runner.released).toBe(1);
});

test('nothing is run for a signal that has aborted already', async () => {
  const runner: SshRunner = {
    name: 'never',
    run: () => {
      throw new Error('it was run');
    },
  };
  await expect(
    bootstrap(runner, REQUEST, { signal: AbortSignal.abort('why') }),
  ).rejects.toMatchObject({
    code: 'ET_ERR_BOOTSTRAP',
    cause: 'why',
  });
});
