import { describe, expect, test } from 'vitest';
import { utf8 } from '../../src/base/bytes.ts';
import { PlainRun } from '../../src/terminal/plain-run.ts';

const ESC = '\u001b';

/** Where the shortcut of a run of `output` ends, and with which renditions; pushed in pieces of so many bytes. */
function shortcutOf(output: string, keptLines: number, pieceBytes = 1000) {
  const run = new PlainRun(100, keptLines);
  const bytes = utf8(output);
  for (let at = 0; at < bytes.length; at += pieceBytes)
    if (!run.push(bytes.subarray(at, at + pieceBytes))) break;
  const { shortcut } = run;
  return shortcut && [shortcut.offset - 100, Buffer.from(shortcut.renditions).toString()];
}

describe('a shortcut', () => {
  test('goes to the beginning of a line, with enough of them behind it', () => {
    expect(shortcutOf('a\r\nb\r\nc\r\n', 2, 3)).toEqual([3, '']);
    expect(shortcutOf('a\r\nb\r\nc\r\n', 2, 1000)).toEqual([3, '']);
    expect(shortcutOf('a\r\nb\r\nc\r\n', 3)).toBeUndefined();
    expect(shortcutOf('a\nb\nc\nd\n', 1)).toBeUndefined();
    expect(shortcutOf('a\r\nb\r\nc\r\nd\r\n', 1, 3)).toEqual([9, '']);
  });

  test('does not reach beyond what is no line', () => {
    for (const other of [
      `${ESC}[2J`,
      `${ESC}[5A`,
      `${ESC}[2;3r`,
      `${ESC}[?1049h`,
      `${ESC}[>4m`,
      `${ESC}[4 q`,
      `${ESC}7`,
      `${ESC}M`,
      `${ESC}]0;x\u0007`,
      `${ESC}(0`,
      `${ESC}Pq${ESC}\\`,
      `${ESC}[6n`,
      '\u000b',
      '\u000c',
      '\u000e',
      '\u007f',
      '\u0000',
      '\u009b2J',
      '\u0085',
      `${ESC}[1;\rm`,
      `${ESC}[${'1;'.repeat(40)}1m`,
    ]) {
      const output = `${'a\r\n'.repeat(3)}${other}${'b\r\n'.repeat(50)}`;
      for (const pieceBytes of [1, 2, 3, 1000])
        expect(shortcutOf(output, 3, pieceBytes), JSON.stringify(other)).toBeUndefined();
    }
  });

  test('goes past what stays on its line', () => {
    for (const part of [
      'é',
      '\u00a0',
      '漢',
      '\u0007',
      '\b',
      '\t',
      '\r',
      `${ESC}[K`,
      `${ESC}[4C`,
      `${ESC}[m`,
    ])
      for (const pieceBytes of [1, 2, 3, 1000])
        expect(
          shortcutOf(`${part}\r\n${'b\r\n'.repeat(5)}`, 5, pieceBytes)?.[0],
          JSON.stringify(part),
        ).toBe(Buffer.byteLength(part) + 2);
  });

  test.each([
    ['the last of equal renditions', `${ESC}[31mx${ESC}[1m${ESC}[31m`, `${ESC}[1m${ESC}[31m`],
    ['nothing before a reset', `${ESC}[31mx${ESC}[0m${ESC}[1m`, `${ESC}[0m${ESC}[1m`],
    ['nothing before the other reset', `${ESC}[31m${ESC}[0m${ESC}[4m${ESC}[m`, `${ESC}[m`],
    ['renditions alone', `${ESC}[K${ESC}[31m${ESC}[2C`, `${ESC}[31m`],
  ])('has %s', (_what, output, renditions) => {
    for (const pieceBytes of [1, 2, 7, 1000])
      expect(shortcutOf(`${output}\r\n${'b\r\n'.repeat(9)}`, 9, pieceBytes)?.[1]).toBe(renditions);
  });

  test('is not to be had with hundreds of renditions', () => {
    const colors = Array.from({ length: 300 }, (_, color) => `${ESC}[38;5;${color}m`).join('');
    expect(shortcutOf(`${colors}\r\n${'b\r\n'.repeat(9)}`, 9, 100)).toBeUndefined();
  });
});
