import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { splitWords } from '../src/bootstrap/split-words.ts';
import { parseCommandLine as parseClient } from '../src/etclient/cli/parse-command-line.ts';
import { parseCommandLine as parseServer } from '../src/etserver/cli/parse-command-line.ts';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const DOCUMENTS = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs')).map((name) => `docs/${name}`),
].filter((name) => name.endsWith('.md'));

function read(document: string): string {
  return readFileSync(join(ROOT, document), 'utf8');
}

/** The lines of indented code that run one of our programs, from its name on, without the comment behind. */
function commandsIn(document: string): readonly string[] {
  return read(document)
    .split('\n')
    .flatMap((line) => {
      const found = /^ {4}(?:[^#|]*\| )?((?:et|etserver) [^#]*)/u.exec(line);
      const command = found?.[1]?.trim() ?? '';
      // With a colon it is what the program prints.
      return command === '' || command.startsWith('et: ') ? [] : [command];
    });
}

const COMMANDS = DOCUMENTS.flatMap((document) =>
  commandsIn(document).map((command) => [document, command] as const),
);

test('README.md has five examples or more, and others are found too', () => {
  expect(COMMANDS.filter(([document]) => document === 'README.md').length).toBeGreaterThan(5);
  expect(COMMANDS.map(([, command]) => command)).toContain('etserver kill --all');
});

test.each(COMMANDS)('%s: %s', (_document, command) => {
  const [program, ...args] = splitWords(command);
  const parse = program === 'et' ? parseClient : parseServer;
  expect(() => parse(args)).not.toThrow();
});

test('the two commands for a fresh machine are on the first screen', () => {
  const screen = read('README.md').split('\n').slice(0, 24).join('\n');
  expect(screen).toContain('npm ci && npm start');
  expect(screen).toContain('npm ci && npm test');
});

describe('every link from a document leads to a file', () => {
  test.each(DOCUMENTS)('%s', (document) => {
    const links = [...read(document).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/gu)];
    for (const [, target = ''] of links) {
      const file = join(ROOT, dirname(document), target);
      expect(existsSync(file), target).toBe(true);
    }
  });

  test.each(DOCUMENTS)('%s names files that are there', (document) => {
    const named = [
      ...read(document).matchAll(/`((?:test|src|scripts|docs|bin)\/[\w./-]*\w)\/?`/gu),
    ];
    for (const [, path = ''] of named) {
      if (path.startsWith('bin/') && path.endsWith('.cjs')) continue;
      expect(existsSync(join(ROOT, path)), path).toBe(true);
    }
  });
});
