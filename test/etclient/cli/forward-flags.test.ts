import { describe, expect, test } from 'vitest';
import { EtError } from '../../../src/base/errors.ts';
import type { SessionFlags } from '../../../src/etclient/cli/client-command.ts';
import { specsOf } from '../../../src/etclient/cli/forward-flags.ts';
import { parseCommandLine } from '../../../src/etclient/cli/parse-command-line.ts';
import { formatForward } from '../../../src/forward/forward-spec.ts';

function flagsOf(line: string): SessionFlags {
  const command = parseCommandLine(line.split(' '));
  if (command.kind !== 'connect' && command.kind !== 'local') throw new Error(command.kind);
  return command;
}

function forwardsOf(line: string, gatewayPorts = false): string[] {
  const { typed } = flagsOf(line).forwards;
  return specsOf(typed, gatewayPorts).map((spec) => `${spec.kind} ${formatForward(spec)}`);
}

function objection(line: string): string {
  try {
    parseCommandLine(line.split(' '));
  } catch (error) {
    if (error instanceof EtError && error.code === 'ET_ERR_USAGE') return error.message;
    throw error;
  }
  return 'accepted';
}

describe('a forward', () => {
  test.each([
    ['-L 8003:db:5432 h', ['local 8003 -> db:5432']],
    ['-L8003:db:5432 h uptime', ['local 8003 -> db:5432']],
    ['-R 0:localhost:80 --local', ['remote 0 -> localhost:80']],
    ['-D 1080 -D *:1081 h', ['dynamic 1080 -> socks', 'dynamic *:1081 -> socks']],
    ['--http-proxy 3128 h', ['http-proxy 3128 -> http']],
    ['-t 8000-8001:80-81 h', ['local 8000 -> localhost:80', 'local 8001 -> localhost:81']],
    ['--tunnel=8000:80,8001:81 h', ['local 8000 -> localhost:80', 'local 8001 -> localhost:81']],
    ['-r SOCK:/run/a h', ['remote SOCK -> /run/a']],
    ['-U 53:dns:53 --udp-reverse 54:dns:53 h', ['udp 53 -> dns:53', 'udp-reverse 54 -> dns:53']],
    ['-L /a:/b -N h', ['local /a -> /b']],
  ])('et %s', (line, forwards) => {
    expect(forwardsOf(line)).toEqual(forwards);
  });

  test('that names no address to bind is open to all under GatewayPorts, and others stay', () => {
    expect(forwardsOf('-L 1:h:2 -D 3 -L 127.0.0.1:4:h:5 h', true)).toEqual([
      'local *:1 -> h:2',
      'dynamic *:3 -> socks',
      'local 127.0.0.1:4 -> h:5',
    ]);
  });

  test.each([
    ['-L 8003 h', '-L "8003"'],
    ['-R x:y:z h', '-R "x:y:z"'],
    ['-D 65536 h', '-D "65536"'],
    ['-t 8000-8001:80 h', '-t "8000-8001:80"'],
    ['--udp-idle 0 h', '--udp-idle "0"'],
    ['--ssh-socket agent h', '--ssh-socket "agent"'],
    ['-W host h', '-W "host"'],
  ])('that cannot be read is named: et %s', (line, part) => {
    expect(objection(line)).toContain(part);
  });
});

describe('what runs beside forwards', () => {
  test('is nothing with -N, and a connection with -W', () => {
    expect(flagsOf('-N h').work).toEqual({ kind: 'none' });
    expect(flagsOf('-W [::1]:22 h').work).toEqual({
      kind: 'stdio',
      target: { kind: 'tcp', host: '::1', port: 22 },
    });
    expect(flagsOf('-L 1:h:2 h').work).toEqual({ kind: 'shell' });
  });

  test.each([
    ['-N h uptime', '-N'],
    ['-N -c top h', '-c'],
    ['-W a:1 -s h sftp', '-s'],
    ['-W a:1 --tty h', '--tty'],
    ['-fN h', 'background'],
  ])('et %s is one thing too many', (line, part) => {
    expect(objection(line)).toContain(part);
  });
});

test.each([
  ['-A h', true],
  ['-f h', true],
  ['--forward-ssh-agent h', true],
  ['-A -a h', false],
  ['-a -A h', true],
  ['--ssh-socket /run/agent h', true],
  ['h', undefined],
])('et %s: the last word about the agent counts', (line, agent) => {
  expect(flagsOf(line).forwards.agent).toBe(agent);
});
