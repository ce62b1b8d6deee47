import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatUnit, unitWords } from '../../src/etclient/service-unit.ts';
import { toolPath } from '../support/requirements.ts';
import { executedWords, settingsOf } from './systemd-words.ts';

const NODE = '/usr/bin/node';
const ET = '/opt/et/bin/et.js';

function unitOf(...args: readonly string[]): string {
  return formatUnit({ name: 'work', words: [NODE, ...args] });
}

function run(text: string): string[] {
  return executedWords(settingsOf(text).get('Service.ExecStart') ?? '');
}

/** Whatever a program can be given as an argument, and what means something to systemd more often. */
const argument = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        ...'%$"\'\\;{}#=x0n @-|&<>~*'.split(''),
        '\n',
        '\r',
        '\t',
        '\x7f',
        '\x1b',
        'é',
      ),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
      fc.constantFrom(
        '\u2028',
        '\u0085',
        '\u00a0',
        '\ufeff',
        '😀',
        'HOME',
        '%h',
        '$\u007bHOME}',
        '\\;',
      ),
    ),
    { maxLength: 12 },
  )
  .map((parts) => parts.join(''))
  .filter((word) => !/[\0\p{Noncharacter_Code_Point}]/u.test(word));

/** Paths of programs that systemd executes. */
const program = fc
  .array(fc.constantFrom(...'abc /%$;{}-@:+!~é'.split(''), '%h', '$HOME'), { maxLength: 12 })
  .map((parts) => `/${parts.join('')}/node`);

describe('what systemd executes is what was given', () => {
  test('whatever the arguments are', () => {
    fc.assert(
      fc.property(program, fc.array(argument, { maxLength: 6 }), (path, args) => {
        const text = formatUnit({ name: 'work', words: [path, ...args] });
        expect(run(text)).toEqual([path, ...args]);
      }),
      { numRuns: 3000 },
    );
  });

  test.each([
    [';'],
    ['\\;'],
    [''],
    [' '],
    ['\\'],
    ['a\\'],
    ['"'],
    ["it's"],
    ['$HOME'],
    ['$\u007bHOME}'],
    ['$'],
    ['%h'],
    ['%'],
    ['100%'],
    ['#x'],
    ['a\nExecStart=/bin/false'],
    ['-o', 'ProxyCommand=nc -X 5 "%h" %p'],
    ['--ssh', "gcloud compute ssh --zone 'z a'"],
  ])('%j', (...args) => {
    expect(run(unitOf(...args))).toEqual([NODE, ...args]);
  });
});

test('what is listed is what was given', () => {
  fc.assert(
    fc.property(program, fc.array(argument, { maxLength: 6 }), (path, args) => {
      const text = formatUnit({ name: 'work', words: [path, ...args] });
      expect(unitWords(text)).toEqual([path, ...args]);
    }),
    { numRuns: 1000 },
  );
  expect(unitWords('')).toBeUndefined();
  expect(unitWords('[Service]\n# ExecStart=/bin/x\n')).toBeUndefined();
});

test('plain words stay readable', () => {
  const text = unitOf(ET, '-N', '-L', '5432:db:5432', '-D', '1080', '-R', '*:1:/run/x', 'me@host');
  expect(text).toContain(
    '\nExecStart=/usr/bin/node /opt/et/bin/et.js -N -L 5432:db:5432 -D 1080 -R "*:1:/run/x" me@host\n',
  );
});

test.each(['/opt/it"s/node', "/opt/it's/node", '/opt/a\\b/node', '/opt/a\nb/node', 'node', ''])(
  'a program that systemd could not run is refused: %j',
  (path) => {
    expect(() => formatUnit({ name: 'work', words: [path] })).toThrow(/^systemd cannot run /u);
  },
);

test('it is run for ever, but not when it was called wrongly', () => {
  const settings = settingsOf(unitOf(ET));
  expect(Object.fromEntries(settings)).toEqual({
    'Unit.Description': 'Everterm forwards: work',
    'Unit.StartLimitIntervalSec': '0',
    'Service.ExecStart': `${NODE} ${ET}`,
    'Service.SyslogIdentifier': 'everterm-work',
    'Service.Restart': 'always',
    'Service.RestartSec': '30',
    'Service.RestartPreventExitStatus': '2',
    'Service.SuccessExitStatus': '143',
    'Service.KillMode': 'mixed',
    'Install.WantedBy': 'default.target',
  });
});

describe.skipIf(toolPath('systemd-analyze') === undefined)('systemd itself', () => {
  /** What it has against a unit; nothing where it has nothing. */
  function objections(text: string): string {
    const directory = mkdtempSync(join(tmpdir(), 'et-unit-'));
    try {
      const runtime = join(directory, 'run');
      mkdirSync(runtime, { mode: 0o700 });
      const file = join(directory, 'everterm-work.service');
      writeFileSync(file, text);
      const { status, stdout, stderr } = spawnSync(
        toolPath('systemd-analyze') ?? '',
        ['verify', '--user', file],
        {
          encoding: 'utf8',
          env: { HOME: directory, XDG_RUNTIME_DIR: runtime, SYSTEMD_LOG_LEVEL: 'warning' },
        },
      );
      return status === 0 ? stdout + stderr : `${status}: ${stdout}${stderr}`;
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }

  test('has nothing against the unit, whatever the arguments are', () => {
    const args = fc.sample(argument, { numRuns: 500, seed: 7 });
    const words = [process.execPath, ET, ...args, '%h', ';', '\\;', '"', '\\'];
    expect(objections(formatUnit({ name: 'work', words }))).toBe('');
  });

  test('would say so if it had', () => {
    const text = unitOf(ET);
    expect(objections(text.replace(NODE, `${process.execPath} \\q`))).toContain('escape');
    expect(objections(text.replace(NODE, '/nowhere/a"b'))).toContain('quot');
    expect(objections(text.replace(NODE, '/nowhere/node'))).toContain('/nowhere/node');
  });

  test('finds a program whose path has blanks, percent and dollar signs', () => {
    const directory = mkdtempSync(join(tmpdir(), 'et unit %h $HOME-'));
    try {
      const path = join(directory, 'node');
      writeFileSync(path, '#!/bin/sh\n', { mode: 0o755 });
      execFileSync(path);
      expect(objections(formatUnit({ name: 'work', words: [path, ET] }))).toBe('');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
