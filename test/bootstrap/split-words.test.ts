import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { splitWords } from '../../src/bootstrap/split-words.ts';

test.each([
  ['', []],
  ['  \t\n ', []],
  ['a', ['a']],
  [' a  b\tc\n', ['a', 'b', 'c']],
  [`'a b' "c d"`, ['a b', 'c d']],
  [`a'b'"c"\\d`, ['abcd']],
  [`'' ""`, ['', '']],
  [`"a\\"b\\\\c\\$d\\ne"`, ['a"b\\c$d\\ne']],
  [`'a\\b'`, ['a\\b']],
  ['a\\ b', ['a b']],
  ['a\\\nb "c\\\nd"', ['ab', 'cd']],
  ['$HOME `id` *', ['$HOME', '`id`', '*']],
  ["gcloud compute ssh %h --command='%c'", ['gcloud', 'compute', 'ssh', '%h', '--command=%c']],
])('%j', (text, words) => {
  expect(splitWords(text)).toEqual(words);
});

test.each([`'a`, `"a`, `a "b\\"`, 'a\\', `it's`])('%j has no end', (text) => {
  expect(() => splitWords(text)).toThrow(expect.objectContaining({ code: 'ET_ERR_USAGE' }));
});

test('splits as sh does', () => {
  const piece = fc.constantFrom('a', 'b', ' ', "'", '"', '\\', 'é', '%');
  const texts = fc
    .sample(fc.array(piece, { maxLength: 12 }), { numRuns: 300, seed: 1 })
    .map((pieces) => pieces.join(''));
  for (const text of texts) {
    let words: string[];
    try {
      words = splitWords(text);
    } catch {
      continue;
    }
    if (text.includes('\\') || /['"]/u.test(text)) {
      const shown = execFileSync('sh', ['-c', `printf '%s\\n' x ${text}`], { encoding: 'utf8' });
      expect(['x', ...words]).toEqual(shown.split('\n').slice(0, -1));
    }
  }
});
