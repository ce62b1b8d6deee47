import { expect, test } from 'vitest';
import type { Flag } from '../../src/base/flag.ts';
import { formatExamples, formatFlags } from '../../src/base/format-flags.ts';

const LONG = 'one word after another until the line is full and another one has to be begun here';

const FLAGS: readonly Flag[] = [
  { key: 'a', short: '-a', group: 'First', help: 'short only' },
  { key: 'b', long: '--bee', argument: 'N', group: 'Second', help: LONG },
  { key: 'c', short: '-c', long: '--sea', aliases: ['--ocean'], group: 'First', help: 'both' },
  {
    key: 'd',
    short: '-d',
    long: '--much-too-long',
    argument: 'VALUE',
    group: 'Second',
    help: 'below',
  },
];

test('groups flags, aligns what they do, and wraps it', () => {
  expect(formatFlags(FLAGS)).toBe(
    [
      'First:',
      '  -a                      short only',
      '  -c, --sea, --ocean      both',
      '',
      'Second:',
      '      --bee N             one word after another until the line is full and',
      '                          another one has to be begun here',
      '  -d, --much-too-long VALUE',
      '                          below',
      '',
    ].join('\n'),
  );
});

test('puts what an example does below it', () => {
  expect(formatExamples([{ command: 'et h', text: 'a shell' }])).toBe(
    'Examples:\n  et h\n    a shell\n',
  );
});
