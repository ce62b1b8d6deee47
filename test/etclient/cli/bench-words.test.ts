import { expect, test } from 'vitest';
import { EtError } from '../../../src/base/errors.ts';
import { parseCommandLine } from '../../../src/etclient/cli/parse-command-line.ts';

function objection(line: string): string {
  try {
    parseCommandLine(line.split(' '));
  } catch (error) {
    if (error instanceof EtError && error.code === 'ET_ERR_USAGE') return error.message;
    throw error;
  }
  return 'accepted';
}

const WORK = { kind: 'bench', host: 'me@h', seconds: 3, json: false };

test.each<[string, object]>([
  ['bench me@h', { kind: 'connect', work: WORK }],
  ['bench --json me@h', { work: { ...WORK, json: true } }],
  ['bench me@h --json --seconds 10', { work: { ...WORK, json: true, seconds: 10 } }],
  ['bench --seconds=1 -- me@h', { work: { ...WORK, seconds: 1 } }],
  ['bench -p 22 -J gate --via ssh me@h', { work: WORK, via: 'ssh', ssh: { port: 22 } }],
  ['bench me@h --port 7000', { work: WORK, serverPort: '7000' }],
  ['bench me@h:7000', { work: { ...WORK, host: 'me@h:7000' }, serverPort: '7000' }],
  ['bench --local --json', { kind: 'local', work: { ...WORK, host: 'local', json: true } }],
  ['bench h --help', { kind: 'help' }],
  ['bench -V', { kind: 'version' }],
])('et %s', (line, command) => {
  expect(parseCommandLine(line.split(' '))).toMatchObject(command);
});

test('its session does not wait for ever for a client that was killed, unless it is told to', () => {
  expect(parseCommandLine(['bench', 'h'])).toMatchObject({ graceSeconds: 900 });
  expect(parseCommandLine(['bench', '--grace', '5s', 'h'])).toMatchObject({ graceSeconds: 5 });
});

test.each([
  ['bench', 'write et bench [user@]host'],
  ['bench --json', 'write et bench [user@]host'],
  ['bench h uptime', 'does not take "uptime"; to run something on a host called bench'],
  ['bench --local h', 'does not take "h"'],
  ['bench -L 8003:h:80 h', '-L is not for et bench'],
  ['bench -c ls h', '-c/--command is not for et bench'],
  ['bench h -N', 'is not for et bench'],
  ['bench -G h', '-G is not for et bench'],
  ['bench --seconds 0 h', '--seconds "0": '],
  ['bench --seconds 601 h', 'within 1-600'],
  ['bench --seconds 1.5 h', 'within 1-600'],
  ['bench --seconds', '--seconds needs a value'],
  ['bench --jsn h', 'did you mean --json?'],
  ['bench -- -x', 'the host'],
  ['bench --local --via ssh', '--local has none'],
])('et %s: ... %s ...', (line, text) => {
  const message = objection(line);
  expect(message).toContain(text);
  expect(message).not.toContain('\n');
});

test('a host called bench is reached with anything before it', () => {
  expect(parseCommandLine(['--', 'bench'])).toMatchObject({ work: { kind: 'shell' } });
  expect(parseCommandLine(['me@bench', 'ls'])).toMatchObject({ work: { kind: 'command' } });
});
