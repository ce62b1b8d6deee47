import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loginEnvironment } from '../../src/process/login-environment.ts';
import { ExecProbe } from './exec-probe.ts';
import { PtyProbe } from './pty-probe.ts';

const SHELLS = ['bash', 'sh', 'dash', 'fish', 'csh', 'tcsh', 'zsh', 'ksh'].map(
  (name) => `/bin/${name}`,
);

let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'everterm-home-'));
});

afterAll(() => {
  rmSync(home, { recursive: true });
});

/** What a shell is asked, in words that each of them has: its login state where it can say. */
const QUESTIONS: Readonly<Record<string, string>> = {
  bash: 'shopt -q login_shell && echo LOGIN; echo SHLVL=$SHLVL',
  fish: 'status is-login; and echo LOGIN; echo SHLVL=$SHLVL',
  csh: 'echo',
  tcsh: 'if ($?loginsh) echo LOGIN',
  zsh: '[[ -o login ]] && echo LOGIN',
};

function environment(tty?: string): Record<string, string> {
  return loginEnvironment({
    inherited: { PATH: '/usr/bin:/bin', HOME: home, USER: 'root', SHLVL: '3', PWD: '/x' },
    requested: { TERM: 'dumb' },
    tty,
    version: '0.1.0',
    sessionId: 'cafe',
  });
}

describe.each(SHELLS.filter((shell) => existsSync(shell)))('%s', (file) => {
  const name = file.slice(5);

  test('is a login shell on its own terminal, and its status is told', async () => {
    const probe = new PtyProbe({ file, args: [], argv0: `-${name}`, environment });
    probe.pty.resume();
    const question = QUESTIONS[name] ?? 'case $0 in -*) echo LOGIN;; esac';
    probe.pty.write(Buffer.from(`${question}\necho TTY=$SSH_TTY; tty; exit 5\n`));
    await probe.ended;
    expect(probe.text).toContain(`TTY=${probe.pty.path}\r\n`);
    expect(probe.text).toContain(`\n${probe.pty.path}\r\n`);
    if (name !== 'csh') expect(probe.text).toMatch(/^.*(?:^|[# l])LOGIN\r$/mu);
    if (question.includes('SHLVL')) expect(probe.text).toContain('SHLVL=1\r\n');
    expect(probe.exit).toEqual({ status: 5, signal: undefined });
  });

  test('runs a command without a terminal', async () => {
    const probe = await new ExecProbe().start("echo 'one  two'; exit 6", {
      shell: file,
      environment: environment(),
    });
    probe.resume();
    await probe.ended;
    expect([probe.out, probe.exit?.status]).toEqual(['one  two\n', 6]);
  });
});
