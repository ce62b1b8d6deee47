import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ssh2 from 'ssh2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { captureRemote, type RemoteOutput } from '../../src/bootstrap/capture-remote.ts';
import { parseDestination } from '../../src/bootstrap/destination.ts';
import { parseSshConfig } from '../../src/bootstrap/ssh-config.ts';
import { NO_SSH_OPTIONS } from '../../src/bootstrap/ssh-options.ts';
import { Ssh2Runner, type Ssh2RunnerOptions } from '../../src/bootstrap/ssh2-runner.ts';
import { resolveSsh2Settings } from '../../src/bootstrap/ssh2-settings.ts';
import { describeNeeding, requireTool } from '../support/requirements.ts';
import { ScriptedPrompter } from '../support/scripted-prompter.ts';
import { makeSsh2Keys } from '../support/ssh2-keys.ts';
import { Ssh2Server, type Ssh2ServerOptions } from '../support/ssh2-server.ts';
import { makeKey } from '../support/sshd.ts';

let home: string;
let server: Ssh2Server | undefined;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'everterm-ssh2-'));
});
afterEach(async () => {
  await server?.stop();
  server = undefined;
  rmSync(home, { recursive: true, force: true });
});

async function serve(options: Ssh2ServerOptions): Promise<Ssh2Server> {
  server = await Ssh2Server.start(options);
  return server;
}

/** A runner for `server`; `more` are further -o options. */
function runnerFor(
  { port }: Ssh2Server,
  prompter: ScriptedPrompter,
  more: readonly string[] = [],
  others: Partial<Ssh2RunnerOptions> = {},
): Ssh2Runner {
  return new Ssh2Runner({
    destination: parseDestination('me@127.0.0.1'),
    ssh: {
      ...NO_SSH_OPTIONS,
      port,
      options: [...more, 'StrictHostKeyChecking=no', 'GlobalKnownHostsFile=none'],
    },
    config: undefined,
    environment: {},
    home,
    localUser: 'me',
    prompter,
    onStderr: () => undefined,
    ...others,
  });
}

function login(
  at: Ssh2Server,
  prompter: ScriptedPrompter,
  more: readonly string[] = [],
  batch = false,
): Promise<RemoteOutput> {
  return captureRemote(runnerFor(at, prompter, more), 'echo in', { batch });
}

describe('the host key', () => {
  const place = (at: Ssh2Server): string => `[127.0.0.1]:${at.port}`;
  const known = (): string => readFileSync(join(home, '.ssh/known_hosts'), 'utf8');
  const asking = ['StrictHostKeyChecking=ask'];

  function file(lines: string): void {
    execFileSync('mkdir', ['-p', join(home, '.ssh')]);
    writeFileSync(join(home, '.ssh/known_hosts'), lines);
  }

  test('is asked about at first contact, kept on yes, and not asked about again', async () => {
    const at = await serve({ password: 'p' });
    const prompter = new ScriptedPrompter(['yes', 'p', 'p']);
    expect((await login(at, prompter, asking)).stdout).toBe('in\n');
    expect(known()).toBe(`${place(at)} ${at.hostKeys[0]}\n`);
    expect((await login(at, prompter, asking)).stdout).toBe('in\n');
    expect(prompter.transcript.filter((line) => line.startsWith('Are you sure'))).toHaveLength(1);
  });

  test('is refused on no, before any login is tried', async () => {
    const at = await serve({ password: 'p' });
    const { exit } = await login(at, new ScriptedPrompter(['no']), asking);
    expect(exit).toMatchObject({ status: 255, failure: { code: 'ET_ERR_HOST_KEY' } });
    expect(at.tried).toEqual([]);
  });

  test('that has changed is refused with both fingerprints, and nobody is asked', async () => {
    const at = await serve({ password: 'p' });
    const other = ssh2.utils.parseKey(makeSsh2Keys('ed25519').public);
    if (other instanceof Error || Array.isArray(other)) throw new Error('no key');
    file(`# first\n${place(at)} ssh-ed25519 ${other.getPublicSSH().toString('base64')}\n`);
    const { exit } = await login(at, new ScriptedPrompter([]));
    expect(exit.failure).toMatchObject({ code: 'ET_ERR_HOST_KEY' });
    expect(exit.failure?.message).toMatch(
      /has changed: it shows ssh-ed25519 SHA256:\S{43}, known is ssh-ed25519 SHA256:\S{43} \(.*known_hosts:2\)$/u,
    );
    expect(at.tried).toEqual([]);
  });

  test('is asked for by a type that is known, whatever the host would rather show', async () => {
    const hostKeys = [
      makeSsh2Keys('ed25519').private,
      makeSsh2Keys('ecdsa', { bits: 256 }).private,
      makeSsh2Keys('rsa', { bits: 2048 }).private,
    ];
    const at = await serve({ password: 'p', hostKeys });
    for (const key of at.hostKeys) {
      file(`${place(at)} ${key}\n`);
      const { stdout } = await login(at, new ScriptedPrompter(['p']), [
        'StrictHostKeyChecking=yes',
      ]);
      expect(stdout).toBe('in\n');
    }
  });
});

describe('logging in', () => {
  test('takes a key file that needs no passphrase', async () => {
    const pair = makeSsh2Keys('ed25519');
    const at = await serve({ userKey: pair.public });
    writeFileSync(join(home, 'key'), pair.private);
    const { stdout } = await login(
      at,
      new ScriptedPrompter([]),
      [`IdentityFile=${home}/key`],
      true,
    );
    expect(stdout).toBe('in\n');
    expect(at.tried).toEqual(['publickey', 'publickey']);
  });

  test('asks for a passphrase up to three times, and but once for a runner', async () => {
    const pair = makeSsh2Keys('ed25519', { passphrase: 'secret', cipher: 'aes256-ctr', rounds: 4 });
    const at = await serve({ userKey: pair.public });
    writeFileSync(join(home, 'key'), pair.private);
    const prompter = new ScriptedPrompter(['wrong', 'secret']);
    const runner = runnerFor(at, prompter, [`IdentityFile=${home}/key`]);
    expect((await captureRemote(runner, 'echo in', { batch: false })).stdout).toBe('in\n');
    const question = `Enter passphrase for key '${home}/key': (hidden)`;
    expect(prompter.transcript.filter((line) => line.includes('passphrase'))).toEqual([
      question,
      question,
    ]);
    expect((await captureRemote(runner, 'echo in', { batch: true })).stdout).toBe('in\n');
  });

  test('passes over files that are no keys, and tries the next', async () => {
    const pair = makeSsh2Keys('ecdsa', { bits: 256 });
    const at = await serve({ userKey: pair.public });
    writeFileSync(join(home, 'rubbish'), 'no key\n');
    writeFileSync(join(home, 'key'), pair.private);
    const prompter = new ScriptedPrompter([]);
    const files = [
      `IdentityFile=${home}/none`,
      `IdentityFile=${home}/rubbish`,
      'IdentityFile=~/key',
    ];
    expect((await login(at, prompter, files)).stdout).toBe('in\n');
    expect(prompter.transcript).toContainEqual(
      expect.stringContaining(`Cannot use the key ${home}/rubbish`),
    );
  });

  test('asks for the password up to three times, unseen', async () => {
    const at = await serve({ password: 'right' });
    const prompter = new ScriptedPrompter(['wrong', 'again', 'right']);
    expect((await login(at, prompter)).stdout).toBe('in\n');
    expect(prompter.transcript.slice(-3)).toEqual(
      Array(3).fill("me@127.0.0.1's password: (hidden)"),
    );
  });

  test('passes on the questions of the host', async () => {
    const questions = [
      { prompt: 'Code:\u001b[2J ', echo: true, answer: '123' },
      { prompt: 'Pin: ', echo: false, answer: '456' },
    ];
    const at = await serve({ questions, password: 'unused' });
    const prompter = new ScriptedPrompter(['1', '2', '123', '456']);
    expect((await login(at, prompter)).stdout).toBe('in\n');
    expect(prompter.transcript.slice(-4)).toEqual([
      'a title',
      'instructions',
      'Code:?[2J ',
      'Pin: (hidden)',
    ]);
  });

  test('ends when there is nothing left to try, and says what the host takes', async () => {
    const at = await serve({ password: 'p', userKey: makeSsh2Keys('ed25519').public });
    const { exit } = await login(at, new ScriptedPrompter(['a', 'b', 'c']));
    expect(exit.failure).toMatchObject({
      code: 'ET_ERR_AUTH',
      message: 'me@127.0.0.1: permission denied; the host takes publickey, password',
    });
  });

  test('ends when the question itself fails', async () => {
    const at = await serve({ password: 'p' });
    const { exit } = await login(at, new ScriptedPrompter([]));
    expect(exit.failure?.message).toContain('not foreseen');
  });

  test('asks nobody in batch mode, nor again when nobody is there', async () => {
    const at = await serve({
      password: 'p',
      questions: [{ prompt: '?', echo: true, answer: '!' }],
    });
    const batch = await login(at, new ScriptedPrompter([]), [], true);
    expect(batch.exit.failure).toMatchObject({ code: 'ET_ERR_AUTH' });
    const alone = await login(at, new ScriptedPrompter([undefined]));
    expect(alone.exit.failure).toMatchObject({ code: 'ET_ERR_AUTH' });
  });
});

describeNeeding(['ssh'], 'with a real agent', () => {
  test('takes a key of the agent, and goes on without an agent that is not there', async () => {
    const socket = join(home, 'agent');
    makeKey(join(home, 'key'));
    const agent = spawn(requireTool('ssh-agent'), ['-D', '-a', socket], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      await once(agent.stdout, 'data');
      execFileSync(requireTool('ssh-add'), ['-q', join(home, 'key')], {
        env: { ...process.env, SSH_AUTH_SOCK: socket },
        stdio: 'ignore',
      });
      const at = await serve({
        userKey: readFileSync(join(home, 'key.pub'), 'utf8'),
        password: 'p',
      });
      const environment = { SSH_AUTH_SOCK: socket };
      const runner = runnerFor(at, new ScriptedPrompter([]), [], { environment });
      expect((await captureRemote(runner, 'echo in', { batch: true })).stdout).toBe('in\n');
      const gone = runnerFor(at, new ScriptedPrompter(['p']), [], {
        environment: { SSH_AUTH_SOCK: `${socket}-none` },
      });
      expect((await captureRemote(gone, 'echo in', { batch: false })).stdout).toBe('in\n');
    } finally {
      agent.kill();
      await once(agent, 'exit');
    }
  });
});

describe('the command', () => {
  test('ends by a signal with its name', async () => {
    const at = await serve({ password: 'p' });
    const runner = runnerFor(at, new ScriptedPrompter(['p']));
    const { exit } = await captureRemote(runner, 'kill -KILL $$', { batch: false });
    expect(exit).toEqual({ status: undefined, signal: 'SIGKILL' });
  });

  test('has failed when nobody listens, or somebody who speaks no ssh', async () => {
    const at = await serve({ password: 'p' });
    const runner = runnerFor(at, new ScriptedPrompter([]));
    await at.stop();
    server = undefined;
    const { exit } = await captureRemote(runner, 'true', { batch: true });
    expect(exit).toMatchObject({ status: 255, failure: { code: 'ET_ERR_BOOTSTRAP' } });
    expect(exit.failure?.message).toContain(`cannot connect to 127.0.0.1 port ${at.port}`);
  });
});

describe('settings', () => {
  const base = {
    destination: parseDestination('me@alias'),
    ssh: NO_SSH_OPTIONS,
    config: undefined,
    environment: { SSH_AUTH_SOCK: '/agent' },
    home: '/home/x',
    localUser: 'x',
  };

  test('without ssh -G are those of the command line and the defaults', () => {
    expect(resolveSsh2Settings(base)).toEqual({
      host: 'alias',
      port: 22,
      user: 'me',
      family: undefined,
      knownAs: 'alias',
      strictness: 'ask',
      userKnownHostsFiles: ['/home/x/.ssh/known_hosts', '/home/x/.ssh/known_hosts2'],
      globalKnownHostsFiles: ['/etc/ssh/ssh_known_hosts', '/etc/ssh/ssh_known_hosts2'],
      identityFiles: ['/home/x/.ssh/id_ed25519', '/home/x/.ssh/id_ecdsa', '/home/x/.ssh/id_rsa'],
      agentSocket: '/agent',
    });
    const options = [
      'HostName=h',
      'Port 99',
      'identityfile = ~/a',
      'IdentityFile=%d/b-%r',
      'IdentitiesOnly=yes',
      'HostKeyAlias=known',
      'Port=7',
    ];
    expect(
      resolveSsh2Settings({ ...base, ssh: { ...NO_SSH_OPTIONS, options, family: 6 } }),
    ).toMatchObject({
      host: 'h',
      port: 99,
      family: 6,
      knownAs: 'known',
      identityFiles: ['/home/x/a', '/home/x/b-me'],
      agentSocket: undefined,
    });
  });

  test('with ssh -G are its own', () => {
    const config = parseSshConfig(
      'hostname h\nuser u\nport 2222\nidentityfile ~/.ssh/one\nidentityfile ~/.ssh/two\nstricthostkeychecking accept-new\n' +
        'userknownhostsfile /a /b\naddressfamily inet\nidentityagent none\n',
    );
    expect(resolveSsh2Settings({ ...base, config })).toMatchObject({
      host: 'h',
      port: 2222,
      user: 'u',
      family: 4,
      strictness: 'accept-new',
      userKnownHostsFiles: ['/a', '/b'],
      identityFiles: ['/home/x/.ssh/one', '/home/x/.ssh/two'],
      agentSocket: undefined,
    });
  });

  test.each([
    { ssh: { ...NO_SSH_OPTIONS, jump: 'j' } },
    { ssh: { ...NO_SSH_OPTIONS, options: ['ProxyCommand=nc %h %p'] } },
    { config: parseSshConfig('hostname h\nproxyjump j\n') },
  ])('refuse a way through another host: %j', (change) => {
    expect(() => resolveSsh2Settings({ ...base, ...change })).toThrow(
      expect.objectContaining({
        code: 'ET_ERR_BOOTSTRAP',
        message: expect.stringContaining('cannot go through'),
      }),
    );
  });

  test('refuse an option that is none', () => {
    const ssh = { ...NO_SSH_OPTIONS, options: ['Nonsense'] };
    expect(() => resolveSsh2Settings({ ...base, ssh })).toThrow(
      expect.objectContaining({ code: 'ET_ERR_USAGE' }),
    );
  });
});
