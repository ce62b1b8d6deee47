import { expect, test } from 'vitest';
import { spellingsOf } from '../../../src/base/flag.ts';
import { CLIENT_KEYS, type ClientKey, variableOf } from '../../../src/etclient/cli/config-keys.ts';
import { environmentValues } from '../../../src/etclient/cli/environment-values.ts';
import { objectionToValue } from '../../../src/etclient/cli/objection-to-value.ts';
import { CLIENT_FLAGS } from '../../../src/etclient/cli/option-table.ts';

/** What EVERTERM_ variables mean to other parts of this program. */
const TAKEN = ['RUN_DIR', 'COMPILE_AHEAD', 'ROUTER_SOCKET', 'SESSION', 'REQUIRE_ALL'];

function flagOf(key: ClientKey): (typeof CLIENT_FLAGS)[number] {
  const flag = CLIENT_FLAGS.find((each) => each.key === key.name);
  if (flag === undefined) throw new Error(`no flag ${key.name}`);
  return flag;
}

test('each key is a flag once, with a variable that nothing else reads', () => {
  const names = CLIENT_KEYS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) {
    expect(variableOf(name)).toMatch(/^EVERTERM_[A-Z]+(?:_[A-Z]+)*$/u);
    expect(TAKEN.map((each) => `EVERTERM_${each}`)).not.toContain(variableOf(name));
  }
});

test.each(CLIENT_KEYS.map((key) => [key.name, key] as const))(
  '%s takes a value where its flag does, and has a default or words for what happens without',
  (_, key) => {
    const hasValue = key.kind !== 'switch' && key.kind !== 'level';
    expect(flagOf(key).argument !== undefined).toBe(hasValue);
    const isList = key.kind === 'list' || key.kind === 'additions';
    const told = [key.default, key.otherwise].filter((each) => each !== undefined);
    expect(told).toHaveLength(isList ? 0 : 1);
    if (key.default !== undefined) {
      expect(objectionToValue(key.name, key.default)).toBeUndefined();
      expect(environmentValues({ [variableOf(key.name)]: key.default }, '/h')).toHaveLength(1);
    }
  },
);

const CHECKED = CLIENT_KEYS.filter(({ kind }) => kind !== 'switch' && kind !== 'level');

test.each(CHECKED.map((key) => [key.name, key] as const))(
  'a wrong value of %s is told in the words of its flag, which is not named where it was not written',
  (name, key) => {
    // A command may be anything that has an end.
    const wrong = name === 'ssh' ? "it's" : key.kind === 'path' ? '/\u0007' : '\u0007';
    const objection = objectionToValue(name, wrong) ?? 'accepted';
    expect(objection.startsWith(JSON.stringify(wrong)), objection).toBe(true);
    expect(objection).not.toMatch(/\p{Cc}/u);
    const [first = ''] = objection.split(': ');
    for (const spelling of spellingsOf(flagOf(key))) expect(first).not.toContain(spelling);
  },
);

test.each([
  ['grace', '1w', '"1w": at least 1s, written as 90s, 15m, 8h or 7d, or never'],
  ['port', '0', '"0": a port within 1-65535, or a range, as in --port 60000-61000'],
  ['ssh', '', 'needs a command, or builtin'],
  ['ssh', "it's", `"it's" has a ' without its end: quote it as for a shell`],
  ['tunnel', 't', '"t": a tunnel has a colon, as in 8080:80'],
  ['tunnel', '-tt', '"-tt": a tunnel has a colon, as in 8080:80'],
])('%s = %j: %s', (name, text, objection) => {
  expect(objectionToValue(name, text)).toBe(objection);
});
