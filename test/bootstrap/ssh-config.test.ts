import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseDestination } from '../../src/bootstrap/destination.ts';
import { parseSshConfig, readSshConfig, type SshConfig } from '../../src/bootstrap/ssh-config.ts';
import { NO_SSH_OPTIONS, sshArguments } from '../../src/bootstrap/ssh-options.ts';
import { describeNeeding } from '../support/requirements.ts';

test('the defaults of what ssh -G does not say', () => {
  expect(parseSshConfig('')).toMatchObject({
    hostName: '',
    port: 22,
    sendEnv: [],
    setEnv: {},
    remoteCommand: undefined,
    requestTty: 'auto',
    proxyJump: undefined,
    proxyCommand: undefined,
    escapeChar: '~',
  });
});

test('arguments hold nothing that could become an option', () => {
  const ssh = {
    ...NO_SSH_OPTIONS,
    identityFiles: ['-k'],
    options: ['A=b'],
    jump: 'j',
    family: 6,
    port: 1,
    quiet: true,
    user: 'u',
  } as const;
  expect(sshArguments(ssh, parseDestination('ssh://other@host:2'))).toEqual([
    '-q',
    '-i',
    '-k',
    '-o',
    'A=b',
    '-J',
    'j',
    '-6',
    '-p',
    '1',
    '-l',
    'u',
    '--',
    'host',
  ]);
  expect(sshArguments(NO_SSH_OPTIONS, parseDestination('ssh://other@[::1]:2'))).toEqual([
    '-p',
    '2',
    '-l',
    'other',
    '--',
    '::1',
  ]);
});

describeNeeding(['ssh'], 'asking the real ssh -G', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'everterm-config-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  function read(
    lines: readonly string[],
    host = 'alias',
    options: readonly string[] = [],
  ): Promise<SshConfig> {
    const configFile = join(directory, 'config');
    writeFileSync(configFile, lines.join('\n'), { mode: 0o600 });
    const ssh = { ...NO_SSH_OPTIONS, configFile, options };
    return readSshConfig({
      destination: parseDestination(host),
      ssh,
      environment: { ...process.env },
    });
  }

  test('resolves aliases, variables, commands and ways', async () => {
    const config = await read([
      'Host alias',
      'HostName %h.example.org',
      'User somebody',
      'Port 2222',
      'SendEnv LANG LC_* FOO',
      'SetEnv A=1 "B=x y=z" A=2',
      'RemoteCommand tmux attach || tmux new -s "x"',
      'RequestTTY force',
      'ProxyJump jump:2200',
      'EscapeChar ^B',
      'LocalForward 8080 localhost:80',
      'DynamicForward 1080',
      'ForwardAgent yes',
      'ServerAliveInterval 15',
      'ConnectTimeout 7',
    ]);
    expect(config).toMatchObject({
      hostName: 'alias.example.org',
      user: 'somebody',
      port: 2222,
      sendEnv: expect.arrayContaining(['LANG', 'LC_*', 'FOO']),
      setEnv: { A: '1', B: 'x y=z' },
      remoteCommand: 'tmux attach || tmux new -s "x"',
      requestTty: 'force',
      proxyJump: 'jump:2200',
      proxyCommand: undefined,
      escapeChar: '^B',
      forwardAgent: 'yes',
      serverAliveIntervalSeconds: 15,
      connectTimeoutSeconds: 7,
    });
    expect(config.localForwards).toHaveLength(1);
    expect(config.dynamicForwards).toHaveLength(1);
    expect(config.values.get('hostname')).toEqual(['alias.example.org']);
  });

  test('gives none where there is none', async () => {
    const config = await read(
      ['Host alias', 'ProxyCommand none', 'RemoteCommand none', 'RequestTTY no'],
      'me@alias',
    );
    expect(config).toMatchObject({
      hostName: 'alias',
      user: 'me',
      proxyCommand: undefined,
      proxyJump: undefined,
      remoteCommand: undefined,
      requestTty: 'no',
    });
  });

  test('says what is wrong with the file', async () => {
    await expect(read(['Host alias', 'NoSuchKeyword 1'])).rejects.toMatchObject({
      code: 'ET_ERR_BOOTSTRAP',
      message: expect.stringContaining('ssh -G failed'),
    });
  });
});
