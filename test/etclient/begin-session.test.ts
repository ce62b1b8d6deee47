import { expect, test } from 'vitest';
import { destinationOf } from '../../src/etclient/begin-session.ts';
import { parseCommandLine } from '../../src/etclient/cli/parse-command-line.ts';

function nameOf(...argv: string[]): string {
  const command = parseCommandLine(argv);
  if (command.kind !== 'connect') throw new Error(`not a connection: ${command.kind}`);
  return destinationOf(command);
}

test('a session that was left behind belongs to one login on one sshd, however they were named', () => {
  expect(nameOf('host')).toBe('host');
  expect(nameOf('me@host')).toBe('me@host');
  expect(nameOf('-l', 'me', 'host')).toBe('me@host');
  expect(nameOf('-l', 'other', 'me@host')).toBe('other@host');
  expect(nameOf('-p', '2222', 'me@host')).toBe('me@host -p 2222');
  expect(nameOf('host:60001')).toBe('host');
});
