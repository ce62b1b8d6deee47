import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { textOf, utf8 } from '../../src/base/bytes.ts';
import { LineEditor } from '../../src/terminal/line-editor.ts';

function typed(keys: string): {
  line: string;
  echo: string;
  end: string | undefined;
  rest: string;
} {
  const editor = new LineEditor();
  const { echo, end, rest } = editor.push(utf8(keys));
  return { line: editor.line, echo, end, rest: textOf(rest) };
}

describe('what is typed', () => {
  test.each([
    ['-L 1', '-L 1', '-L 1'],
    ['ab\x7f', 'a', 'ab\b \b'],
    ['ab\b\b\bc', 'c', 'ab\b \b\b \bc'],
    ['ab\x15c', 'c', 'ab\b \b\b \bc'],
    ['ab cd \x17x', 'ab x', `ab cd ${'\b \b'.repeat(3)}x`],
    ['\x17\x15\x7f', '', ''],
    ['ü€😀\x7f\x7f', 'ü', 'ü€😀\b \b\b \b'],
    ['a\tb\x01', 'ab', 'ab'],
    ['a\x1b[Ab\x1bOPc\x1b[1;5Cd', 'abcd', 'abcd'],
    ['\x1b[200~-D 1\x1b[201~', '-D 1', '-D 1'],
    ['\u0085\u009b', '', ''],
  ])('%j', (keys, line, echo) => {
    expect(typed(keys)).toEqual({ line, echo, end: undefined, rest: '' });
  });

  test('is bounded', () => {
    const { line, echo } = typed('x'.repeat(2000));
    expect(line).toHaveLength(1024);
    expect(echo).toBe('x'.repeat(1024) + '\x07'.repeat(976));
  });
});

describe('the end', () => {
  test.each([
    ['ls\rw\r', 'enter', 'w\r'],
    ['ls\n', 'enter', ''],
    ['\rw', 'leave', 'w'],
    ['  \r', 'leave', ''],
    ['ls\x03w', 'leave', 'w'],
    ['ls\x04', 'leave', ''],
    ['ls\x1b', 'leave', ''],
    ['\x1bw', 'leave', 'w'],
  ])('%j is %s', (keys, end, rest) => {
    expect(typed(keys)).toMatchObject({ end, rest });
  });
});

test('how the keys are cut into pieces changes nothing, but within an escape', () => {
  const key = fc.constantFrom('a', 'ü', '😀', '\x7f', '\x17', '\x15', ' ', '\t');
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      const whole = typed(keys.join(''));
      const editor = new LineEditor();
      let echo = '';
      for (const byte of utf8(keys.join(''))) echo += editor.push(Uint8Array.of(byte)).echo;
      expect([editor.line, echo]).toEqual([whole.line, whole.echo]);
    }),
  );
});
