import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EtError } from '../../src/base/errors.ts';
import { ConfigFile } from '../../src/config/config-file.ts';
import type { ConfigKey } from '../../src/config/config-value.ts';
import { chooseValues } from '../../src/config/found-value.ts';

const PATH = '/f.toml';
const KEYS: readonly ConfigKey[] = [
  { name: 'via', kind: 'text' },
  { name: 'port', kind: 'amount' },
  { name: 'log', kind: 'path' },
  { name: 'quiet', kind: 'switch' },
  { name: 'verbose', kind: 'level' },
  { name: 'from', kind: 'list' },
  { name: 'forward', kind: 'additions' },
];

function read(text: string): ConfigFile {
  const objectionTo = (_name: string, value: string): string | undefined =>
    value.includes('bad') ? `${JSON.stringify(value)}: is bad` : undefined;
  return new ConfigFile(PATH, text, { keys: KEYS, objectionTo, home: '/home/u' });
}

/** `{ via: ['tcp 3'] }`: texts and their lines. */
function valuesFor(host: string | undefined, ...texts: readonly string[]): object {
  const found = texts.flatMap((text) => read(text).valuesFor(host));
  return Object.fromEntries(
    chooseValues(KEYS, found).map(({ name, entries }) => [
      name,
      entries.map(({ text, place }) => `${text} ${place.replace(`${PATH}:`, '')}`),
    ]),
  );
}

const FILE = `
via = "general"
quiet = true
forward = ["all"]
from = ["a", "b"]

[[host]]
match = ["*.example.org", "!bastion.example.org"]
via = "example"
port = 7000
forward = [
  "one",

  8080,
]

[[host]]
match = "db?.example.org"
via = "never"
port = "1-2"
quiet = false
from = []
`;

test('a key of a host goes before that of all hosts, and an earlier table before a later one', () => {
  expect(valuesFor('db1.example.org', FILE)).toEqual({
    via: ['example 9'],
    port: ['7000 10'],
    quiet: ['false 21'],
    from: [],
    forward: ['one 12', '8080 14', 'all 4'],
  });
});

test.each([
  ['elsewhere', 'general 2'],
  ['example.org', 'general 2'],
  ['a.example.org', 'example 9'],
  ['A.Example.ORG', 'example 9'],
  ['bastion.example.org', 'general 2'],
])('for %s via is %s', (host, via) => {
  expect(valuesFor(host, FILE)).toMatchObject({ via: [via] });
});

test('without a host only what is for all counts, whatever the patterns', () => {
  expect(valuesFor(undefined, '[[host]]\nmatch = "*"\nvia = "x"')).toEqual({});
  expect(valuesFor(undefined, FILE)).toMatchObject({ via: ['general 2'] });
});

test('of two files the first goes before all of the second, and additions add up', () => {
  const first = 'via = "mine"\nforward = ["x"]';
  const second = '[[host]]\nmatch = "h"\nvia = "theirs"\nport = 1\nforward = ["y"]';
  expect(valuesFor('h', first, second)).toEqual({
    via: ['mine 1'],
    port: ['1 4'],
    forward: ['x 2', 'y 5'],
  });
});

test.each([
  ['log = "~/et.log"', { log: ['/home/u/et.log 1'] }],
  ['log = "/tmp/et.log"', { log: ['/tmp/et.log 1'] }],
  ['verbose = 0', { verbose: ['0 1'] }],
  ['verbose = 3', { verbose: ['3 1'] }],
  ['port = "7000-7010"', { port: ['7000-7010 1'] }],
  ['host = [{ match = ["h"], via = "x" }]', { via: ['x 1'] }],
  ['', {}],
  ['forward = []', {}],
])('%s', (text, expected) => {
  expect(valuesFor('h', text)).toEqual(expected);
});

function objection(text: string): string {
  try {
    read(text);
  } catch (error) {
    if (error instanceof EtError && error.code === 'ET_ERR_CONFIG') return error.message;
    throw error;
  }
  return 'accepted';
}

test.each([
  // keys
  ['vai = "tcp"', '1: unknown key "vai"; did you mean "via"?'],
  ['\n[[host]]\nmatch = "h"\nverbsoe = 1', '4: unknown key "verbsoe"; did you mean "verbose"?'],
  ['[[host]]\nmatch = "a"\n[[host]]\nmatch = "b"\nvai = 1', '5: unknown key "vai"; did you mean'],
  ['zzz = 1', '1: unknown key "zzz"; known: host, via, port, log, quiet, verbose, from, forward'],
  ['[[host]]\nmatch = "h"\nzzz = 1', '3: unknown key "zzz"; known: match, via, port'],
  ['__proto__ = 1', '1: unknown key "__proto__"; known: host'],
  ['[[host]]\nmatch = "h"\nconstructor = 1', '3: unknown key "constructor"; known: match'],
  ['match = ["h"]', '1: unknown key "match"; it belongs below [[host]]'],
  ['via = "x"\n[[hosts]]\nmatch = "h"', '2: unknown table "hosts"; did you mean "host"?'],
  ['[[host]]\nmatch = "h"\nhost = 1', '3: unknown key "host"; known: match'],
  // tables
  ['[host]\nvia = "x"', '1: host is a list of tables, each begun by [[host]], not a table'],
  ['host = 5', '1: host is a list of tables, each begun by [[host]], not 5'],
  ['host = [1]', '1: host is a list of tables, each begun by [[host]], not a list'],
  ['\n[[host]]\nvia = "x"', '2: host needs match, as in match = ["*.example.org"]'],
  ['[[host]]\nmatch = "h"\n[[host]]', '3: host needs match'],
  // patterns
  ['[[host]]\nmatch = 5', '2: match must be a list of patterns, and has 5'],
  ['[[host]]\nmatch = [\n"a",\ntrue]', '4: match must be a list of patterns, and has true'],
  ['[[host]]\nmatch = []', '2: match matches nothing: it needs a pattern without !, as "*"'],
  ['[[host]]\nmatch = ["!a"]', '2: match matches nothing'],
  ['[[host]]\nmatch = ""', '2: match has "": a pattern is not empty'],
  ['[[host]]\nmatch = "!"', '2: match has "!": a pattern is not empty'],
  ['[[host]]\nmatch = "!!a"', '2: match has "!!a": a pattern has one ! at most'],
  ['[[host]]\nmatch = ["a b"]', '2: match has "a b": each pattern is a string of its own'],
  ['[[host]]\nmatch = ["a,b"]', '2: match has "a,b": each pattern is a string of its own'],
  ['[[host]]\nmatch = ["me@h"]', '2: match has "me@h": a pattern is of the host alone, without a'],
  ['[[host]]\nmatch = ["h:22"]', '2: match has "h:22": a pattern is of the host alone, without a'],
  ['[[host]]\nmatch = ["[::1]:22"]', '2: match has "[::1]:22": an address stands without brackets'],
  ['[[host]]\nmatch = ["a/b"]', '2: match has "a/b": no host has such a name'],
  ['[[host]]\nmatch = ["a\\u0007"]', '2: match has "a\\u0007": no host has such a name'],
  // types
  ['via = 5', '1: via must be a string, not 5'],
  ['port = true', '1: port must be a number or a string, not true'],
  ['port = 1979-05-27', '1: port must be a number or a string, not a date'],
  ['log = 1', '1: log must be a string, not 1'],
  ['log = "et.log"', '1: log must be a whole path, or ~/ and the rest, not "et.log"'],
  ['quiet = "yes"', '1: quiet must be true or false, not "yes"'],
  ['verbose = 4', '1: verbose must be 0, 1, 2 or 3, not 4'],
  ['verbose = 1.5', '1: verbose must be 0, 1, 2 or 3, not 1.5'],
  ['verbose = "1"', '1: verbose must be 0, 1, 2 or 3, not "1"'],
  ['forward = "8080"', '1: forward must be a list of strings, not "8080"'],
  ['forward = [\n"a",\n[1]]', '3: forward must be a list of strings, and has a list'],
  // values, in whichever table
  ['via = "bad"', '1: via "bad": is bad'],
  ['[[host]]\nmatch = "other"\nforward = ["a",\n"bad"]', '4: forward "bad": is bad'],
  // syntax
  ['via = yes', '1:7: '],
  ['\nvia = "x"\nvia = "y"', '3:1: '],
  ['[[host]\n', '1:'],
])('%j is refused: %s', (text, message) => {
  expect(objection(text)).toContain(`${PATH}:${message}`);
  expect(objection(text)).not.toMatch(/\p{Cc}/u);
});

describe('whatever the file holds', () => {
  const words = [
    '[[host]]\n',
    'match = ["*", "!a"]\n',
    'via = "tcp"\n',
    'forward = [',
    'verbose = ',
    ...'[]{}=.,#\n"\\\0 '.split(''),
    '1',
    'true',
    '\r\n',
  ];
  const texts = fc.oneof(
    fc.array(fc.constantFrom(...words), { maxLength: 20 }).map((parts) => parts.join('')),
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc.string({ maxLength: 30 }).map((text) => `[[host]]\nmatch = ${JSON.stringify(text)}`),
    fc.string({ maxLength: 30 }).map((text) => `${JSON.stringify(text)} = 1`),
  );

  test('it is read, or refused in one line that cites a line', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const message = objection(text);
        if (message !== 'accepted') expect(message).toMatch(/^\/f\.toml:\d+:.+$/u);
      }),
      { numRuns: 2000 },
    );
  });
});
