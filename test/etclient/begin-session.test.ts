import { expect, test } from 'vitest';
import { beginSession, destinationOf, sessionMembers } from '../../src/etclient/begin-session.ts';
import { parseCommandLine } from '../../src/etclient/cli/parse-command-line.ts';
import type { ClientDeps } from '../../src/etclient/client-deps.ts';

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

function members(argv: readonly string[], session?: string): object {
  const command = parseCommandLine(argv);
  if (command.kind !== 'connect') throw new Error(`not a connection: ${command.kind}`);
  return sessionMembers(command, session === undefined ? undefined : { session });
}

test('the host is told which session is meant, and nothing where none is', () => {
  expect(members(['h'])).toEqual({});
  expect(members(['--new', 'h'])).toEqual({});
  expect(members(['--name', 'w', 'h'])).toEqual({ name: 'w' });
  expect(members(['--new', '--name', 'w', 'h'])).toEqual({ name: 'w', attach: 'new' });
  expect(members(['--history', '1M', '--kill-other-sessions', 'h'])).toEqual({
    historyBytes: 1_048_576,
    killOthers: true,
  });
  expect(members(['h'], '3f9a')).toEqual({ attach: 'only', session: '3f9a' });
});

test('a name is for a terminal: without one nothing is begun', async () => {
  const command = parseCommandLine(['--name', 'w', 'h']);
  if (command.kind !== 'connect') throw new Error('no connection');
  const deps = { io: { isInputTerminal: false } } as unknown as ClientDeps;
  const runner = { name: 'ssh', run: () => expect.unreachable() };
  await expect(beginSession(deps, command, runner)).rejects.toThrow(
    '--name is for a shell on a terminal',
  );
});
