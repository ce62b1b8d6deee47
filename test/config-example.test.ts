import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { ConfigFile } from '../src/config/config-file.ts';
import type { FoundValue } from '../src/config/found-value.ts';
import { CLIENT_KEYS } from '../src/etclient/cli/config-keys.ts';
import { objectionToValue } from '../src/etclient/cli/objection-to-value.ts';
import { PROJECT_ROOT } from './support/project-root.ts';

const EXAMPLE = readFileSync(join(PROJECT_ROOT, 'docs', 'config.example.toml'), 'utf8');
const PAGE = readFileSync(join(PROJECT_ROOT, 'docs', 'config.md'), 'utf8');

function read(text: string, host?: string): readonly FoundValue[] {
  const schema = { keys: CLIENT_KEYS, objectionTo: objectionToValue, home: '/home/u' };
  return new ConfigFile('example', text, schema).valuesFor(host);
}

/** Prose has a blank behind its mark. */
const WITHOUT_MARKS = EXAMPLE.replaceAll(/^#(?! )/gmu, '');

test('the example says nothing as it is', () => {
  expect(read(EXAMPLE)).toEqual([]);
});

test('it has every key, in the order of the table, and those with a default have it', () => {
  const found = read(WITHOUT_MARKS);
  expect(found.map(({ name }) => name)).toEqual(CLIENT_KEYS.map(({ name }) => name));
  for (const { name, kind, default: usual } of CLIENT_KEYS) {
    const texts = found.find((each) => each.name === name)?.entries.map(({ text }) => text);
    if (kind === 'list' || kind === 'additions') expect(texts, name).toEqual([]);
    else if (usual !== undefined) expect(texts, name).toEqual([usual]);
    else expect(texts, name).toHaveLength(1);
  }
});

test('its tables are for some hosts', () => {
  expect(read(WITHOUT_MARKS, 'a.example.org')[0]?.entries[0]?.text).toBe('ssh');
  expect(read(WITHOUT_MARKS, 'bastion.example.org')[0]?.entries[0]?.text).toBe('tcp');
  expect(read(WITHOUT_MARKS, 'vm-7')[0]?.name).toBe('ssh');
});

test('the example of docs/config.md is read, and its messages are what is said', () => {
  const [, example = ''] = /```toml\n([\s\S]*?)```/u.exec(PAGE) ?? [];
  expect(read(example, 'db.example.org').map(({ name }) => name)).toEqual([
    'via',
    'local-forward',
    'grace',
  ]);
  expect(() => read('\n\n\nvai = "tcp"')).toThrow(
    'example:4: unknown key "vai"; did you mean "via"?',
  );
  expect(PAGE).toContain('config.toml:4: unknown key "vai"; did you mean "via"?');
  expect(PAGE).toContain(`config.toml:9: grace ${objectionToValue('grace', '1w')}`);
  expect(PAGE).toContain(`EVERTERM_FALLBACK ${objectionToValue('fallback', 'yes')}`);
});
