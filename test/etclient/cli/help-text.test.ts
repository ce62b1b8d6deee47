import { expect, test } from 'vitest';
import { spellingsOf } from '../../../src/base/flag.ts';
import { CLIENT_EXAMPLES } from '../../../src/etclient/cli/client-examples.ts';
import { clientHelp } from '../../../src/etclient/cli/help-text.ts';
import { CLIENT_FLAGS, HIDDEN_CLIENT_FLAGS } from '../../../src/etclient/cli/option-table.ts';
import { parseCommandLine } from '../../../src/etclient/cli/parse-command-line.ts';

const help = clientHelp();

test('fits a terminal of 80 columns', () => {
  expect(help.split('\n').filter((line) => line.length > 80)).toEqual([]);
});

test('has every flag once, with what it takes, under a heading', () => {
  for (const flag of CLIENT_FLAGS) {
    const row = `${spellingsOf(flag).join(', ')}${flag.argument === undefined ? '' : ` ${flag.argument}`}`;
    const rows = help.split('\n').filter((line) => line.trimStart().startsWith(row));
    expect(rows, row).toHaveLength(1);
    expect(help).toContain(`\n${flag.group}:\n`);
  }
  expect(help).not.toContain(HIDDEN_CLIENT_FLAGS[0]?.help);
});

test('no two flags are spelled alike', () => {
  const spellings = [...CLIENT_FLAGS, ...HIDDEN_CLIENT_FLAGS].flatMap(spellingsOf);
  expect(new Set(spellings).size).toBe(spellings.length);
});

test.each(CLIENT_EXAMPLES)('the example "$command" can be typed', ({ command }) => {
  const line = command.slice(command.indexOf('et '));
  const [, ...argv] = [...line.matchAll(/"([^"]*)"|\S+/gu)].map(([word, quoted]) => quoted ?? word);
  expect(['connect', 'local']).toContain(parseCommandLine(argv).kind);
});
