import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseServiceWords, type ServiceCommand } from '../../src/etclient/cli/service-words.ts';
import type { WorkEnd } from '../../src/etclient/exit.ts';
import type { ProgramEnd } from '../../src/etclient/run-program.ts';
import { serviceCommand } from '../../src/etclient/service-command.ts';

const NO_BUS = 'Failed to connect to bus: No medium found';
const OK: ProgramEnd = { status: 0, stdout: '', stderr: '' };

let home: string;
let calls: string[];
let printed: string;
/** Answers by how the call begins; anything else succeeds and says nothing. */
let answers: Map<string, ProgramEnd | undefined>;
let environment: Record<string, string>;
let platform: NodeJS.Platform;

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'et-service-'));
  calls = [];
  printed = '';
  answers = new Map([['loginctl', { ...OK, stdout: 'Linger=yes\n' }]]);
  environment = { USER: 'me' };
  platform = 'linux';
});

afterEach(() => {
  rmSync(home, { recursive: true, force: true });
});

async function et(line: string): Promise<WorkEnd> {
  const command = parseServiceWords(line.split(' ')) as ServiceCommand;
  calls = [];
  printed = '';
  return await serviceCommand(command, {
    platform,
    environment,
    home,
    userId: 1000,
    program: ['/usr/bin/node', '/opt/et/bin/et.js'],
    write: async (text) => {
      printed += text;
    },
    run: async (program, args) => {
      const call = [program, ...args].join(' ');
      calls.push(call);
      const answer = [...answers].find(([start]) => call.startsWith(start));
      return answer === undefined ? OK : answer[1];
    },
  });
}

function unitPath(name: string): string {
  return join(home, '.config/systemd/user', `everterm-${name}.service`);
}

const INSTALL = 'install work -- -L 5432:db:5432 -D 1080 me@host';

describe('install', () => {
  test('writes a unit, and starts it', async () => {
    expect(await et(INSTALL)).toEqual({ status: 0 });
    const unit = readFileSync(unitPath('work'), 'utf8');
    expect(unit).toContain(
      '\nExecStart=/usr/bin/node /opt/et/bin/et.js -N -L 5432:db:5432 -D 1080 me@host\n',
    );
    expect(readdirSync(join(home, '.config/systemd/user'))).toEqual(['everterm-work.service']);
    expect(calls).toEqual([
      'systemctl --user daemon-reload',
      'systemctl --user enable --now everterm-work.service',
      'loginctl show-user 1000 --property=Linger',
    ]);
    expect(printed.split('\n')).toEqual([
      `work is started: ${unitPath('work')}`,
      'what it says: journalctl --user -u everterm-work.service',
      expect.stringContaining('systemctl --user import-environment SSH_AUTH_SOCK'),
      '',
    ]);
  });

  test('all may read the unit, whatever the umask is', async () => {
    const before = process.umask(0o077);
    try {
      await et(INSTALL);
    } finally {
      process.umask(before);
    }
    expect(statSync(unitPath('work')).mode & 0o7777).toBe(0o644);
  });

  test('says once how to linger, where that is off', async () => {
    answers.set('loginctl', { ...OK, stdout: 'Linger=no\n' });
    await et(INSTALL);
    expect(printed.match(/loginctl enable-linger me\n/gu)).toHaveLength(1);
    answers.set('loginctl', { status: 1, stdout: '', stderr: 'not logged in or lingering' });
    await et('install other -- host');
    expect(printed).toContain('loginctl enable-linger me\n');
    answers.set('loginctl', undefined);
    await et('install third -- host');
    expect(printed).not.toContain('linger');
  });

  test('puts nothing of the environment into the unit', async () => {
    environment = { USER: 'me', SSH_AUTH_SOCK: '/tmp/secret', TOKEN: 'secret' };
    await et(INSTALL);
    expect(readFileSync(unitPath('work'), 'utf8')).not.toMatch(/secret|Environment/u);
  });

  test('heeds XDG_CONFIG_HOME, unless it is relative', async () => {
    environment = { XDG_CONFIG_HOME: join(home, 'etc') };
    await et(INSTALL);
    expect(existsSync(join(home, 'etc/systemd/user/everterm-work.service'))).toBe(true);
    environment = { XDG_CONFIG_HOME: 'etc' };
    await et(INSTALL);
    expect(existsSync(unitPath('work'))).toBe(true);
  });

  test('refuses a name that is taken, and leaves it as it is', async () => {
    await et(INSTALL);
    const before = readFileSync(unitPath('work'), 'utf8');
    expect(await et('install work -- other')).toEqual({
      status: 255,
      message: `there is a service work already (${unitPath('work')})`,
      advice: 'choose another name, or write et service install --replace work',
    });
    expect(calls).toEqual([]);
    expect(readFileSync(unitPath('work'), 'utf8')).toBe(before);
  });

  test('--replace starts the changed one in place of what runs', async () => {
    await et(INSTALL);
    expect(await et('install --replace work -- other')).toEqual({ status: 0 });
    expect(readFileSync(unitPath('work'), 'utf8')).toContain('et.js -N other\n');
    expect(calls.slice(0, 3)).toEqual([
      'systemctl --user daemon-reload',
      'systemctl --user enable everterm-work.service',
      'systemctl --user restart everterm-work.service',
    ]);
  });

  test('--replace of a name that is free is a first start', async () => {
    await et('install --replace work -- other');
    expect(calls[1]).toBe('systemctl --user enable --now everterm-work.service');
  });

  test('replaces a link, and not what it leads to', async () => {
    mkdirSync(join(home, '.config/systemd/user'), { recursive: true });
    symlinkSync('/dev/null', unitPath('work'));
    expect((await et(INSTALL)).status).toBe(255);
    expect((await et('install --replace work -- other')).status).toBe(0);
    expect(readFileSync(unitPath('work'), 'utf8')).toContain('et.js -N other\n');
  });

  test.each([
    ['there is no bus', 'systemctl', { status: 1, stdout: '', stderr: `${NO_BUS}\nmore\n` }],
    ['it is not enabled', 'systemctl --user enable', { status: 1, stdout: '', stderr: '' }],
    ['there is no systemctl', 'systemctl', undefined],
  ])('where %s the file is there, and one line tells what to run', async (_, call, answer) => {
    answers.set(call, answer);
    const { status, message, advice } = await et(INSTALL);
    expect(status).toBe(255);
    expect(message).toMatch(
      new RegExp(
        `^${unitPath('work')} is written, but the service is not started: systemctl `,
        'u',
      ),
    );
    expect(message).not.toContain('\n');
    expect(advice).toBe(
      'when that is mended: systemctl --user daemon-reload && systemctl --user enable everterm-work.service && systemctl --user restart everterm-work.service',
    );
    expect(existsSync(unitPath('work'))).toBe(true);
    expect(printed).toBe('');
  });

  test.each(['host uptime', '-c htop host', '-W h:1 host', '--local', ''])(
    'writes nothing for: -- %s',
    async (args) => {
      const words = ['install', 'work', '--', ...args.split(' ').filter((word) => word !== '')];
      await expect(et(words.join(' '))).rejects.toMatchObject({ code: 'ET_ERR_USAGE' });
      expect(calls).toEqual([]);
      expect(readdirSync(home)).toEqual([]);
    },
  );
});

describe('ls', () => {
  test('is a table', async () => {
    await et(INSTALL);
    await et('install a.b -- -D 1081 other');
    // Not ours, or no unit at all.
    writeFileSync(unitPath('a b'), '');
    writeFileSync(`${unitPath('work')}.part`, '');
    answers.set('systemctl --user is-active', {
      status: 3,
      stdout: 'activating\nactive\n',
      stderr: '',
    });
    expect(await et('ls')).toEqual({ status: 0, message: undefined });
    expect(calls).toEqual([
      'systemctl --user is-active everterm-a.b.service everterm-work.service',
    ]);
    expect(printed).toBe(
      [
        'name  state       command',
        'a.b   activating  et -N -D 1081 other',
        'work  active      et -N -L 5432:db:5432 -D 1080 me@host',
        '',
      ].join('\n'),
    );
  });

  test('--json has it all', async () => {
    await et('install work -- host');
    answers.set('systemctl --user is-active', { ...OK, stdout: 'active\n' });
    await et('ls --json');
    expect(JSON.parse(printed)).toEqual({
      services: [
        {
          name: 'work',
          state: 'active',
          command: ['/usr/bin/node', '/opt/et/bin/et.js', '-N', 'host'],
          file: unitPath('work'),
        },
      ],
    });
  });

  test('without any service nobody is asked', async () => {
    expect(await et('ls')).toEqual({
      status: 0,
      message: 'there is no service; et service install makes one',
    });
    expect(printed).toBe('');
    expect(await et('ls --json')).toMatchObject({ status: 0 });
    expect(printed).toBe('{"services":[]}\n');
    expect(calls).toEqual([]);
  });

  test('where nobody can say what they do, they are listed all the same', async () => {
    await et('install work -- host');
    symlinkSync('/nowhere', unitPath('masked'));
    answers.set('systemctl', { status: 1, stdout: '', stderr: `${NO_BUS}\n` });
    expect(await et('ls')).toEqual({
      status: 0,
      message: `systemctl --user is-active: ${NO_BUS}`,
    });
    expect(printed).toMatch(/^masked +unknown$/mu);
    expect(printed).toMatch(/^work +unknown +et -N host$/mu);
  });
});

describe('rm', () => {
  test('ends the service, and nothing is left of it', async () => {
    await et(INSTALL);
    await et('install other -- host');
    expect(await et('rm work')).toEqual({ status: 0 });
    expect(calls).toEqual([
      'systemctl --user disable --now everterm-work.service',
      'systemctl --user daemon-reload',
    ]);
    expect(readdirSync(join(home, '.config/systemd/user'))).toEqual(['everterm-other.service']);
  });

  test('a name that is not known is 255', async () => {
    expect(await et('rm work')).toEqual({
      status: 255,
      message: 'there is no service work',
      advice: 'et service ls lists all',
    });
    expect(calls).toEqual([]);
  });

  test('where it cannot be ended it is deleted with its link, and one line says so', async () => {
    await et(INSTALL);
    const wants = join(home, '.config/systemd/user/default.target.wants');
    mkdirSync(wants);
    symlinkSync(unitPath('work'), join(wants, 'everterm-work.service'));
    answers.set('systemctl', { status: 1, stdout: '', stderr: NO_BUS });
    expect(await et('rm work')).toEqual({
      status: 255,
      message: `${unitPath('work')} is deleted, but the service may still run: systemctl --user disable --now everterm-work.service: ${NO_BUS}`,
    });
    expect(existsSync(unitPath('work'))).toBe(false);
    expect(readdirSync(wants)).toEqual([]);
  });
});

describe('on macOS', () => {
  const LOADED: ProgramEnd = { ...OK, stdout: 'x = {\n\tstate = running\n\tpid = 7\n}\n' };
  const NOT_LOADED: ProgramEnd = { status: 113, stdout: '', stderr: 'Could not find service' };

  function agentPath(): string {
    return join(home, 'Library/LaunchAgents/everterm.work.plist');
  }

  beforeEach(() => {
    platform = 'darwin';
  });

  test('install writes an agent and has launchd start it', async () => {
    expect(await et(INSTALL)).toEqual({ status: 0 });
    expect(readFileSync(agentPath(), 'utf8')).toContain('<string>-N</string>');
    expect(calls).toEqual([`launchctl bootstrap gui/1000 ${agentPath()}`]);
    expect(printed).toContain(`${home}/Library/Logs/everterm.work.log\n`);
    expect(printed).not.toContain('systemctl');
  });

  test('--replace takes the old one out first, loaded or not', async () => {
    await et(INSTALL);
    answers.set('launchctl bootout', NOT_LOADED);
    expect(await et('install --replace work -- other')).toEqual({ status: 0 });
    expect(calls).toEqual([
      'launchctl bootout gui/1000/everterm.work',
      `launchctl bootstrap gui/1000 ${agentPath()}`,
    ]);
  });

  test('where launchd cannot start it the file is there', async () => {
    answers.set('launchctl', { status: 125, stdout: '', stderr: 'Domain does not support it\n' });
    const { status, message, advice } = await et(INSTALL);
    expect(status).toBe(255);
    expect(message).toContain(': Domain does not support it');
    expect(advice).toContain(`launchctl bootstrap gui/1000 '${agentPath()}'`);
    expect(existsSync(agentPath())).toBe(true);
  });

  test('ls has the state in the words of launchd', async () => {
    await et(INSTALL);
    answers.set('launchctl print gui/1000/everterm.work', LOADED);
    await et('ls');
    expect(printed).toMatch(/^work +running +et -N -L 5432:db:5432 -D 1080 me@host$/mu);
    answers.set('launchctl print gui/1000/everterm.work', NOT_LOADED);
    await et('ls');
    expect(printed).toMatch(/^work +not loaded +et /mu);
    answers.set('launchctl print gui/1000/everterm.work', undefined);
    expect(await et('ls')).toMatchObject({ message: 'launchctl cannot be run here' });
    expect(printed).toMatch(/^work +unknown +et /mu);
  });

  test('rm takes it out, if it is loaded, and deletes it', async () => {
    await et(INSTALL);
    expect(await et('rm work')).toEqual({ status: 0 });
    expect(calls).toEqual([
      'launchctl print gui/1000/everterm.work',
      'launchctl bootout gui/1000/everterm.work',
    ]);
    expect(existsSync(agentPath())).toBe(false);
    await et(INSTALL);
    answers.set('launchctl print', NOT_LOADED);
    expect(await et('rm work')).toEqual({ status: 0 });
    expect(calls).toHaveLength(1);
  });
});
