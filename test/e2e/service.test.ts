import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { executedWords, settingsOf } from '../etclient/systemd-words.ts';
import { ET } from '../support/et-host.ts';
import { describeNeeding } from '../support/requirements.ts';

interface Ended {
  readonly stdout: string;
  readonly stderr: string;
  readonly status: number | null;
}

let home: string;

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'et service %h $HOME-')));
  mkdirSync(join(home, 'bin'));
});

afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

/** A program on PATH that writes its arguments down, each in brackets, and then does what `body` says. */
function fake(name: string, body: string): string {
  const file = join(home, 'bin', name);
  const log = `printf '%s' '${name}' >>"$LOG"; printf ' [%s]' "$@" >>"$LOG"; echo >>"$LOG"`;
  writeFileSync(file, `#!/bin/sh\n${log}\n${body}\n`, { mode: 0o755 });
  return file;
}

function logged(): readonly string[] {
  const file = join(home, 'log');
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  rmSync(file, { force: true });
  return lines;
}

async function run(file: string, ...args: readonly string[]): Promise<Ended> {
  const env = { HOME: home, USER: 'me', PATH: join(home, 'bin'), LOG: join(home, 'log') };
  const child = spawn(file, args, { env, cwd: home });
  child.stdin.end();
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { stdout, stderr, status };
}

function service(...args: readonly string[]): Promise<Ended> {
  return run(process.execPath, ET, 'service', ...args);
}

function unitPath(): string {
  return join(home, '.config/systemd/user/everterm-work.service');
}

describeNeeding(['linux'], 'et service', () => {
  test('installs, lists and removes a service', async () => {
    fake('systemctl', 'if [ "$2" = is-active ]; then echo active; fi');
    fake('loginctl', 'echo Linger=no');
    const installed = await service('install', 'work', '--', '-L', '5432:db:5432', 'me@host');
    expect(installed).toMatchObject({ stderr: '', status: 0 });
    expect(installed.stdout).toContain(`work is started: ${unitPath()}\n`);
    expect(installed.stdout).toContain('SSH_AUTH_SOCK');
    expect(installed.stdout).toContain('loginctl enable-linger me\n');
    expect(logged()).toEqual([
      'systemctl [--user] [daemon-reload]',
      'systemctl [--user] [enable] [--now] [everterm-work.service]',
      expect.stringMatching(/^loginctl \[show-user\] \[\d+\] \[--property=Linger\]$/u),
    ]);
    expect(statSync(unitPath()).mode & 0o777).toBe(0o644);

    expect(await service('ls')).toEqual({
      stdout: 'name  state   command\nwork  active  et -N -L 5432:db:5432 me@host\n',
      stderr: '',
      status: 0,
    });

    const again = await service('install', 'work', '--', 'other');
    expect(again).toMatchObject({ stdout: '', status: 255 });
    expect(again.stderr).toContain('et: there is a service work already');

    logged();
    expect(await service('rm', 'work')).toEqual({ stdout: '', stderr: '', status: 0 });
    expect(logged()).toEqual([
      'systemctl [--user] [disable] [--now] [everterm-work.service]',
      'systemctl [--user] [daemon-reload]',
    ]);
    expect(existsSync(unitPath())).toBe(false);
    expect((await service('rm', 'work')).status).toBe(255);
  });

  test('what the unit executes is et -N with the arguments, however odd', async () => {
    fake('systemctl', '');
    const ssh = fake('my ssh', 'echo "no such host" >&2; exit 255');
    const options = ['--ssh', `'${ssh}' "a;b" '%i' '$HOME'`];
    await service('install', 'work', '--', ...options, 'host');
    const line = settingsOf(readFileSync(unitPath(), 'utf8')).get('Service.ExecStart') ?? '';
    const words = executedWords(line);
    expect(words).toEqual([process.execPath, ET, '-N', ...options, 'host']);
    logged();
    const [program = '', ...args] = words;
    const ended = await run(program, ...args);
    expect(ended.status).toBe(255);
    expect(ended.stderr).toContain('no such host');
    expect(logged()[0]).toMatch(/^my ssh \[a;b\] \[%i\] \[\$HOME\] \[exec sh /u);
  });

  test('without systemctl, or without its bus, the unit is there and one line says why', async () => {
    const absent = await service('install', 'work', '--', 'host');
    expect(absent).toMatchObject({ stdout: '', status: 255 });
    expect(absent.stderr.split('\n')).toEqual([
      `et: ${unitPath()} is written, but the service is not started: systemctl cannot be run here`,
      expect.stringMatching(/^et: when that is mended: systemctl --user daemon-reload && /u),
      '',
    ]);
    expect(readFileSync(unitPath(), 'utf8')).toContain('-N host\n');
    fake('systemctl', 'echo "Failed to connect to bus: No medium found" >&2; exit 1');
    const busless = await service('install', '--replace', 'work', '--', 'host');
    expect(busless.status).toBe(255);
    expect(busless.stderr).toContain(
      'systemctl --user daemon-reload: Failed to connect to bus: No medium found\n',
    );
    const listed = await service('ls', '--json');
    expect(listed.status).toBe(0);
    expect(listed.stderr).toMatch(/^et: systemctl --user is-active: Failed to connect [^\n]+\n$/u);
    expect(JSON.parse(listed.stdout)).toMatchObject({
      services: [{ name: 'work', state: 'unknown' }],
    });
  });

  test('what cannot be a service is called wrong, in one line, and nothing is written', async () => {
    const refused = await service('install', 'work', '--', 'host', 'uptime');
    expect(refused).toEqual({
      stdout: '',
      stderr: 'et: a service only forwards: leave out the command after the host\n',
      status: 2,
    });
    expect(existsSync(join(home, '.config'))).toBe(false);
  });
});
