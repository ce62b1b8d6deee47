import { describe, expect, test } from 'vitest';
import { EtError } from '../../../src/base/errors.ts';
import { serverHelp } from '../../../src/etserver/cli/help-text.ts';
import { SERVER_FLAGS, SUBCOMMANDS } from '../../../src/etserver/cli/option-table.ts';
import { parseCommandLine } from '../../../src/etserver/cli/parse-command-line.ts';
import type { ServerCommand } from '../../../src/etserver/cli/server-command.ts';

const ID = '0123456789abcdef0123456789abcdef';

function argv(line: string): string[] {
  return line.split(' ').filter((word) => word !== '');
}

test.each<[string, ServerCommand]>([
  ['session', { kind: 'session', detached: false }],
  ['session --detached', { kind: 'session', detached: true }],
  ['--detached session', { kind: 'session', detached: true }],
  [`connect ${ID}`, { kind: 'connect', id: ID }],
  [`alive ${ID.toUpperCase()}`, { kind: 'alive', id: ID }],
  ['ls', { kind: 'list', json: false }],
  ['ls --json', { kind: 'list', json: true }],
  ['kill --all', { kind: 'kill', ids: 'all' }],
  [`kill ${ID} ABCD`, { kind: 'kill', ids: [ID, 'abcd'] }],
  ['--help', { kind: 'help' }],
  ['-h', { kind: 'help' }],
  ['kill --help', { kind: 'help' }],
  ['--version', { kind: 'version' }],
  ['-V', { kind: 'version' }],
])('%s', (line, expected) => {
  expect(parseCommandLine(argv(line))).toEqual(expected);
});

describe('the router, whose flags take values', () => {
  const usual = {
    kind: 'router',
    port: 2022,
    bind: [],
    socket: undefined,
    forwardTo: undefined,
    hasUdp: true,
  };
  test.each<[string, object]>([
    ['', usual],
    ['router', usual],
    ['-p 7000', { ...usual, port: 7000 }],
    ['router --no-udp', { ...usual, hasUdp: false }],
    ['router -p7000', { ...usual, port: 7000 }],
    ['router --port=0 --port 7', { ...usual, port: 7 }],
    ['router --bind ::1 --bind=10.0.0.5', { ...usual, bind: ['::1', '10.0.0.5'] }],
    ['--bind [::1]', { ...usual, bind: ['::1'] }],
    ['--socket /run/x/r.sock', { ...usual, socket: '/run/x/r.sock' }],
    ['router --status', { kind: 'router-status', socket: undefined, json: false }],
    ['router --status --json --socket /x', { kind: 'router-status', socket: '/x', json: true }],
    ['router --help', { kind: 'help' }],
    ['router -V', { kind: 'version' }],
  ])('%s', (line, expected) => {
    expect(parseCommandLine(argv(line))).toEqual(expected);
  });

  test('--allow-forward-to may be repeated, and adds', () => {
    const command = parseCommandLine(
      argv('router --allow-forward-to a.example --allow-forward-to b.example:7'),
    );
    if (command.kind !== 'router') throw new Error(command.kind);
    const { forwardTo } = command;
    expect(forwardTo?.objectionToName('a.example', 2022)).toBeUndefined();
    expect(forwardTo?.objectionToName('b.example', 7)).toBeUndefined();
    expect(forwardTo?.objectionToName('b.example', 8)).toContain('not among');
  });

  test.each([
    ['router -p 65536', '-p "65536": a port within 1-65535, or 0 for any; the default is 2022'],
    ['router -p', '-p needs a value: -p PORT'],
    ['router --bind -x', '--bind "-x": an address of this machine, as 10.0.0.5 or ::1'],
    ['router --socket x', '--socket "x": an absolute path, as /run/et/router.sock'],
    ['router --statsu', '"--statsu" is not a flag of etserver router; did you mean --status?'],
    ['router --status=1', '--status takes no value: leave --status=1 at that'],
    ['router --json', '--json goes with --status: write both, or leave it out'],
    ['router --status -p 7', '--status asks a router that runs: leave out -p/--port'],
    ['router foo', 'etserver router takes no "foo": leave it out'],
    ['router --all', '"--all" is not a flag of etserver router; etserver --help lists all'],
  ])('%s', (line, message) => {
    expect(() => parseCommandLine(argv(line))).toThrow(new EtError('ET_ERR_USAGE', message));
  });

  test('a target that is no host is named', () => {
    expect(() => parseCommandLine(argv('router --allow-forward-to 10.0.0.1/8'))).toThrow(
      /^--allow-forward-to: "10.0.0.1\/8": /u,
    );
  });
});

describe('a mistake is answered with the argument and the fix', () => {
  test.each([
    ['--json', 'etserver needs a command: router, ls, kill, detach, session, connect, alive'],
    [
      'list',
      '"list" is not a command of etserver; it has router, ls, kill, detach, session, connect, alive',
    ],
    ['sesion', '"sesion" is not a command of etserver; did you mean session?'],
    ['ls --jsno', '"--jsno" is not a flag of etserver; did you mean --json?'],
    ['ls --xyzzy', '"--xyzzy" is not a flag of etserver; etserver --help lists all'],
    ['ls --all', '--all is not a flag of etserver ls: leave it out'],
    ['ls foo', 'etserver ls takes no "foo": leave it out'],
    ['session foo', 'etserver session takes no "foo": leave it out'],
    ['connect', 'etserver connect takes one session id, not 0'],
    [`alive ${ID} ${ID}`, 'etserver alive takes one session id, not 2'],
    ['connect abcd', '"abcd" is not a session id: 32 hexadecimal digits'],
    [`alive ${ID}0`, `"${ID}0" is not a session id: 32 hexadecimal digits`],
    ['kill', 'etserver kill needs session ids, as etserver ls shows them, or --all'],
    ['kill --all abcd', 'etserver kill --all ends all sessions: leave --all or the ids out'],
    ['kill abc', '"abc" is not a session id: 4 to 32 hexadecimal digits'],
    ['kill ../../x', '"../../x" is neither a session\'s name nor the beginning of an id'],
  ])('%s', (line, message) => {
    expect(() => parseCommandLine(argv(line))).toThrow(new EtError('ET_ERR_USAGE', message));
  });
});

test('the help names every command and flag within 80 columns', () => {
  const help = serverHelp();
  for (const { name } of SUBCOMMANDS) expect(help).toMatch(new RegExp(`^  ${name}\\b`, 'mu'));
  for (const { long } of SERVER_FLAGS) expect(help).toContain(long);
  expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
});
