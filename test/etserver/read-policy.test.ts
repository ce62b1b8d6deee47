import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { readPolicy } from '../../src/etserver/read-policy.ts';
import { Policy } from '../../src/forward/policy.ts';

const SYSTEM = '/etc/everterm/server.toml';
const USER = '/home/u/.config/everterm/server.toml';

function read(...texts: readonly (string | undefined)[]): Policy {
  const files = [SYSTEM, USER];
  return readPolicy(files, (path) => texts[files.indexOf(path)]);
}

function errorOf(text: string): EtError {
  try {
    read(text);
  } catch (error) {
    if (error instanceof EtError) return error;
    throw error;
  }
  throw new Error(`was read: ${text}`);
}

test('each entry and switch is cited by its file and line', () => {
  const policy = read(`# ours
[forward]
deny-open = [
  "10.0.0.13:*", # the old one

  "*.example.org:443",
  "/run/*.sock",
]
deny-listen = ["1-79", "22"]
agent = false
`);
  expect(policy.objectionToOpen('10.0.0.13', '10.0.0.13', 80)).toBe(
    `10.0.0.13:80 is denied by ${SYSTEM}:4`,
  );
  expect(policy.objectionToName('a.example.org', 443)).toContain(`${SYSTEM}:6`);
  expect(policy.objectionToOpenPath('/run/x.sock')).toContain(`${SYSTEM}:7`);
  expect(policy.objectionToListen('localhost', 22)).toContain(`${SYSTEM}:9`);
  expect(policy.objectionToAgent()).toBe(`agent forwarding is switched off by ${SYSTEM}:10`);
  expect(policy.permitsTunnels).toBe(true);
  expect(read('[forward]\ntunnels = false').objectionToTunnels()).toContain(`${SYSTEM}:2`);
});

test('ports alone are permitted on localhost, and denied everywhere', () => {
  const policy = read('[forward]\npermit-listen = ["8000"]');
  expect(policy.objectionToListen('*', 8000)).toContain(`permit-listen of ${SYSTEM}`);
  expect(policy.objectionToListen('localhost', 8000)).toBeUndefined();
  const denying = read('[forward]\ndeny-listen = ["8000"]');
  expect(denying.objectionToListen('10.0.0.1', 8000)).toBeDefined();
});

test("the system's file binds, and the user's restricts further", () => {
  const policy = read(
    '[forward]\npermit-open = ["10.0.0.0/8:*"]',
    '[forward]\npermit-open = ["*:80"]\ndeny-open = ["10.0.0.13:*"]',
  );
  expect(policy.objectionToOpen('a', '10.0.0.1', 80)).toBeUndefined();
  expect(policy.objectionToOpen('a', '11.0.0.1', 80)).toContain(`permit-open of ${SYSTEM}`);
  expect(policy.objectionToOpen('a', '10.0.0.1', 81)).toContain(`permit-open of ${USER}`);
  expect(policy.objectionToOpen('a', '10.0.0.13', 80)).toContain(`denied by ${USER}:3`);
});

test.each(['', '# nothing', '[forward]', '[forward]\ntunnels = true\nagent = true'])(
  '%j permits everything',
  (text) => {
    const policy = read(text, undefined);
    expect(policy.objectionToOpen('a', '10.0.0.1', 80)).toBeUndefined();
    expect(policy.permitsTunnels && policy.permitsAgent).toBe(true);
  },
);

test.each([
  'forward.tunnels = false',
  'forward = { tunnels = false }',
  '"forward"."tunnels" = false',
  '[forward]\r\ntunnels = false\r\n',
])('%j is read as a table', (text) => {
  expect(read(text).permitsTunnels).toBe(false);
});

test.each([
  // keys
  ['[forward]\npermit-opne = []', '2: unknown key "permit-opne"; did you mean "permit-open"?'],
  ['[forward]\n\npermit_open = []', '3: unknown key "permit_open"; did you mean "permit-open"?'],
  ['[forward]\ntunnel = false', '2: unknown key "tunnel"; did you mean "tunnels"?'],
  ['[forward]\nAgent = false', '2: unknown key "Agent"; did you mean "agent"?'],
  [
    '[forward]\nagent = true\n[forward.extra]\nx = 1',
    '3: unknown key "extra"; known: permit-open, deny-open, permit-listen, deny-listen, tunnels, agent',
  ],
  ['[forwrad]\n', '1: unknown table "forwrad"; did you mean "forward"?'],
  ['# x\n[[other]]\n', '2: unknown key "other"; known: forward'],
  ['tunnels = false\n[forward]', '1: unknown key "tunnels"; it belongs below [forward]'],
  ['[forward]\n"__proto__" = 1', '2: unknown key "__proto__"; known: '],
  ['[forward]\nconstructor = 1', '2: unknown key "constructor"; known: '],
  ['[forward]\n"to\\u0053tring" = 1', '2: unknown key "toString"; known: '],
  ['__proto__ = 1', '1: unknown key "__proto__"; known: forward'],
  // types
  ['forward = 5', '1: forward must be a table, not 5'],
  ['\nforward = [1]', '2: forward must be a table, not a list'],
  ['[[forward]]', '1: forward must be a table, not a list'],
  ['[forward]\ntunnels = "no"', '2: tunnels must be true or false, not "no"'],
  ['[forward]\nagent = 0', '2: agent must be true or false, not 0'],
  ['[forward]\nagent = 1979-05-27', '2: agent must be true or false, not a date'],
  ['[forward]\nagent.x = 1', '2: agent must be true or false, not a table'],
  ['[forward]\npermit-open = "db:80"', '2: permit-open must be a list of strings, not "db:80"'],
  ['[forward]\ndeny-open = true', '2: deny-open must be a list of strings, not true'],
  ['[forward]\ndeny-open = [\n"db:1",\n22]', '4: deny-open must be a list of strings, and has 22'],
  [
    '[forward]\ndeny-listen = [["*:*"]]',
    '2: deny-listen must be a list of strings, and has a list',
  ],
  // entries
  [
    '[forward]\npermit-open = [\n  "db:80",\n  "db:90-80"\n]',
    '4: permit-open has "db:90-80": the ports 90-80 are in the wrong order',
  ],
  ['[forward]\ndeny-listen = ["db:80"]', '2: deny-listen has "db:80": "db" is neither an address'],
  ['[forward]\ndeny-open = [""]', '2: deny-open has "": neither HOST:PORTS nor a path'],
  // syntax
  ['[forward]\npermit-open = [\n"a:1"\n"b:2"]', '4:1: expected comma'],
  ['[forward\n', '1:9: '],
  ['[forward]\nagent = true\nagent = false', '3:1: trying to redefine'],
  ['[forward]\nagent = yes', '2:9: '],
])('%j is refused: %s', (text, message) => {
  const error = errorOf(text);
  expect(error.code).toBe('ET_ERR_CONFIG');
  expect(error.message.startsWith(`${SYSTEM}:${message}`), error.message).toBe(true);
  expect(error.message).not.toContain('\n');
  expect(error.advice).toBe(`correct ${SYSTEM} on the server`);
});

test('a long value is cut in the message', () => {
  const { message } = errorOf(`[forward]\ntunnels = "${'x'.repeat(5000)}"`);
  expect(message.length).toBeLessThan(200);
  expect(errorOf(`${'k'.repeat(5000)} = 1`).message.length).toBeLessThan(200);
});

test('a mistake in either file is refused, and the message says in which', () => {
  const attempt = () => read('[forward]', '[forward]\nagnet = true');
  expect(attempt).toThrow(`${USER}:2: unknown key "agnet"; did you mean "agent"?`);
});

test('the example of docs/policy.md is read, and means what the page says', () => {
  const page = fileURLToPath(new URL('../../docs/policy.md', import.meta.url));
  const [, example = ''] = /```toml\n([\s\S]*?)```/u.exec(readFileSync(page, 'utf8')) ?? [];
  const policy = read(example);
  expect(policy.objectionToOpen('db', '10.9.9.9', 5432)).toBeUndefined();
  expect(policy.objectionToOpen('x', '10.0.0.13', 80)).toContain('is denied by');
  expect(policy.objectionToOpen('x', '11.0.0.1', 80)).toContain('is not among');
  expect(policy.objectionToOpenPath('/run/app/x.sock')).toBeUndefined();
  expect(policy.objectionToListen('*', 9000)).toBeUndefined();
  expect(policy.objectionToListen('*', 22)).toContain('is denied by');
  expect(policy.permitsTunnels && policy.permitsAgent).toBe(true);
});

describe('whatever the file holds', () => {
  const words = [
    '[forward]\n',
    'permit-open = [',
    'deny-listen=[',
    'tunnels = ',
    ...'[]{}=.,#\n\\\0\u{feff} '.split(''),
    ...'"db:80" "[::1]:*" \'/x/*\' """ "*:*", true false 1e9 \r\n'.split(' '),
    '9'.repeat(30),
  ];
  const texts = fc.oneof(
    fc.array(fc.constantFrom(...words), { maxLength: 20 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .string({ maxLength: 30 })
      .map((text) => `[forward]\npermit-open = [${JSON.stringify(text)}]`),
    fc.string({ maxLength: 30 }).map((text) => `[forward]\n${JSON.stringify(text)} = 1`),
  );

  test('it is read, or refused as a mistake of configuration that names the file in one line', () => {
    fc.assert(
      fc.property(texts, (text) => {
        try {
          expect(read(text)).toBeInstanceOf(Policy);
        } catch (error) {
          if (!(error instanceof EtError)) throw error;
          expect(error.code).toBe('ET_ERR_CONFIG');
          expect(error.message).toMatch(/^\/etc\/everterm\/server\.toml:\d+:.+$/u);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test.each(['[', '{a='])('deep nesting of %j is refused', (open) => {
    expect(errorOf(`a = ${open.repeat(100_000)}`).code).toBe('ET_ERR_CONFIG');
  });
});

describe('files', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'et-policy-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  test('may be missing, each of them and all', () => {
    const path = join(directory, 'server.toml');
    writeFileSync(path, '[forward]\ntunnels = false\n');
    const missing = [join(directory, 'none'), join(path, 'below-a-file')];
    expect(readPolicy(missing)).toBe(Policy.open);
    expect(readPolicy([...missing, path]).permitsTunnels).toBe(false);
  });

  test('that are there and cannot be read are refused', () => {
    const path = join(directory, 'server.toml');
    mkdirSync(path);
    expect(() => readPolicy([path])).toThrow(
      expect.objectContaining({
        code: 'ET_ERR_CONFIG',
        message: expect.stringMatching(/server\.toml cannot be read: EISDIR/u),
      }),
    );
  });

  test('that nobody may read are refused', () => {
    const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
    const attempt = () =>
      readPolicy([SYSTEM], () => {
        throw denied;
      });
    expect(attempt).toThrow(expect.objectContaining({ code: 'ET_ERR_CONFIG', cause: denied }));
  });
});
