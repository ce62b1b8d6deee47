import { describe, expect, test } from 'vitest';
import { EtError } from '../../../src/base/errors.ts';
import { parseCommandLine } from '../../../src/etclient/cli/parse-command-line.ts';
import { parseSubcommand } from '../../../src/etclient/cli/subcommands.ts';

function objection(line: string): string {
  try {
    parseSubcommand(line.split(' '));
  } catch (error) {
    if (error instanceof EtError && error.code === 'ET_ERR_USAGE') return error.message;
    throw error;
  }
  return 'accepted';
}

const STATUS = { kind: 'status', json: false, session: undefined };
const FORWARD = { kind: 'forward', session: undefined };

test.each<[string, unknown]>([
  ['status', STATUS],
  ['status --json', { ...STATUS, json: true }],
  ['status --session me@h', { ...STATUS, session: 'me@h' }],
  ['status --session=4711 --json', { ...STATUS, session: '4711', json: true }],
  ['status --help', { kind: 'help' }],
  ['forward --help', { kind: 'help' }],
  ['forward ls', { ...FORWARD, verb: 'ls' }],
  ['forward ls --session h', { ...FORWARD, session: 'h', verb: 'ls' }],
  ['forward --session h ls', { ...FORWARD, session: 'h', verb: 'ls' }],
  ['forward add -L 8003:h:80', { ...FORWARD, verb: 'add', flag: '-L', value: '8003:h:80' }],
  ['forward add -L8003:h:80', { ...FORWARD, verb: 'add', flag: '-L', value: '8003:h:80' }],
  ['forward -L 8003:h:80 add', { ...FORWARD, verb: 'add', flag: '-L', value: '8003:h:80' }],
  ['forward rm -L 8003', { ...FORWARD, verb: 'rm', flag: '-L', value: '8003' }],
  ['forward rm -L 8003:h:80', { ...FORWARD, verb: 'rm', flag: '-L', value: '8003:h:80' }],
  ['forward rm -r SSH_AUTH_SOCK', { ...FORWARD, verb: 'rm', flag: '-r', value: 'SSH_AUTH_SOCK' }],
  ['forward add -R 0:h:80', { ...FORWARD, verb: 'add', flag: '-R', value: '0:h:80' }],
  ['forward add -D 1080', { ...FORWARD, verb: 'add', flag: '-D', value: '1080' }],
  ['forward add --tunnel 1-2:3-4', { ...FORWARD, verb: 'add', flag: '-t', value: '1-2:3-4' }],
  ['forward add --udp 53:h:53', { ...FORWARD, verb: 'add', flag: '-U', value: '53:h:53' }],
  [
    'forward add --udp-reverse 53:h:53',
    { ...FORWARD, verb: 'add', flag: '--udp-reverse', value: '53:h:53' },
  ],
  [
    'forward add --http-proxy 8080 --session h',
    { ...FORWARD, session: 'h', verb: 'add', flag: '--http-proxy', value: '8080' },
  ],
])('et %s', (line, command) => {
  expect(parseSubcommand(line.split(' '))).toEqual(command);
});

describe('what is wrong is said in one line', () => {
  test.each([
    ['forward', 'needs add, rm or ls'],
    ['forward list', 'does not take "list"; to run something on a host called forward'],
    ['forward ls h', 'does not take "h"'],
    ['forward ls -L 8003:h:80', 'leave out -L'],
    ['forward add', 'needs a flag and its value'],
    ['forward add 8003:h:80', 'does not take "8003:h:80"'],
    ['forward add -L', 'needs a value'],
    ['forward add -L 8003', 'lacks a part'],
    ['forward add -L 8003:h:80 -D 1080', 'leave out -D'],
    ['forward rm -L 8003:h', 'is no port'],
    ['forward rm -L x:y:z', '-L "x:y:z"'],
    ['forward add -N', '-N is not a flag'],
    ['forward ls --json', 'et status --json'],
    ['status uptime', 'write et -- status'],
    ['status -L 8003:h:80', '-L is not a flag of et status'],
    ['status --jsn', 'did you mean --json?'],
    ['status --session -x', '--session "-x"'],
  ])('et %s: ... %s ...', (line, text) => {
    const message = objection(line);
    expect(message).toContain(text);
    expect(message).not.toContain('\n');
  });
});

describe('a host of that name is reached with anything before it', () => {
  test.each([
    [['--', 'status'], 'status', 'shell'],
    [['me@forward', 'ls'], 'forward', 'command'],
    [['-p', '22', 'status'], 'status', 'shell'],
    [['-N', 'forward'], 'forward', 'none'],
    [['statuss'], 'statuss', 'shell'],
  ])('et %j', (argv, host, work) => {
    expect(parseCommandLine(argv)).toMatchObject({
      kind: 'connect',
      destination: { host },
      work: { kind: work },
    });
  });

  test('and not where it stands first', () => {
    expect(parseCommandLine(['status'])).toMatchObject({ kind: 'status' });
    expect(parseCommandLine(['forward', 'ls'])).toMatchObject({ kind: 'forward' });
  });
});
