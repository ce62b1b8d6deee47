import { expect, test } from 'vitest';
import { formatServices } from '../../src/etclient/format-services.ts';

function lineOf(...command: readonly string[]): string {
  const report = { name: 'w', state: 'active', command, file: '/x' };
  return formatServices([report]).split('\n')[1] ?? '';
}

test('a table with a line for each', () => {
  const command = ['/usr/bin/node', '/opt/et/bin/et.js', '-N', '-D', '1080', 'me@host'];
  expect(
    formatServices([
      { name: 'work', state: 'activating', command, file: '/a' },
      { name: 'b', state: 'active', command: [], file: '/b' },
    ]),
  ).toBe(
    [
      'name  state       command',
      'work  activating  et -N -D 1080 me@host',
      'b     active',
      '',
    ].join('\n'),
  );
});

test.each([
  [['/n', '/x/et.js', '-N', 'a b'], "et -N 'a b'"],
  [['/n', '/x/et.js', "it's", '$x'], "et 'it'\\''s' '$x'"],
  [['/n', '/x/et.js', ''], "et ''"],
  [['/bin/sleep', '5', 'a;b'], "/bin/sleep 5 'a;b'"],
])('%j is written as one would type it', (command, line) => {
  expect(lineOf(...command)).toBe(`w     active  ${line}`);
});

test('nothing of a file that was changed by hand reaches the terminal as more than text', () => {
  expect(lineOf('/n', '/x/et.js', 'a\x1b[2Jb\u202e', '\x9b')).toBe(
    'w     active  et "a\\u001b[2Jb?" "?"',
  );
});
