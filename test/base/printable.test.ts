import { expect, test } from 'vitest';
import { printable } from '../../src/base/printable.ts';

test.each([
  ['connection refused by db:80', 'connection refused by db:80'],
  ['bücher.example — ok', 'bücher.example — ok'],
  ['\u001b]0;owned\u0007', '?]0;owned?'],
  ['\u009b31mred', '?31mred'],
  ['a\r\nb', 'a?b'],
  ['a\u2028b\u2029c', 'a?b?c'],
  ['gpj.\u202eexe', 'gpj.?exe'],
  ['zero\u200bwidth', 'zero?width'],
])('of %j a terminal is shown %j', (text, shown) => {
  expect(printable(text)).toBe(shown);
});
