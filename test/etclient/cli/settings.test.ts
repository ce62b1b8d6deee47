import { describe, expect, test } from 'vitest';
import { EtError } from '../../../src/base/errors.ts';
import type { FoundValue } from '../../../src/config/found-value.ts';
import type { ConnectCommand } from '../../../src/etclient/cli/client-command.ts';
import { parseCommandLine } from '../../../src/etclient/cli/parse-command-line.ts';
import type { Settings } from '../../../src/etclient/cli/settings.ts';

/** Says the same for every host, and which was asked for. */
class FakeSettings implements Settings {
  readonly asked: (string | undefined)[] = [];
  readonly #found: readonly FoundValue[];

  constructor(values: Readonly<Record<string, string | readonly string[]>>) {
    this.#found = Object.entries(values).map(([name, texts], index) => ({
      name,
      entries: [texts].flat().map((text) => ({ text, place: `/f:${index + 1}` })),
    }));
  }

  valuesFor(host: string | undefined): readonly FoundValue[] {
    this.asked.push(host);
    return this.#found;
  }
}

type Values = ConstructorParameters<typeof FakeSettings>[0];

function parsed(line: string, values: Values): unknown {
  return parseCommandLine(line.split(' '), new FakeSettings(values));
}

function objection(line: string, values: Values): string {
  try {
    parsed(line, values);
  } catch (error) {
    if (error instanceof EtError) return error.message;
    throw error;
  }
  return 'accepted';
}

test.each<[Values, Partial<ConnectCommand>]>([
  [{ via: 'ssh' }, { via: 'ssh' }],
  [{ port: '7000' }, { serverPort: '7000' }],
  [{ bind: '::1' }, { bind: '::1' }],
  [{ 'server-path': '/opt/e' }, { serverPath: '/opt/e' }],
  [{ ssh: 'gcloud compute ssh' }, { sshProgram: ['gcloud', 'compute', 'ssh'] }],
  [{ fallback: 'none' }, { fallback: 'none' }],
  [{ grace: '8h' }, { graceSeconds: 28_800 }],
  [{ keepalive: '9' }, { keepaliveSeconds: 9 }],
  [{ 'escape-char': 'none' }, { escape: null }],
  [{ log: '/l' }, { logFile: '/l' }],
  [{ verbose: '2' }, { logLevel: 2 }],
  [{ verbose: '0' }, { logLevel: 0 }],
  [{ quiet: 'true' }, { quiet: true }],
  [{ quiet: 'false' }, { quiet: false }],
  [{}, { logLevel: 0, serverPort: '60000-61000' }],
])('%j is what the flag says', (values, expected) => {
  expect(parsed('h', values)).toMatchObject({ kind: 'connect', ...expected });
});

test.each<[string, Values, Partial<ConnectCommand>]>([
  ['--via tcp h', { via: 'ssh' }, { via: 'tcp' }],
  ['--grace never h', { grace: '1h' }, { graceSeconds: null }],
  ['-k 5 h', { keepalive: '9' }, { keepaliveSeconds: 5 }],
  ['-v h', { verbose: '3' }, { logLevel: 1 }],
  ['-v h', { quiet: 'true' }, { quiet: false, logLevel: 1 }],
  ['-q h', { quiet: 'false' }, { quiet: true }],
  ['--port 1 h', { port: '2' }, { serverPort: '1' }],
  ['h:1', { port: '2' }, { serverPort: '1' }],
])('et %s goes before %j', (line, values, expected) => {
  expect(parsed(line, values)).toMatchObject(expected);
});

test('a host whose name is a digit is no level of -v where that is configured', () => {
  expect(parsed('7', { verbose: '1' })).toMatchObject({ logLevel: 1, destination: { host: '7' } });
  expect(objection('-v 7', {})).toContain('-v takes no number');
});

test('forwards add to those that are typed, which stand first', () => {
  const values = { 'local-forward': ['2:b:2', '3:c:3'], udp: ['4:d:4'], 'udp-idle': '5' };
  expect(parsed('-U 9:e:9 -L 1:a:1 h', values)).toMatchObject({
    forwards: {
      typed: [
        { key: 'udp', value: '9:e:9' },
        { key: 'local-forward', value: '1:a:1' },
        { key: 'local-forward', value: '2:b:2' },
        { key: 'local-forward', value: '3:c:3' },
        { key: 'udp', value: '4:d:4' },
      ],
      udpIdleSeconds: 5,
    },
  });
});

test.each([
  ['h', 'h'],
  ['me@Host.Example', 'Host.Example'],
  ['[::1]:7000', '::1'],
  ['ssh://me@h:22', 'h'],
  ['--local', undefined],
])('et %s asks for %s', (line, host) => {
  const settings = new FakeSettings({});
  parseCommandLine(line.split(' '), settings);
  expect(settings.asked).toEqual([host]);
});

test.each(['--help', '--version', '-G h', 'status', 'forward ls', 'service ls'])(
  'et %s asks for nothing, so that no mistake in a file keeps it from its work',
  (line) => {
    const settings = new FakeSettings({ via: 'ssh' });
    parseCommandLine(line.split(' '), settings);
    expect(settings.asked).toEqual([]);
  },
);

describe('what does not fit a command is not taken from the settings', () => {
  const forwards = { 'local-forward': ['1:a:1'], 'http-proxy': ['8080'] };

  test('et --local has no host and forwards nothing', () => {
    const values = { ...forwards, via: 'ssh', port: '1', ssh: 'x', grace: '1h', quiet: 'true' };
    expect(parsed('--local', values)).toMatchObject({
      kind: 'local',
      graceSeconds: 3600,
      quiet: true,
      forwards: { typed: [] },
    });
  });

  test('et bench runs and forwards nothing, and keeps nothing for long', () => {
    const values = { ...forwards, via: 'ssh', 'escape-char': '%', fallback: 'ssh', grace: '7d' };
    expect(parsed('bench h', values)).toMatchObject({
      work: { kind: 'bench' },
      via: 'ssh',
      graceSeconds: 900,
      fallback: undefined,
      forwards: { typed: [] },
    });
    expect(parsed('bench --grace 5s h', values)).toMatchObject({ graceSeconds: 5 });
  });

  test('et -W is a connection and nothing else', () => {
    expect(parsed('-W db:5432 h', { ...forwards, via: 'ssh' })).toMatchObject({
      work: { kind: 'stdio' },
      via: 'ssh',
      forwards: { typed: [] },
    });
  });
});

describe('what is wrong', () => {
  test.each([
    [
      '-p 22 h',
      { ssh: 'gcloud ssh' },
      '-p is not given to the command of --ssh: write what it needs there, as in --ssh "gcloud ..." (--ssh comes from /f:1)',
    ],
  ])(
    'between et %s and %j is told with the place of what was not typed',
    (line, values, message) => {
      expect(objection(line, values)).toBe(message);
    },
  );

  test.each([
    ['--fallback yes h', '--fallback "yes": ssh or none'],
    ['-s h', '-s needs the name of a subsystem after the host, as in et -s host sftp'],
  ])('with et %s alone is told without the settings', (line, message) => {
    expect(objection(line, { grace: '1h', port: '7000' })).toBe(message);
  });
});
