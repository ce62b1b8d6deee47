import { describe, expect, test } from 'vitest';
import { EtError } from '../../../src/base/errors.ts';
import { NO_SSH_OPTIONS } from '../../../src/bootstrap/ssh-options.ts';
import type { ConnectCommand, LocalCommand } from '../../../src/etclient/cli/client-command.ts';
import { CLIENT_FLAGS } from '../../../src/etclient/cli/option-table.ts';
import { parseCommandLine } from '../../../src/etclient/cli/parse-command-line.ts';

const SESSION = {
  work: { kind: 'shell' },
  forwards: {
    typed: [],
    agent: undefined,
    agentSocket: undefined,
    gatewayPorts: false,
    udpIdleSeconds: 60,
  },
  terminal: 'default',
  noStdin: false,
  escape: undefined,
  graceSeconds: null,
  keepaliveSeconds: undefined,
  logLevel: 0,
  logFile: undefined,
  quiet: false,
  isNew: false,
  killOthers: false,
  name: undefined,
  historyBytes: undefined,
  backlog: undefined,
} as const;

const LOCAL: LocalCommand = { kind: 'local', ...SESSION };

const CONNECT: ConnectCommand = {
  kind: 'connect',
  ...SESSION,
  destination: { user: undefined, host: 'h', serverPort: undefined, sshPort: undefined },
  ssh: NO_SSH_OPTIONS,
  sshProgram: undefined,
  serverPath: undefined,
  serverPort: '60000-61000',
  bind: '',
  via: undefined,
  from: [],
  hasStandby: false,
  padBytes: undefined,
  fallback: undefined,
};

/** A shell's words: blanks divide, double quotes hold together. */
function words(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|\S+/gu)].map(([word, quoted]) => quoted ?? word);
}

function parsed(line: string): unknown {
  return parseCommandLine(words(line));
}

function command(text: string): ConnectCommand['work'] {
  return { kind: 'command', command: text };
}

function objection(line: string): string {
  try {
    parsed(line);
  } catch (error) {
    if (error instanceof EtError && error.code === 'ET_ERR_USAGE') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('a destination', () => {
  test.each<[string, Partial<ConnectCommand['destination']>, string]>([
    ['h', {}, '60000-61000'],
    ['u@h', { user: 'u' }, '60000-61000'],
    ['u@d@h', { user: 'u@d' }, '60000-61000'],
    ['h:7000', { serverPort: 7000 }, '7000'],
    ['u@[::1]:7000', { user: 'u', host: '::1', serverPort: 7000 }, '7000'],
    ['::1', { host: '::1' }, '60000-61000'],
    ['ssh://u@h:2222', { user: 'u', sshPort: 2222 }, '60000-61000'],
    ['--port 7000 h:7000', { serverPort: 7000 }, '7000'],
  ])('%s', (line, destination, serverPort) => {
    expect(parsed(line)).toEqual({
      ...CONNECT,
      destination: { ...CONNECT.destination, ...destination },
      serverPort,
    });
  });
});

describe('a flag of the session', () => {
  test.each<[string, Partial<ConnectCommand>]>([
    ['--port 7000', { serverPort: '7000' }],
    ['--port=07000-07010', { serverPort: '7000-7010' }],
    ['--port 1-65535', { serverPort: '1-65535' }],
    ['--bind 10.0.0.1', { bind: '10.0.0.1' }],
    ['--bind ::', { bind: '::' }],
    ['--via tcp', { via: 'tcp' }],
    ['--via ssh', { via: 'ssh' }],
    ['--via "race(tcp,delay(1.5s,ssh))"', { via: 'race(tcp, delay(1.5s, ssh))' }],
    ['--via wss://h.example/p', { via: 'wss://h.example/p' }],
    ['--from eth0 --from fd00::1', { from: ['eth0', 'fd00::1'] }],
    ['--standby', { hasStandby: true }],
    ['--pad 256', { padBytes: 256 }],
    ['--pad 1400', { padBytes: 1400 }],
    ['--fallback ssh', { fallback: 'ssh' }],
    ['--fallback none', { fallback: 'none' }],
    ['--server-path ~/bin/etserver', { serverPath: '~/bin/etserver' }],
    ['--terminal-path /opt/etserver', { serverPath: '/opt/etserver' }],
    ['--terminal-path /a --server-path /b', { serverPath: '/b' }],
    ['--grace 90', { graceSeconds: 90 }],
    ['--grace 90s', { graceSeconds: 90 }],
    ['--grace 15m', { graceSeconds: 900 }],
    ['--grace 8h', { graceSeconds: 28_800 }],
    ['--grace 7d', { graceSeconds: 604_800 }],
    ['--grace never', { graceSeconds: null }],
    ['--grace 1s --grace never', { graceSeconds: null }],
    ['--name work', { name: 'work' }],
    ['--name Build_2.x-1', { name: 'Build_2.x-1' }],
    ['--new', { isNew: true }],
    ['--kill-other-sessions', { killOthers: true }],
    ['--history 64K', { historyBytes: 65_536 }],
    ['--history 65536', { historyBytes: 65_536 }],
    ['--history 64m', { historyBytes: 67_108_864 }],
    ['--history 1024G', { historyBytes: 2 ** 40 }],
    ['--backlog ask', { backlog: 'ask' }],
    ['--backlog ask --backlog live', { backlog: 'live' }],
    ['-k 5', { keepaliveSeconds: 5 }],
    ['-k5', { keepaliveSeconds: 5 }],
    ['--keepalive 3600', { keepaliveSeconds: 3600 }],
    ['-v', { logLevel: 1 }],
    ['-vv', { logLevel: 2 }],
    ['-v -v -v -v', { logLevel: 3 }],
    ['--log /tmp/et.log', { logFile: '/tmp/et.log' }],
    ['-q', { quiet: true }],
    ['-n', { noStdin: true }],
    ['--escape-char none', { escape: null }],
    ['--escape-char %', { escape: '%' }],
    ['--escape-char ^', { escape: '^' }],
    ['--escape-char ^]', { escape: '\u001d' }],
    ['--escape-char ^b', { escape: '\u0002' }],
    ['-qnvT', { quiet: true, noStdin: true, logLevel: 1, terminal: 'forbidden' }],
  ])('%s', (flags, expected) => {
    const ssh = { ...NO_SSH_OPTIONS, quiet: expected.quiet ?? false };
    expect(parsed(`${flags} h`)).toEqual({ ...CONNECT, ssh, ...expected });
  });
});

/** ssh takes the first. */
const OVERRULED = ['Compression=yes', 'ForwardX11=no', 'Compression=no', 'ForwardX11=yes'];

describe('a flag for ssh', () => {
  test.each<[string, Partial<ConnectCommand['ssh']>]>([
    ['-p 2222', { port: 2222 }],
    ['-p2222', { port: 2222 }],
    ['-l me', { user: 'me' }],
    ['-u me', { user: 'me' }],
    ['--username=me', { user: 'me' }],
    ['-l one -u two', { user: 'two' }],
    ['-i ~/.ssh/a -i ~/.ssh/b', { identityFiles: ['~/.ssh/a', '~/.ssh/b'] }],
    ['-F none', { configFile: 'none' }],
    ['-o A=1 --ssh-option B=2 -oC=3', { options: ['A=1', 'B=2', 'C=3'] }],
    ['-J a,b', { jump: 'a,b' }],
    ['-4', { family: 4 }],
    ['-6', { family: 6 }],
    ['-4 -6', { family: 6 }],
    ['-q', { quiet: true }],
    ['-C', { options: ['Compression=yes'] }],
    ['-x', { options: ['ForwardX11=no'] }],
    ['-o Compression=no -oForwardX11=yes -xC', { options: OVERRULED }],
    ['-oPort=1 "-oForwardX11 no"', { options: ['Port=1', 'ForwardX11 no'] }],
    ['-2', {}],
  ])('%s', (flags, ssh) => {
    const quiet = ssh.quiet ?? false;
    expect(parsed(`${flags} h`)).toEqual({ ...CONNECT, quiet, ssh: { ...NO_SSH_OPTIONS, ...ssh } });
  });

  test('-C is for the session too, and may stand beside a command in place of ssh', () => {
    expect(parsed('--ssh "gcloud compute ssh" -C h')).toMatchObject({
      ssh: { options: ['Compression=yes'] },
    });
  });

  test.each(['-p 2222', '-i k', '-F f', '-o A=1', '-J j', '-4', '-6'])(
    '%s is not given to a command in place of ssh, which is said',
    (flags) => {
      const flag = flags.slice(0, 2);
      expect(objection(`--ssh "gcloud compute ssh" ${flags} h`)).toMatch(
        new RegExp(
          `^${flag}(?:/[a-z-]+)? is not given to the command of --ssh: .* --ssh "gcloud `,
          'u',
        ),
      );
      expect(parsed(`--ssh builtin ${flags} h`)).toMatchObject({ sshProgram: 'builtin' });
    },
  );

  test.each<[string, ConnectCommand['sshProgram']]>([
    ['--ssh builtin', 'builtin'],
    ['--ssh ssh', ['ssh']],
    ['--ssh "gcloud compute ssh --zone z"', ['gcloud', 'compute', 'ssh', '--zone', 'z']],
    [`--ssh "/a\\ b/ssh -F 'x y'"`, ['/a b/ssh', '-F', 'x y']],
  ])('%s', (flags, sshProgram) => {
    expect(parsed(`${flags} h`)).toEqual({ ...CONNECT, sshProgram });
  });

  test('-G asks ssh, whatever else is said, as git does', () => {
    expect(parsed('-G -p 2222 -o SendEnv=GIT_PROTOCOL u@h')).toEqual({
      kind: 'ssh-query',
      destination: { ...CONNECT.destination, user: 'u' },
      ssh: { ...NO_SSH_OPTIONS, port: 2222, options: ['SendEnv=GIT_PROTOCOL'] },
      sshProgram: undefined,
    });
  });
});

test('flags may stand behind the host, as with ssh, and of two the last one counts', () => {
  const asked = parseCommandLine('-p 1 h --name work -p 2222'.split(' '));
  expect(asked).toMatchObject({
    kind: 'connect',
    name: 'work',
    ssh: { port: 2222 },
    work: { kind: 'shell' },
  });
});

describe('what runs', () => {
  test.each<[string, Partial<ConnectCommand>]>([
    ['h', { work: { kind: 'shell' } }],
    ['h ""', { work: { kind: 'shell' } }],
    ['h uptime', { work: { kind: 'command', command: 'uptime' } }],
    ['h ls -l "a b"', { work: { kind: 'command', command: 'ls -l a b' } }],
    ['h -- ls', { work: { kind: 'command', command: 'ls' } }],
    ['h -n ls -n', { noStdin: true, work: { kind: 'command', command: 'ls -n' } }],
    ['h -n -- -odd', { noStdin: true, work: { kind: 'command', command: '-odd' } }],
    ['h -s sftp', { work: { kind: 'subsystem', command: 'sftp' } }],
    ['h -- -odd', { work: { kind: 'command', command: '-odd' } }],
    ['-- h ls --port 1', { work: { kind: 'command', command: 'ls --port 1' } }],
    ['-- h -odd', { work: { kind: 'command', command: '-odd' } }],
    ['-- h -- ls', { work: { kind: 'command', command: '-- ls' } }],
    ['-n -- h -s', { noStdin: true, work: { kind: 'command', command: '-s' } }],
    ['-s h sftp', { work: { kind: 'subsystem', command: 'sftp' } }],
    ['-s -- h sftp', { work: { kind: 'subsystem', command: 'sftp' } }],
    ['-s h a b', { work: { kind: 'subsystem', command: 'a b' } }],
    ['-tt -s h sftp', { terminal: 'forced', work: { kind: 'subsystem', command: 'sftp' } }],
    ['h rsync --server -e.L . /tmp', { work: command('rsync --server -e.L . /tmp') }],
    ['--tty h top', { terminal: 'forced', work: command('top') }],
    ['-tt h top', { terminal: 'forced', work: command('top') }],
    ['-t -t h top', { terminal: 'forced', work: command('top') }],
    ['-ttt h top', { terminal: 'forced', work: command('top') }],
    ['-T h', { terminal: 'forbidden' }],
    ['-tt -T h', { terminal: 'forbidden' }],
    ['-T --tty h', { terminal: 'forced' }],
    ['-c top h', { work: { kind: 'terminal-command', command: 'top', stay: false } }],
    ['-e -c top h', { work: { kind: 'terminal-command', command: 'top', stay: true } }],
    [
      '--command=top --noexit h',
      { work: { kind: 'terminal-command', command: 'top', stay: true } },
    ],
  ])('%s', (line, expected) => {
    expect(parsed(line)).toEqual({ ...CONNECT, ...expected });
  });

  test.each<[string, Partial<LocalCommand>]>([
    ['--local', {}],
    ['--local echo hi', { work: command('echo hi') }],
    ['--local -- echo -n', { work: command('echo -n') }],
    ['--local -- -odd', { work: command('-odd') }],
    ['--local -s sftp', { work: { kind: 'subsystem', command: 'sftp' } }],
    ['-v --local --tty top', { logLevel: 1, terminal: 'forced', work: command('top') }],
    ['--local -c top', { work: { kind: 'terminal-command', command: 'top', stay: false } }],
    ['--local --grace 1h', { graceSeconds: 3600 }],
  ])('%s', (line, expected) => {
    expect(parsed(line)).toEqual({ ...LOCAL, ...expected });
  });
});

/** As scp, sftp, rsync and git of 2022 and later call ssh. */
describe('programs that run ssh are understood', () => {
  const scp = '-x -oPermitLocalCommand=no -oClearAllForwardings=yes -oRemoteCommand=none';
  const sftp = '"-oForwardX11 no" "-oPermitLocalCommand no" "-oClearAllForwardings yes"';
  test.each<[string, ConnectCommand['work'], Partial<ConnectCommand['ssh']>]>([
    [
      `${scp} -oRequestTTY=no -q -4 -C -oForwardAgent=no -p 2222 -l me -s -- host sftp`,
      { kind: 'subsystem', command: 'sftp' },
      { port: 2222, user: 'me', family: 4, quiet: true },
    ],
    [
      `${scp} -oRequestTTY=no -oForwardAgent=no -- host "scp -r -t /x"`,
      { kind: 'command', command: 'scp -r -t /x' },
      {},
    ],
    ['-x -oClearAllForwardings=yes -n -- host scp /x h2:/y', command('scp /x h2:/y'), {}],
    [
      `${sftp} "-obatchmode yes" "-oForwardAgent no" "-oPort 2222" -l me -s -- host sftp`,
      { kind: 'subsystem', command: 'sftp' },
      { user: 'me' },
    ],
    [`${sftp} -v -6 -- host /opt/sftp-server`, command('/opt/sftp-server'), { family: 6 }],
    [
      '-l me host rsync --server -re.iLsfxCIvu . /x',
      command('rsync --server -re.iLsfxCIvu . /x'),
      {},
    ],
    [
      `-o SendEnv=GIT_PROTOCOL -4 -p 2222 host "git-upload-pack '/x.git'"`,
      command("git-upload-pack '/x.git'"),
      { port: 2222, options: ['SendEnv=GIT_PROTOCOL'] },
    ],
  ])('%s', (line, work, ssh) => {
    expect(parsed(line)).toMatchObject({ destination: { host: 'host' }, work, ssh });
  });
});

test.each<[string, unknown]>([
  ['--help', { kind: 'help' }],
  ['-h', { kind: 'help' }],
  ['--help --bogus', { kind: 'help' }],
  ['--version', { kind: 'version' }],
  ['-V', { kind: 'version' }],
  ['-v --version h', { kind: 'version' }],
])('%s', (line, expected) => {
  expect(parsed(line)).toEqual(expected);
});

describe('a mistake is answered with the flag and the fix', () => {
  test.each([
    ['', 'no host: write et [user@]host, or et --local for a shell on this machine'],
    ['-v', 'no host: write et [user@]host, or et --local for a shell on this machine'],
    ['--prot 1 h', '--prot is not a flag of et; did you mean --port?'],
    ['--keep-alive=3 h', '--keep-alive is not a flag of et; did you mean --keepalive?'],
    ['--usernmae me h', '--usernmae is not a flag of et; did you mean --username?'],
    ['--colour h', '--colour is not a flag of et; et --help lists all'],
    ['-Z h', '-Z is not a flag of et; et --help lists all'],
    ['--tty=yes h', '--tty takes no value: write --tty alone'],
    ['h -Z', '-Z is not a flag of et; et --help lists all'],
    ['h -p', '-p needs a value: -p N, port of sshd'],
    ['--port', '--port needs a value: --port N[-M], port of the session server'],
    ['-p', '-p needs a value: -p N, port of sshd'],
    ['-vp', '-p needs a value: -p N, port of sshd'],
    ['--terminal-path', '--server-path needs a value: --terminal-path PATH'],
    ['-c "" h', '-c needs a command, as in -c "tmux attach"'],
    ['-c top h ls', '-c and a command after the host (ls): leave one of them out'],
    ['-s h', '-s needs the name of a subsystem after the host, as in et -s host sftp'],
    ['-s sftp', '-s needs the name of a subsystem after the host'],
    ['-s -c top h', '-s runs a subsystem, and nothing else: leave out -s or -c/--command'],
    ['-s -e h sftp', '-s runs a subsystem, and nothing else: leave out -s or -e/--noexit'],
    ['-c top -T h', '-c runs its command on a terminal, which -T forbids'],
    ['--port 7000 h:7001', '--port 7000 and :7001 after the host are the same thing'],
    ['--port 7000-7001 h:7000', '--port 7000-7001 and :7000 after the host are the same thing'],
    ['h:0', 'the host: "h:0" has the port "0", allowed is 1-65535: write [user@]host[:port]'],
    ['-- -oProxyCommand=x', 'the host: "-oProxyCommand=x" is not a destination'],
    ['-l -oProxyCommand=x h', '-l "-oProxyCommand=x": a value that'],
    ['-u "" h', '-u/--username "": a value that is not empty'],
    ['-J -x h', '-J "-x": a value that'],
    ['--ssh "" h', '--ssh needs a command, or builtin'],
    [`--ssh "ssh 'x" h`, '--ssh: "ssh \'x" has a \' without its end: quote it as for a shell'],
    [
      '--via quic h',
      '--via "quic": at character 1: "quic" is no road: write udp, tcp, ssh, proxy,',
    ],
    ['--from -x h', '--from "-x": a value that'],
    ['--explain', 'no host'],
    ['--local --from lo', '--from is about a host, and --local has none'],
    ['--local --explain', '--explain is about a host, and --local has none'],
    ['--fallback yes h', '--fallback "yes": ssh or none'],
    ['--local -p 22', '-p is about a host, and --local has none: leave one of them out'],
    ['--local -u me', '-u/--username is about a host, and --local has none'],
    ['--local -x', '-x is about a host, and --local has none'],
    [
      '--standby --via tcp h',
      '--standby keeps a link over a second road, and --via tcp leaves one',
    ],
    ['--local --standby', '--standby is about a host, and --local has none'],
    ['--local --via ssh', '--via is about a host, and --local has none'],
  ])('%s', (line, expected) => {
    expect(objection(line)).toContain(expected);
  });

  test.each([
    '0',
    '65536',
    '99999999',
    'x',
    '',
    '1-',
    '-1',
    '2-1',
    '1-65536',
    '1-2-3',
    '1.5',
    ' 1',
  ])('--port "%s"', (text) => {
    expect(objection(`--port "${text}" h`)).toBe(
      `--port ${JSON.stringify(text)}: a port within 1-65535, or a range, as in --port 60000-61000`,
    );
  });

  test.each(['0', '63K', '1025G', '64T', '64MB', '1.5G', '', '-1'])('--history "%s"', (text) => {
    expect(objection(`--history "${text}" h`)).toMatch(
      /^--history ".*": how much output the host/u,
    );
  });

  test.each(['', '-w', 'a b', 'a/b', 'x'.repeat(65)])('--name "%s"', (text) => {
    expect(objection(`--name "${text}" h`)).toMatch(/^--name ".*": up to 64 letters/u);
  });

  test.each(['cafe', '0123', 'DEADBEEF'])('--name %s, which could be an id', (text) => {
    expect(objection(`--name ${text} h`)).toMatch(/: it could be the beginning of a session's id/u);
  });

  test.each([
    '--name w -N h',
    '--name w -T h',
    '--name w h make',
    '--name w -s h sftp',
    '--name w -W db:80 h',
  ])('%s: there is no terminal to come back to', (line) => {
    expect(objection(line)).toContain('--name is for a shell or a command on a terminal');
  });

  test.each(['--name w -tt h make', '--name w -c top h', '--local --name w'])(
    '%s has a terminal',
    (line) => {
      expect(objection(line)).toBe('accepted');
    },
  );

  test.each(['no', 'Live', ''])('--backlog "%s"', (text) => {
    expect(objection(`--backlog "${text}" h`)).toBe(`--backlog "${text}": replay or live or ask`);
  });

  test.each(['0', '0s', '', '-1', '1w', '1.5h', 'ever', '9999999999'])('--grace "%s"', (text) => {
    expect(objection(`--grace "${text}" h`)).toMatch(/^--grace ".*": at least 1s, written as 90s/u);
  });

  test.each(['', '~~', '^^^', 'é', '^!', '\u0007'])('--escape-char "%s"', (text) => {
    expect(objection(`--escape-char "${text}" h`)).toMatch(/^--escape-char ".*": one character/u);
  });
});

describe('a jump host', () => {
  test('is a host for ssh, and a router for links', () => {
    expect(parseCommandLine(['--jumphost', 'me@gate', '--jport', '7000', 'host'])).toMatchObject({
      ssh: { jump: 'me@gate' },
      jumpHost: { destination: { user: 'me', host: 'gate' }, port: 7000 },
    });
    expect(parseCommandLine(['--jumphost', 'gate', 'host'])).toMatchObject({
      jumpHost: { port: 2022 },
    });
    expect(parseCommandLine(['-J', 'gate', 'host'])).not.toHaveProperty('jumpHost');
  });

  test.each([
    [['--jport', '7', 'host'], '--jport goes with --jumphost HOST'],
    [['--jumphost', 'gate', '--jport', '0', 'host'], '--jport "0": a port within 1-65535'],
    [['--jumphost', 'gate', '-J', 'gate', 'host'], '--jumphost and -J both name a jump host'],
    [['--jumphost', 'gate:7', 'host'], '--jport N'],
    [['--jumphost', '-x', 'host'], '--jumphost'],
    [['--jumphost', 'gate', '--ssh', 'gcloud compute ssh', 'host'], 'is not given to the command'],
    [['--jumphost', 'gate', '--local'], '--local'],
  ])('%j is a mistake, which is named', (line, message) => {
    expect(() => parseCommandLine(line)).toThrow(message);
  });
});

describe('a flag that means something else in another program says both meanings', () => {
  test.each([
    ['-t h top', ['-t', 'in ssh', '--tty', 'Eternal Terminal', 'tunnel']],
    ['-vt h', ['-t', 'in ssh', 'Eternal Terminal']],
    ['-p 60000-61000 h', ["ssh's port", "Eternal Terminal's -p", '--port']],
    ['-k h', ['seconds', "ssh's -k", 'GSSAPIDelegateCredentials']],
    ['--pad 255 h', ['256-1400']],
    ['--pad 1401 h', ['256-1400']],
    ['--pad x h', ['256-1400']],
    ['-k 0 h', ['1-3600']],
    ['-k 3601 h', ['1-3600']],
    ['-e none h', ['-c CMD', 'Eternal Terminal', "ssh's -e", '--escape-char']],
    ['-c aes128-gcm@openssh.com h', ["ssh's -c", '-o Ciphers=aes128-gcm@openssh.com']],
    ['-v 9 h', ['no number', 'Eternal Terminal', '-vvv']],
    ['--verbose 9 h', ['--verbose', '-v']],
  ])('%s', (line, parts) => {
    const message = objection(line);
    expect(parts.filter((part) => !message.includes(part))).toEqual([]);
  });
});

test('no message is longer than a line, and each names what was typed', () => {
  const values = CLIENT_FLAGS.filter(({ argument }) => argument !== undefined);
  for (const flag of values) {
    const spelling = flag.short ?? flag.long ?? '';
    const message = objection(`${spelling} "\u0007" h`);
    expect(message, spelling).not.toMatch(/\p{Cc}/u);
    // A command may be anything, and so may what --ssh runs.
    if (flag.key !== 'command' && flag.key !== 'ssh') expect(message).toContain(spelling);
  }
});
