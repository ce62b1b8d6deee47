import { expect, test } from 'vitest';
import { EMPTY_BYTES, utf8 } from '../../src/base/bytes.ts';
import { EtError } from '../../src/base/errors.ts';
import { joinEnds } from '../../src/router/join-ends.ts';
import { FakeEnd } from './fake-end.ts';

function joined(alreadyRead: Uint8Array = EMPTY_BYTES) {
  const [left, right] = [new FakeEnd(), new FakeEnd()];
  const over: string[] = [];
  const { cut } = joinEnds(left, right, [alreadyRead], () => over.push('over'));
  return { left, right, over, cut };
}

test('bytes go over in both directions, and what was read before goes first', () => {
  const { left, right } = joined(utf8('hello '));
  left.say(utf8('world'));
  right.say(utf8('answer'));
  expect(right.written).toEqual(utf8('hello world'));
  expect(left.written).toEqual(utf8('answer'));
});

test('who does not take what is written stops the other, and not itself', () => {
  const { left, right } = joined();
  right.isStuck = true;
  left.say(utf8('x'));
  expect([left.isPaused, right.isPaused]).toEqual([true, false]);
  right.say(utf8('still heard'));
  expect(left.written).toEqual(utf8('still heard'));
  right.drain();
  expect(left.isPaused).toBe(false);
});

test('what was read before counts too: the left is not read while that waits', () => {
  const [left, right] = [new FakeEnd(), new FakeEnd()];
  right.isStuck = true;
  joinEnds(left, right, [utf8('hello')], () => undefined);
  expect(left.isPaused).toBe(true);
  right.drain();
  expect(left.isPaused).toBe(false);
});

test('the end of one direction is handed on, and the other goes on', () => {
  const { left, right, over } = joined();
  left.finish();
  expect(right.done).toContain('end');
  right.say(utf8('late'));
  expect(left.written).toEqual(utf8('late'));
  right.finish();
  left.close();
  expect(over).toEqual([]);
  right.close();
  expect(over).toEqual(['over']);
  expect(left.isReset || right.isReset).toBe(false);
});

test.each(['left', 'right'] as const)('what breaks on the %s is a reset for the other', (side) => {
  const { left, right, over } = joined();
  const [broken, other] = side === 'left' ? [left, right] : [right, left];
  broken.close(new EtError('ET_ERR_CARRIER', 'reset by peer'));
  expect(other.isReset).toBe(true);
  expect(over).toEqual(['over']);
});

test('a cut resets both, once', () => {
  const { left, right, over, cut } = joined();
  cut();
  cut();
  expect([left.isReset, right.isReset, over]).toEqual([true, true, ['over']]);
});
