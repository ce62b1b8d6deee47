import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { textOf } from '../../src/base/bytes.ts';
import { captureRemote } from '../../src/bootstrap/capture-remote.ts';
import { CommandRunner } from '../../src/bootstrap/command-runner.ts';
import { parseDestination } from '../../src/bootstrap/destination.ts';
import type { Prompter } from '../../src/bootstrap/prompter.ts';
import { readSshConfig } from '../../src/bootstrap/ssh-config.ts';
import { NO_SSH_OPTIONS } from '../../src/bootstrap/ssh-options.ts';
import { Ssh2Runner } from '../../src/bootstrap/ssh2-runner.ts';
import { SystemSshRunner } from '../../src/bootstrap/system-ssh-runner.ts';
import { describeSshRunner } from '../support/describe-ssh-runner.ts';
import { describeNeeding } from '../support/requirements.ts';
import { makeSsh2Keys } from '../support/ssh2-keys.ts';
import { Ssh2Server } from '../support/ssh2-server.ts';
import { Sshd } from '../support/sshd.ts';

const destination = parseDestination('testhost');
const environment = { ...process.env };
/** Nobody is at the terminal. */
const prompter: Prompter = { ask: () => Promise.resolve(undefined), say: () => undefined };

/** Collects what a runner shows. */
function sink(): { onStderr: (bytes: Uint8Array) => void; stderr: () => string } {
  let shown = '';
  return {
    onStderr: (bytes) => {
      shown += textOf(bytes);
    },
    stderr: () => shown,
  };
}

describeNeeding(['sshd'], 'against a real sshd', () => {
  describeSshRunner('system ssh', async () => {
    const sshd = await Sshd.start();
    const { onStderr, stderr } = sink();
    const ssh = { ...NO_SSH_OPTIONS, configFile: sshd.sshConfigPath };
    const runner = new SystemSshRunner({ destination, ssh, environment, onStderr });
    return { runner, stderr, stop: () => sshd.stop() };
  });

  test("the user's ssh_config and -o cannot change what a runner needs", async () => {
    const sshd = await Sshd.start();
    const trace = join(sshd.directory, 'trace');
    const unwelcome = [
      'RemoteCommand=echo wrong',
      'RequestTTY=force',
      'PermitLocalCommand=yes',
      `LocalCommand=echo run >${trace}`,
      'LocalForward=1 127.0.0.1:1',
      'ExitOnForwardFailure=yes',
    ];
    const ssh = { ...NO_SSH_OPTIONS, configFile: sshd.sshConfigPath, options: unwelcome };
    const { onStderr } = sink();
    const runner = new SystemSshRunner({ destination, ssh, environment, onStderr });
    try {
      const { stdout, exit } = await captureRemote(runner, 'tty; echo right', { batch: true });
      expect({ stdout, status: exit.status }).toEqual({ stdout: 'not a tty\nright\n', status: 0 });
      expect(existsSync(trace)).toBe(false);
    } finally {
      await sshd.stop();
    }
  });

  describeSshRunner('system ssh, over a lingering ControlMaster', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'et-cm-'));
    const socket = join(directory, 's');
    const sshd = await Sshd.start({
      clientConfig: ['ControlMaster auto', `ControlPath ${socket}`, 'ControlPersist 600'],
    });
    const { onStderr, stderr } = sink();
    const ssh = { ...NO_SSH_OPTIONS, configFile: sshd.sshConfigPath };
    const runner = new SystemSshRunner({ destination, ssh, environment, onStderr });
    const stop = async (): Promise<void> => {
      execFileSync('ssh', ['-F', sshd.sshConfigPath, '-O', 'exit', 'testhost'], {
        stdio: 'ignore',
      });
      await sshd.stop();
      rmSync(directory, { recursive: true, force: true });
    };
    return { runner, stderr, stop };
  });

  describeSshRunner('builtin', async () => {
    const sshd = await Sshd.start();
    const { onStderr, stderr } = sink();
    const ssh = { ...NO_SSH_OPTIONS, configFile: sshd.sshConfigPath };
    const config = await readSshConfig({ destination, ssh, environment });
    const own = { environment: {}, home: sshd.directory, localUser: 'nobody', prompter };
    const runner = new Ssh2Runner({ destination, ssh, config, onStderr, ...own });
    return { runner, stderr, stop: () => sshd.stop() };
  });
});

describeSshRunner('builtin, without any sshd', async () => {
  const home = mkdtempSync(join(tmpdir(), 'everterm-ssh2-'));
  const pair = makeSsh2Keys('ed25519');
  const server = await Ssh2Server.start({ userKey: pair.public });
  writeFileSync(join(home, 'key'), pair.private, { mode: 0o600 });
  writeFileSync(join(home, 'known'), `[127.0.0.1]:${server.port} ${server.hostKeys[0]}\n`);
  const { onStderr, stderr } = sink();
  const ssh = {
    ...NO_SSH_OPTIONS,
    port: server.port,
    identityFiles: [join(home, 'key')],
    options: [`UserKnownHostsFile=${join(home, 'known')}`],
  };
  const own = { environment: {}, home, localUser: userInfo().username, prompter };
  const place = parseDestination('127.0.0.1');
  const runner = new Ssh2Runner({ destination: place, ssh, config: undefined, onStderr, ...own });
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(home, { recursive: true, force: true });
  };
  return { runner, stderr, stop };
});

describeSshRunner('command', () => {
  const { onStderr, stderr } = sink();
  const command = `sh -c 'shift; exec sh -c "$1"' sh`;
  const runner = new CommandRunner({ command, destination: 'user@host', environment, onStderr });
  return Promise.resolve({ runner, stderr, stop: () => Promise.resolve() });
});
