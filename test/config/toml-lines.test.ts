import fc from 'fast-check';
import { parse } from 'smol-toml';
import { expect, test } from 'vitest';
import { TomlLines, type TomlPath } from '../../src/config/toml-lines.ts';

const DOCUMENT = `\uFEFF# [not.a.table]
top = "[nor.this]" # = "x"
text = """
[table]
key = 1 \\""" """""
raw = '''
[table]
\\''''

[ table . "dotted key" ]
list = [ # one, [two]
  "a, ]", 'b"',

  [ 1, 2 ], { x = 1, y.z = [ 3,
    4 ] },
  1979-05-27 07:32:00,
]
'quo#ted' = 5
"esc\\u0061ped" = {}
a.b = true

[[many]]
x = 1
[[many]]
x = 2\r
[many.inner]
z = 3
[[many.deep]]
z = 4
[[many.deep]]
z = 5
`;

test.each<[TomlPath, number]>([
  [['top'], 2],
  [['text'], 3],
  [['raw'], 6],
  [['table'], 10],
  [['table', 'dotted key'], 10],
  [['table', 'dotted key', 'list'], 11],
  [['table', 'dotted key', 'list', 0], 12],
  [['table', 'dotted key', 'list', 1], 12],
  [['table', 'dotted key', 'list', 2], 14],
  [['table', 'dotted key', 'list', 2, 1], 14],
  [['table', 'dotted key', 'list', 3], 14],
  [['table', 'dotted key', 'list', 3, 'y', 'z', 1], 15],
  [['table', 'dotted key', 'list', 4], 16],
  [['table', 'dotted key', 'quo#ted'], 18],
  [['table', 'dotted key', 'escaped'], 19],
  [['table', 'dotted key', 'a', 'b'], 20],
  [['many'], 22],
  [['many', 0], 22],
  [['many', 0, 'x'], 23],
  [['many', 1], 24],
  [['many', 1, 'x'], 25],
  [['many', 1, 'inner'], 26],
  [['many', 1, 'inner', 'z'], 27],
  [['many', 1, 'deep', 0, 'z'], 29],
  [['many', 1, 'deep', 1, 'z'], 31],
  // What is not there has the line of what would hold it.
  [['table', 'dotted key', 'list', 9], 11],
  [['table', 'missing', 'key'], 10],
  [['missing'], 1],
  [[], 1],
])('%j stands in line %i', (path, line) => {
  expect(() => parse(DOCUMENT)).not.toThrow();
  expect(new TomlLines(DOCUMENT).lineOf(path)).toBe(line);
});

test('every text that the parser accepts is read to its end', () => {
  const part = fc.constantFrom(
    ...'[]{}"\'=,.#\n\\a1 '.split(''),
    ...'"""|a = |[a]\n|"b"|[["c"]]\n'.split('|'),
  );
  const text = fc.array(part, { maxLength: 24 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(text, (each) => {
      try {
        parse(each);
      } catch {
        return;
      }
      const lines = new TomlLines(each);
      for (const key of Object.keys(parse(each))) {
        const line = each.split('\n')[lines.lineOf([key]) - 1];
        expect(line).toMatch(/[=[]/u);
      }
    }),
    { numRuns: 5000 },
  );
});
