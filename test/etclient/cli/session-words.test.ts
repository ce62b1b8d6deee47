import { describe, expect, test } from 'vitest';
import { EtError } from '../../../src/base/errors.ts';
import type { ConnectCommand } from '../../../src/etclient/cli/client-command.ts';
import { parseCommandLine } from '../../../src/etclient/cli/parse-command-line.ts';
import type { SessionsCommand } from '../../../src/etclient/cli/sessions-command.ts';
import type { Settings } from '../../../src/etclient/cli/settings.ts';

function objection(line: string): string {
  try {
    parseCommandLine(line.split(' '));
  } catch (error) {
    if (error instanceof EtError && error.code === 'ET_ERR_USAGE') return error.message;
    throw error;
  }
  return 'accepted';
}

function parsed(line: string, settings?: Settings): SessionsCommand {
  const command = parseCommandLine(line.split(' '), settings);
  if (!('operands' in command)) throw new Error(`not about sessions: ${command.kind}`);
  return command;
}

const NO_WISH = { form: 'text', since: undefined };

test.each<[string, object]>([
  ['attach', { kind: 'attach', operands: [] }],
  ['attach work', { kind: 'attach', operands: ['work'] }],
  ['attach me@h 3f9a', { kind: 'attach', operands: ['me@h', '3f9a'] }],
  ['ls', { kind: 'ls', operands: [], json: false }],
  ['ls --json', { kind: 'ls', operands: [], json: true }],
  ['ls h --json -p 2222', { kind: 'ls', operands: ['h'], json: true }],
  ['kill work 3f9a', { kind: 'kill', operands: ['work', '3f9a'] }],
  ['detach', { kind: 'detach', operands: [] }],
  ['detach work', { kind: 'detach', operands: ['work'] }],
  ['history', { kind: 'history', operands: [], wish: NO_WISH }],
  ['history h work --raw', { kind: 'history', operands: ['h', 'work'], wish: { form: 'raw' } }],
  ['history --raw --text', { kind: 'history', operands: [], wish: NO_WISH }],
  ['history --since 4096 w', { kind: 'history', operands: ['w'], wish: { since: 4096 } }],
])('et %s', (line, command) => {
  expect(parsed(line)).toMatchObject(command);
});

test.each(['attach', 'ls', 'kill', 'detach', 'history'])(
  'et %s has help, and a host of that name is reached with anything before it',
  (verb) => {
    expect(parseCommandLine([verb, '--help'])).toEqual({ kind: 'help' });
    expect(parseCommandLine([verb, '-V'])).toEqual({ kind: 'version' });
    const other = [['--', verb], [`me@${verb}`], ['-q', verb]].map((argv) =>
      parseCommandLine(argv),
    );
    for (const command of other) {
      expect(command).toMatchObject({ kind: 'connect', destination: { host: verb } });
    }
  },
);

describe('what is wrong is said in one line', () => {
  test.each([
    ['attach a b c', 'does not take "c"'],
    ['attach a b c', 'write et -- attach'],
    ['ls a b', 'et ls does not take "b": et ls [HOST]'],
    ['kill', 'et kill needs the name or the id of a session, as et ls shows them'],
    ['attach --nmae x', 'did you mean --name?'],
    ['attach --name x', '--name is not for et attach, which begins nothing: leave it out'],
    ['attach -c top w', '-c/--command is not for et attach'],
    ['attach --local', '--local is not for et attach'],
    ['attach -N w', '-N/--no-terminal is not for et attach'],
    ['kill -L 1:h:2 w', '-L is not for et kill, which opens no terminal and forwards nothing'],
    ['history --backlog live', '--backlog is not for et history'],
    ['ls --raw', '--raw is a flag of et history, not of et ls'],
    ['attach --json', '--json is a flag of et ls, not of et attach'],
    ['history --since x', '--since "x": an offset in bytes'],
    ['history --since', '--since needs a value'],
    ['detach --', 'accepted'],
    ['ls -- -h', '"-h" names no session and no host'],
  ])('et %s: %s', (line, text) => {
    expect(objection(line)).toContain(text);
  });
});

describe('the way to a host', () => {
  const way = { host: 'me@h', flags: ['-p', '2222', '-i', '/k', '-J', 'gate', '--via', 'tcp'] };

  function connection(line: string, settings?: Settings): ConnectCommand {
    return parsed(line, settings).connect(way);
  }

  test('is that of its flags', () => {
    expect(connection('attach work')).toMatchObject({
      kind: 'connect',
      work: { kind: 'shell' },
      destination: { user: 'me', host: 'h' },
      ssh: { port: 2222, identityFiles: ['/k'], jump: 'gate' },
      via: 'tcp',
    });
  });

  test('but for what was typed; lists add up, what was typed first', () => {
    expect(connection('attach -p 22 -i /mine --via ssh -L 8003:db:80 work')).toMatchObject({
      ssh: { port: 22, identityFiles: ['/mine', '/k'], jump: 'gate' },
      via: 'ssh',
      forwards: { typed: [{ key: 'local-forward', value: '8003:db:80' }] },
    });
  });

  test('takes from the settings what fits: no forwards where nothing is worked in', () => {
    const entries = (text: string) => [{ text, place: 'config.toml:1' }];
    const settings: Settings = {
      valuesFor: (host) => [
        { name: 'grace', entries: entries('7d') },
        { name: 'server-path', entries: entries(host === 'h' ? '/srv/etserver' : '/none') },
        { name: 'local-forward', entries: entries('1:h:2') },
      ],
    };
    expect(connection('ls h', settings)).toMatchObject({
      serverPath: '/srv/etserver',
      graceSeconds: null,
      forwards: { typed: [] },
    });
    expect(connection('attach h', settings).forwards.typed).toHaveLength(1);
  });

  test('a flag of ssh that is wrong is told once there is a host', () => {
    expect(() => parsed('attach -p x work').connect(way)).toThrow('-p "x"');
  });

  test('a host that is none is told as on any command line', () => {
    expect(() => parsed('ls x').connect({ host: 'a b', flags: [] })).toThrow('the host: "a b"');
  });
});
