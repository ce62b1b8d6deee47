import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { loginEnvironment } from '../../src/process/login-environment.ts';
import { loginShell } from '../../src/process/login-shell.ts';
import { readMotd } from '../../src/process/motd.ts';
import { withOneArena } from '../../src/process/one-arena.ts';

const OURS = { version: '0.1.0', sessionId: 'cafe' };

describe('the environment of a login', () => {
  test('is what sshd gave, the terminal, what the client asks for, and two names of ours', () => {
    const environment = loginEnvironment({
      ...OURS,
      inherited: { USER: 'u', HOME: '/home/u', SSH_CLIENT: 'c', LANG: 'C', NONE: undefined },
      requested: { TERM: 'xterm', LANG: 'de_DE.UTF-8', COLORTERM: 'truecolor' },
      tty: '/dev/pts/7',
    });
    expect(environment).toEqual({
      USER: 'u',
      HOME: '/home/u',
      SSH_CLIENT: 'c',
      LANG: 'de_DE.UTF-8',
      TERM: 'xterm',
      COLORTERM: 'truecolor',
      SSH_TTY: '/dev/pts/7',
      ET_VERSION: '0.1.0',
      EVERTERM_SESSION: 'cafe',
    });
  });

  test('holds a limit of malloc that the user has set, and not the one that a session server is started with', () => {
    const started = withOneArena({});
    expect(loginEnvironment({ ...OURS, inherited: started, requested: {} })).toEqual({
      ET_VERSION: '0.1.0',
      EVERTERM_SESSION: 'cafe',
    });
    const limited = withOneArena({ MALLOC_ARENA_MAX: '1' });
    expect(loginEnvironment({ ...OURS, inherited: limited, requested: {} })).toMatchObject({
      MALLOC_ARENA_MAX: '1',
    });
  });

  test('holds nothing stale, nothing of shells on the way, nothing of our own insides', () => {
    const inherited = Object.fromEntries(
      'PWD OLDPWD SHLVL _ DISPLAY SSH_AUTH_SOCK SSH_TTY TERM EVERTERM_OPEN_FILES ET_VERSION NODE_COMPILE_CACHE'
        .split(' ')
        .map((name) => [name, 'x']),
    );
    const ownNames = ['NODE_COMPILE_CACHE'];
    expect(loginEnvironment({ ...OURS, inherited, requested: {}, ownNames })).toEqual({
      ET_VERSION: '0.1.0',
      EVERTERM_SESSION: 'cafe',
    });
    const keep = ['SSH_AUTH_SOCK', 'DISPLAY'];
    const kept = loginEnvironment({ ...OURS, inherited, requested: {}, ownNames, keep });
    expect(Object.keys(kept).sort()).toEqual([
      'DISPLAY',
      'ET_VERSION',
      'EVERTERM_SESSION',
      'SSH_AUTH_SOCK',
    ]);
  });

  test('what says where et and etserver find things, and how, is the user’s', () => {
    const inherited = { EVERTERM_RUN_DIR: '/r', EVERTERM_VIA: 'ssh', EVERTERM_SESSION: 'beef' };
    expect(loginEnvironment({ ...OURS, inherited, requested: {} })).toEqual({
      ...inherited,
      ET_VERSION: '0.1.0',
      EVERTERM_SESSION: 'cafe',
    });
  });

  test('the user variables of Node are the user’s', () => {
    const inherited = { NODE_OPTIONS: '--x', NODE_PATH: '/y' };
    expect(loginEnvironment({ ...OURS, inherited, requested: {} })).toMatchObject(inherited);
  });

  test('what cannot be a variable, or is not the client’s to say, is not set', () => {
    const requested = {
      'A=B': 'x',
      '': 'x',
      'N\0': 'x',
      V: 'a\0b',
      SSH_TTY: 'x',
      ET_VERSION: 'x',
      OK: 'y',
    };
    expect(loginEnvironment({ ...OURS, inherited: {}, requested })).toEqual({
      OK: 'y',
      ET_VERSION: '0.1.0',
      EVERTERM_SESSION: 'cafe',
    });
  });
});

describe('the login shell', () => {
  test('is the password database’s, else $SHELL, else /bin/sh', () => {
    expect(loginShell('/bin/b', '/bin/a')).toEqual({ file: '/bin/a', argv0: '-a' });
    expect(loginShell('/opt/my shell', '')).toEqual({ file: '/opt/my shell', argv0: '-my shell' });
    expect(loginShell(undefined, 'relative')).toEqual({ file: '/bin/sh', argv0: '-sh' });
    expect(loginShell(undefined).file).toMatch(/^\//u);
  });
});

describe('the message of the day', () => {
  let root: string;

  function put(path: string, text: string): void {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }

  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'everterm-motd-'));
  });

  afterEach(() => {
    rmSync(root, { recursive: true });
  });

  test('is the generated one, then the first static one, then the folders by name', () => {
    expect(readMotd(join(root, 'home'), root)).toBe('');
    put('run/motd.dynamic', 'dynamic\n');
    put('usr/lib/motd', 'vendor\n');
    put('etc/motd', 'static\r\n');
    put('usr/lib/motd.d/10-b', 'hidden\n');
    put('etc/motd.d/10-b', 'b\n');
    put('run/motd.d/05-a', 'a\n');
    mkdirSync(join(root, 'etc/motd.d/99-folder'));
    expect(readMotd(join(root, 'home'), root)).toBe('dynamic\r\nstatic\r\na\r\nb\r\n');
  });

  test('is hushed by ~/.hushlogin', () => {
    put('etc/motd', 'static\n');
    put('home/.hushlogin', '');
    expect(readMotd(join(root, 'home'), root)).toBe('');
  });

  test('is not a file of any length', () => {
    put('etc/motd', 'x'.repeat(65_537));
    expect(readMotd(join(root, 'home'), root)).toBe('');
  });
});
