import { parse } from 'smol-toml';
import { describe, expect, test } from 'vitest';
import { parseSshConfig, type SshConfig } from '../../src/bootstrap/ssh-config.ts';
import { ConfigFile } from '../../src/config/config-file.ts';
import { chooseValues, type FoundValue } from '../../src/config/found-value.ts';
import { CLIENT_KEYS } from '../../src/etclient/cli/config-keys.ts';
import { environmentValues } from '../../src/etclient/cli/environment-values.ts';
import { objectionToValue } from '../../src/etclient/cli/objection-to-value.ts';
import { parseCommandLine } from '../../src/etclient/cli/parse-command-line.ts';
import { formatSettings } from '../../src/etclient/format-settings.ts';

const SCHEMA = { keys: CLIENT_KEYS, objectionTo: objectionToValue, home: '/home/u' };
const USER = '/u.toml';
const SYSTEM = '/s.toml';

interface Sources {
  readonly line?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly user?: string;
  readonly system?: string;
  readonly ssh?: string;
}

function printed({ line = 'h', environment = {}, user = '', system = '', ssh }: Sources): string {
  const files = [new ConfigFile(USER, user, SCHEMA), new ConfigFile(SYSTEM, system, SCHEMA)];
  const valuesFor = (host: string | undefined): readonly FoundValue[] =>
    chooseValues(CLIENT_KEYS, [
      ...environmentValues(environment, '/home/u'),
      ...files.flatMap((file) => file.valuesFor(host)),
    ]);
  const command = parseCommandLine(['--print-config', ...line.split(' ')], { valuesFor });
  if (command.kind !== 'print-config') throw new Error(command.kind);
  const config: SshConfig | undefined = ssh === undefined ? undefined : parseSshConfig(ssh);
  return formatSettings(command, { ssh: config, environment, files: [] });
}

/** The lines about a key, blanks as one. */
function about(name: string, sources: Sources): string {
  const lines = printed(sources).split('\n');
  const start = lines.findIndex(
    (line) => line.startsWith(`${name} `) || line.startsWith(`# ${name}:`),
  );
  const isList = lines[start]?.endsWith('[') === true;
  const end = isList ? lines.indexOf(']', start) : start;
  return lines
    .slice(start, end + 1)
    .join('\n')
    .replaceAll(/(?<=\S) +/gu, ' ');
}

/** From the most binding to the least, each with what is printed where it counts. */
const SOURCES: readonly { readonly sources: Sources; readonly line: string }[] = [
  { sources: { line: '-k 1 h' }, line: 'keepalive = 1 # flag -k/--keepalive' },
  {
    sources: { environment: { EVERTERM_KEEPALIVE: '2' } },
    line: 'keepalive = 2 # EVERTERM_KEEPALIVE',
  },
  { sources: { user: '\nkeepalive = 3' }, line: `keepalive = 3 # ${USER}:2` },
  { sources: { system: '\n\nkeepalive = 4' }, line: `keepalive = 4 # ${SYSTEM}:3` },
  {
    sources: { ssh: 'serveraliveinterval 5' },
    line: 'keepalive = 5 # ssh_config: ServerAliveInterval',
  },
  { sources: {}, line: '# keepalive: default, ever more rarely, up to 64 seconds' },
];

describe('of flag, variable, user, system, ssh_config and default', () => {
  const pairs = SOURCES.flatMap((higher, at) =>
    SOURCES.slice(at).map((lower) => ({ higher, lower })),
  );

  test.each(pairs)('$higher.line counts beside $lower.line', ({ higher, lower }) => {
    expect(about('keepalive', { ...lower.sources, ...higher.sources })).toBe(higher.line);
  });
});

test.each<[string, Sources, string]>([
  ['port', {}, 'port = "60000-61000" # default'],
  ['port', { line: 'h:7000' }, 'port = 7000 # the host'],
  ['port', { user: 'port = 7001' }, 'port = 7001 # /u.toml:1'],
  ['grace', {}, 'grace = "never" # default'],
  ['escape-char', { ssh: 'escapechar ~' }, 'escape-char = "~" # default'],
  ['escape-char', { ssh: 'escapechar \\^]' }, 'escape-char = "^]" # ssh_config: EscapeChar'],
  ['quiet', {}, 'quiet = false # default'],
  ['quiet', { user: 'quiet = false' }, 'quiet = false # /u.toml:1'],
  ['quiet', { line: '-v h', user: 'quiet = true' }, 'quiet = false # flag -v'],
  ['verbose', { line: '-vv h' }, 'verbose = 2 # flag -v'],
  [
    'via',
    {},
    '# via: default, straight to the session server where that works, by UDP or TCP, else through ssh',
  ],
  ['udp', {}, 'udp = [] # default'],
  [
    'local-forward',
    {
      line: '-L 1:a:1 h',
      environment: { EVERTERM_LOCAL_FORWARD: '2:b:2' },
      user: '[[host]]\nmatch = "h"\nlocal-forward = [\n"3:c:3"]',
      system: 'local-forward = ["4:d:4"]',
      ssh: 'localforward 5 [e]:5',
    },
    [
      'local-forward = [',
      '  "1:a:1", # flag -L',
      '  "2:b:2", # EVERTERM_LOCAL_FORWARD',
      '  "3:c:3", # /u.toml:4',
      '  "4:d:4", # /s.toml:1',
      '  # 5 [e]:5 (ssh_config: LocalForward)',
      ']',
    ].join('\n'),
  ],
])('%s of %j', (name, sources, expected) => {
  expect(about(name, sources)).toBe(expected);
});

test('has every key once, and is a file that says the same', () => {
  const user = `
via = "ssh"
port = "7000-7010"
log = "/tmp/et.log"
verbose = 2
quiet = true
ssh = "tool \\"a b\\" \\\\ \\u0007"
tunnel = ["1:2,3:4"]
udp-idle = 5
`;
  const text = printed({ user, line: '-D 1080 h', ssh: 'escapechar none' });
  for (const { name } of CLIENT_KEYS) {
    const rows = text
      .split('\n')
      .filter((line) => new RegExp(`^(?:# )?${name}(?: =|:)`, 'u').test(line));
    expect(rows, name).toHaveLength(1);
  }
  const again = printed({ user: text });
  expect(parse(again)).toEqual(parse(text));
  expect(parse(text)).toMatchObject({
    via: 'ssh',
    'udp-idle': 5,
    'dynamic-forward': [1080].map(String),
  });
});

test('no password is shown, and nothing that moves a cursor', () => {
  const text = printed({
    user: 'ssh = "sshpass -p s3cret ssh \\u202e"',
    environment: { 'EVERTERM_SSHH\u001b[2J': 'x' },
  });
  expect(text).toContain('sshpass -p *** ssh \\u202e');
  expect(text).not.toContain('s3cret');
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

test('a variable that is nearly one of ours is told', () => {
  const environment = { EVERTERM_VAI: 'tcp', EVERTERM_RUN_DIR: '/r', EVERTERM_VIA: 'ssh' };
  const last = printed({ environment }).trimEnd().split('\n').at(-1);
  expect(last).toBe('# EVERTERM_VAI says nothing to et; did you mean EVERTERM_VIA?');
  expect(printed({ environment: { EVERTERM_RUN_DIR: '/r' } })).not.toContain('RUN_DIR');
});
