import { expect, test } from 'vitest';
import { TerminalScreen } from './terminal-screen.ts';

/** A screen of 10 x 4 on which this was printed. */
function printed(...parts: string[]): TerminalScreen {
  const screen = new TerminalScreen({ columns: 10, rows: 4 });
  for (const part of parts) screen.write(Buffer.from(part));
  return screen;
}

function rowsOf(screen: TerminalScreen): string[] {
  return [0, 1, 2, 3].map((row) => screen.text(row));
}

test('a row that is full goes on in the next one only with the next character', () => {
  const full = printed('0123456789');
  expect(full.cursor).toEqual({ row: 1, column: 0 });
  expect(rowsOf(printed('0123456789', '\r', 'x'))).toEqual(['x123456789', '', '', '']);
  expect(rowsOf(printed('0123456789', 'ab'))).toEqual(['0123456789', 'ab', '', '']);
});

test('what scrolls out is gone, and a line feed keeps the column', () => {
  expect(rowsOf(printed('a\nb\r\nc\r\nd\r\ne'))).toEqual([' b', 'c', 'd', 'e']);
});

test('only the rows between the margins scroll', () => {
  const screen = printed('a\r\nb\r\nc\r\nd', '\x1b[2;3r\x1b[3;1H\n', 'x');
  expect(rowsOf(screen)).toEqual(['a', 'c', 'x', 'd']);
});

test.each([
  ['\x1b[2;3Hx', ['ab', '  x', '', '']],
  ['\x1b[Hx', ['xb', '', '', '']],
  ['\x1b[2J', ['', '', '', '']],
  ['\r\x1b[K', ['', '', '', '']],
  ['\b\x1b[1K', ['', '', '', '']],
  ['c\b\b\x1b[1K', ['  c', '', '', '']],
  ['\r\x1b[1X', [' b', '', '', '']],
  ['\r\x1b[2Cx', ['abx', '', '', '']],
  ['\x1b[1Dx', ['ax', '', '', '']],
  ['\bx', ['ax', '', '', '']],
  ['\r\x1b[P', ['b', '', '', '']],
  ['\r\x1b[@', [' ab', '', '', '']],
  ['\x1b[L', ['', 'ab', '', '']],
  ['\x1b[1;31mx\x1b[0m', ['abx', '', '', '']],
  ['\x1b]0;a title\x07x', ['abx', '', '', '']],
  ['\x1b]0;a title\x1b\\x', ['abx', '', '', '']],
  ['\x1b[?25l\x1b(Bx', ['abx', '', '', '']],
  ['é', ['ab?', '', '', '']],
])('after ab, %j', (bytes, rows) => {
  expect(rowsOf(printed('ab', bytes))).toEqual(rows);
});

test('a sequence may come in pieces', () => {
  const pieces = '\x1b[2;3Hx\x1b]0;y\x07z'.split('');
  expect(rowsOf(printed(...pieces))).toEqual(['', '  xz', '', '']);
});
