import { expect, test } from 'vitest';
import { textOf, utf8 } from '../../src/base/bytes.ts';
import { TerminalPrompt } from '../../src/etclient/terminal-prompt.ts';

/** A prompt whose lines are answered when the test says so. */
class Lab {
  screen = '';
  released: string | undefined;
  readonly lines: string[] = [];
  answer: (lines: readonly string[]) => void = () => undefined;
  fail: (error: Error) => void = () => undefined;
  readonly prompt = new TerminalPrompt({
    write: (bytes) => {
      this.screen += textOf(bytes);
    },
    run: (line) => {
      this.lines.push(line);
      return new Promise((resolve, reject) => {
        this.answer = resolve;
        this.fail = reject;
      });
    },
    onOver: (held) => {
      if (this.released !== undefined) throw new Error('over twice');
      this.released = held.map(textOf).join('');
    },
  });

  /** What is passed on to the program. */
  type(keys: string): string {
    return textOf(this.prompt.type(utf8(keys)));
  }
}

test('a line is run and answered, then the terminal is given back with what was held', async () => {
  const lab = new Lab();
  expect(lab.type('-L 1:')).toBe('');
  lab.prompt.hold(utf8('from the '));
  expect(lab.type('h:2\rls\r')).toBe('ls\r');
  const late = utf8('program');
  lab.prompt.hold(late);
  late.fill(0);
  expect(lab.type('x')).toBe('x');
  expect(lab.released).toBeUndefined();
  lab.answer(['one', 'two']);
  await Promise.resolve().then(() => undefined);
  await Promise.resolve();
  expect(lab.lines).toEqual(['-L 1:h:2']);
  expect(lab.screen).toBe('\r\net> -L 1:h:2\r\none\r\ntwo\r\n');
  expect(lab.released).toBe('from the program');
  expect(lab.type('~')).toBe('~');
});

test.each(['\x03', '\x1b', '\r', 'ls\x03'])('%j leaves it, and runs nothing', (keys) => {
  const lab = new Lab();
  lab.prompt.hold(utf8('held'));
  expect(lab.type(keys)).toBe('');
  expect(lab.released).toBe('held');
  expect(lab.lines).toEqual([]);
  expect(lab.screen.endsWith('\r\n')).toBe(true);
});

test('what fails is printed', async () => {
  const lab = new Lab();
  lab.type('ls\r');
  lab.fail(new Error('no'));
  await new Promise(setImmediate);
  expect(lab.screen).toBe('\r\net> ls\r\net: no\r\n');
  expect(lab.released).toBe('');
});

test('closed while it is answered, the answer is not printed over the program', async () => {
  const lab = new Lab();
  lab.type('ls\r');
  lab.prompt.close();
  const { screen } = lab;
  lab.answer(['late']);
  await new Promise(setImmediate);
  expect(lab.screen).toBe(screen);
  lab.prompt.close();
  expect(lab.released).toBe('');
});
