import fc from 'fast-check';
import { expect, test } from 'vitest';
import { complaintAbout } from '../../src/forward/forward-complaint.ts';
import { splitFields } from '../../src/forward/split-fields.ts';
import { complaintOf } from './any-place.ts';

function split(text: string): string[] {
  return splitFields(text, complaintAbout('-L', text, 'it well')).map((field) => field.text);
}

test.each([
  ['', ['']],
  [':', ['', '']],
  ['a:b', ['a', 'b']],
  ['a:b:', ['a', 'b', '']],
  ['[::1]:80', ['::1', '80']],
  ['[]:80', ['', '80']],
  ['80:[::1]', ['80', '::1']],
  [String.raw`a\:b\\:c`, ['a:b\\', 'c']],
  [String.raw`\[a:b`, ['[a', 'b']],
  [String.raw`[a\]:b`, ['a\\', 'b']],
  ['a[b]:c', ['a[b]', 'c']],
])('cuts %j', (text, fields) => {
  expect(split(text)).toEqual(fields);
});

test.each([
  ['[a', 'the brackets of part 1 do not enclose it'],
  ['a:[b]c:d', 'the brackets of part 2 do not enclose it'],
  ['a:b\\', 'part 2 ends in a backslash'],
])('refuses %j: %s', (text, problem) => {
  expect(complaintOf('-L', () => split(text))).toContain(problem);
});

test('a slash anywhere in a field makes it a path, in brackets too', () => {
  const complain = complaintAbout('-L', '', '');
  const isPath = splitFields('[/a:b]:c:d/e', complain).map((field) => field.isPath);
  expect(isPath).toEqual([true, false, true]);
});

test('every text can be a field, with a backslash before each colon, bracket and backslash', () => {
  fc.assert(
    fc.property(fc.array(fc.string(), { minLength: 1 }), (fields) => {
      const text = fields.map((field) => field.replace(/[\\:[]/gu, '\\$&')).join(':');
      expect(split(text)).toEqual(fields);
    }),
  );
});
