import { expect, test } from 'vitest';
import { textOf } from '../../src/base/bytes.ts';
import { OutputTracker } from '../../src/terminal/output-tracker.ts';
import { TitleNotice } from '../../src/terminal/title-notice.ts';

const SHOWN = '\x1b[22;0t\x1b]2;no answer for 3 s\x07';
const HIDDEN = '\x1b[23;0t';

function watch(): { tracker: OutputTracker; notice: TitleNotice; taken: () => string | undefined } {
  const tracker = new OutputTracker();
  const notice = new TitleNotice(tracker);
  const taken = (): string | undefined => {
    const bytes = notice.take();
    return bytes === undefined ? undefined : textOf(bytes);
  };
  return { tracker, notice, taken };
}

test('a notice is shown once, changed without saving again, and taken back', () => {
  const { notice, taken } = watch();
  expect(taken()).toBeUndefined();
  notice.show('no answer for 3 s');
  expect([taken(), taken()]).toEqual([SHOWN, undefined]);
  notice.show('no answer for 4 s');
  expect(taken()).toBe('\x1b]2;no answer for 4 s\x07');
  notice.hide();
  expect([taken(), taken()]).toEqual([HIDDEN, undefined]);
});

test.each(['\x1b', '\x1b[3', '\x1b]0;ti', '\x1b(', '\x1bPq'])(
  'in the midst of %j it waits, and follows at the end of it',
  (half) => {
    const { tracker, notice, taken } = watch();
    tracker.push(Buffer.from(half));
    notice.show('no answer for 3 s');
    expect(taken()).toBeUndefined();
    tracker.push(Buffer.from('\x18'));
    expect(taken()).toBe(SHOWN);
  },
);

test('in the midst of a character it waits', () => {
  const { tracker, notice, taken } = watch();
  tracker.push(Uint8Array.of(0xe2, 0x82));
  notice.show('no answer for 3 s');
  expect(taken()).toBeUndefined();
  tracker.push(Uint8Array.of(0xac));
  expect(taken()).toBe(SHOWN);
});

test('while tmux -CC runs nothing is shown, and nothing taken back', () => {
  const { tracker, notice, taken } = watch();
  notice.show('no answer for 3 s');
  expect(taken()).toBe(SHOWN);
  tracker.push(Buffer.from('\x1bP1000p%begin\r\n'));
  notice.hide();
  expect(taken()).toBeUndefined();
  tracker.push(Buffer.from('%exit\r\n\x1b\\'));
  expect(taken()).toBe(HIDDEN);
});

test('control mode alone keeps it back, whatever is said of the ground', () => {
  const notice = new TitleNotice({ isGround: true, controlModeActive: true });
  notice.show('no answer');
  expect(notice.take()).toBeUndefined();
});

test('a notice that was never out is not taken back', () => {
  const { tracker, notice, taken } = watch();
  tracker.push(Buffer.from('\x1b['));
  notice.show('no answer for 3 s');
  notice.hide();
  tracker.push(Buffer.from('m'));
  expect(taken()).toBeUndefined();
  expect(notice.restoreSequence()).toBe('');
});

test('at the exit it is taken back wherever the output has stopped, once', () => {
  const { tracker, notice, taken } = watch();
  notice.show('no answer for 3 s');
  taken();
  tracker.push(Buffer.from('\x1b['));
  expect([notice.restoreSequence(), notice.restoreSequence()]).toEqual([HIDDEN, '']);
  tracker.push(Buffer.from('m'));
  expect(taken()).toBeUndefined();
});

test('nothing in a notice can end the title or run past it', () => {
  const { notice, taken } = watch();
  notice.show(`a\x07b\x1b\\c\u009cd\r\n${'x'.repeat(1000)}`);
  const text = taken() ?? '';
  expect(text).toBe(`\x1b[22;0t\x1b]2;a?b?\\c?d?${'x'.repeat(191)}\x07`);
});
