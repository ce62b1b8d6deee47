import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { noSubsystem, subsystemCommand } from '../../src/etserver/subsystem-command.ts';

let home: string;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'et-subsystem-'));
});

afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

function write(file: string, lines: readonly string[], mode = 0o644): string {
  const path = join(home, file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${lines.join('\n')}\n`, { mode });
  return path;
}

function command(name: string, sftpServers: readonly string[] = []): string | undefined {
  return subsystemCommand(name, { sshdConfig: join(home, 'sshd_config'), sftpServers });
}

describe('sshd_config says what runs', () => {
  test.each([
    ['Subsystem sftp /lib/sftp-server', '/lib/sftp-server'],
    ['subsystem\tsftp\t/lib/sftp-server  -f AUTH -l INFO', '/lib/sftp-server -f AUTH -l INFO'],
    ['  SUBSYSTEM = "sftp" /lib/sftp-server # as ever', '/lib/sftp-server'],
    ['Subsystem sftp /bin/sh -c "echo # a  b"', '/bin/sh -c "echo # a  b"'],
    ['Subsystem sftp /first\nSubsystem sftp /second', '/first'],
    ['Match all\nSubsystem sftp /lib/sftp-server', '/lib/sftp-server'],
    ['Match User me\nX11Forwarding no\nMatch All\nSubsystem sftp /lib/all', '/lib/all'],
  ])('%j', (lines, expected) => {
    write('sshd_config', [lines]);
    expect(command('sftp')).toBe(expected);
  });

  test.each([
    '#Subsystem sftp /lib/sftp-server',
    'Subsystem SFTP /lib/sftp-server',
    'Subsystem sftp',
    'Subsystem sftp # /lib/sftp-server',
    'Subsystems sftp /lib/sftp-server',
    'Match User somebody\nSubsystem sftp /lib/sftp-server',
  ])('and nothing by %j', (lines) => {
    write('sshd_config', [lines]);
    expect(command('sftp')).toBeUndefined();
  });

  test('in the files that it includes too, sorted, in the place where they stand', () => {
    write('sshd_config', ['Include conf.d/*.conf', 'Subsystem a /own', 'Subsystem b /own']);
    write('conf.d/20.conf', ['Subsystem a /twenty']);
    write('conf.d/10.conf', ['Subsystem a /ten']);
    write('conf.d/.hidden.conf', ['Subsystem b /hidden']);
    write('conf.d/30.conf.bak', ['Subsystem b /bak']);
    expect([command('a'), command('b')]).toEqual(['/ten', '/own']);
  });

  test('a Match block ends with its file, and holds for what is included in it', () => {
    write('sshd_config', [
      `Include "${join(home, 'one')}" two`,
      'Subsystem a /own',
      'Match User x',
      'Include three',
    ]);
    write('one', ['Match User x', 'Subsystem a /one']);
    write('two', ['Subsystem b /two']);
    write('three', ['Subsystem c /three']);
    expect([command('a'), command('b'), command('c')]).toEqual(['/own', '/two', undefined]);
  });

  test('files that include each other in a circle end', () => {
    write('sshd_config', ['Include sshd_config', 'Subsystem a /a']);
    expect(command('a')).toBe('/a');
  });
});

describe('where sshd_config does not say it', () => {
  test('sftp is the first program of the usual places that can be run', () => {
    const missing = join(home, 'missing');
    const unusable = write('unusable', [''], 0o644);
    const server = write('server', [''], 0o755);
    const other = write('other', [''], 0o755);
    expect(command('sftp', [missing, unusable, server, other])).toBe(server);
    expect(command('sftp', [missing])).toBeUndefined();
    expect(command('netconf', [server])).toBeUndefined();
  });

  test("sshd's inner sftp is the same program with the same flags", () => {
    const server = write('server', [''], 0o755);
    write('sshd_config', ['Subsystem sftp internal-sftp -R', 'Subsystem files internal-sftp']);
    expect(command('sftp', [server])).toBe(`${server} -R`);
    expect(command('files', [server])).toBe(server);
    expect(command('sftp')).toBeUndefined();
  });
});

test('whoever asks for one that is not there is told its name, in one line', () => {
  expect(noSubsystem('a\nb')).toBe('the host has no subsystem "a\\nb"');
});
