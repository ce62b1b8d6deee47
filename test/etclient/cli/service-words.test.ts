import { describe, expect, test } from 'vitest';
import { EtError } from '../../../src/base/errors.ts';
import { parseCommandLine } from '../../../src/etclient/cli/parse-command-line.ts';
import { parseServiceWords } from '../../../src/etclient/cli/service-words.ts';

function wordsOf(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}

function objection(line: string): string {
  try {
    parseServiceWords(wordsOf(line));
  } catch (error) {
    if (error instanceof EtError && error.code === 'ET_ERR_USAGE') return error.message;
    throw error;
  }
  return 'accepted';
}

const INSTALL = { kind: 'service', verb: 'install', name: 'work', replace: false };

test.each<[string, unknown]>([
  ['install work -- -L 1:h:2 me@h', { ...INSTALL, args: ['-L', '1:h:2', 'me@h'] }],
  ['install work -- -- status', { ...INSTALL, args: ['--', 'status'] }],
  ['install work -- --help', { ...INSTALL, args: ['--help'] }],
  ['install work --', { ...INSTALL, args: [] }],
  ['install --replace work -- h', { ...INSTALL, replace: true, args: ['h'] }],
  ['install work --replace -- h', { ...INSTALL, replace: true, args: ['h'] }],
  ['--replace install work -- h', { ...INSTALL, replace: true, args: ['h'] }],
  ['install work -- --replace h', { ...INSTALL, args: ['--replace', 'h'] }],
  ['ls', { kind: 'service', verb: 'ls', json: false }],
  ['ls --json', { kind: 'service', verb: 'ls', json: true }],
  ['rm work', { kind: 'service', verb: 'rm', name: 'work' }],
  ['--help', { kind: 'help' }],
  ['install -h', { kind: 'help' }],
])('et service %s', (line, command) => {
  expect(parseServiceWords(wordsOf(line))).toEqual(command);
});

describe('what is wrong is said in one line', () => {
  test.each([
    ['', 'needs install, ls or rm, as in et service install work --'],
    [
      'list',
      'does not take "list"; to run something on a host called service, write et -- service',
    ],
    ['install', 'needs a name'],
    ['install -- h', 'needs a name'],
    ['install work', 'stands behind --: et service install work -- -L'],
    ['install work -L 1:h:2 h', 'does not take "-L": what et is to be told stands behind --'],
    ['install work h -- x', 'does not take "h": what et is to be told stands behind --'],
    ['install --json work -- h', 'does not take "--json"'],
    ['ls work', 'does not take "work": leave it out'],
    ['ls --replace', 'does not take "--replace": leave it out'],
    ['ls --', 'does not take "--": leave it out'],
    ['rm', 'needs a name, as in et service rm work'],
    ['rm a b', 'does not take "b"'],
    ['rm work --json', 'does not take "--json"'],
    ['rm work -- h', 'does not take "--"'],
  ])('et service %s: ... %s ...', (line, text) => {
    const message = objection(line);
    expect(message).toContain(text);
    expect(message).not.toContain('\n');
  });
});

describe('a name is part of the name of a file and of a unit', () => {
  test.each(['work', 'a', 'A.b_c-9', '.', '0', 'x'.repeat(64)])('%s', (name) => {
    expect(parseServiceWords(['rm', name])).toMatchObject({ name });
  });

  test.each(['', 'a/b', '../x', 'a b', 'a@b', 'é', 'a\n', 'a%h', 'x'.repeat(65)])(
    'not %j',
    (name) => {
      expect(() => parseServiceWords(['rm', name])).toThrow('cannot name a service');
      expect(() => parseServiceWords(['install', name, '--', 'h'])).toThrow(
        'cannot name a service',
      );
    },
  );
});

test('a host called service is reached with anything before it', () => {
  expect(parseCommandLine(['service', 'ls'])).toMatchObject({ kind: 'service', verb: 'ls' });
  for (const argv of [['--', 'service'], ['me@service'], ['-p', '22', 'service', 'ls']]) {
    expect(parseCommandLine(argv)).toMatchObject({
      kind: 'connect',
      destination: { host: 'service' },
    });
  }
});
