import { expect, test } from 'vitest';
import { nearestWord } from '../../src/base/nearest-word.ts';

const WORDS = ['--port', '--log', '--local', '--keepalive', '--version'];

test.each([
  ['--port', '--port'],
  ['--prot', '--port'],
  ['--pot', '--port'],
  ['--pport', '--port'],
  ['--keep-alive', '--keepalive'],
  ['--keepalvie', '--keepalive'],
  ['--loacl', '--local'],
  ['--vresion', '--version'],
])('%s is %s', (typed, word) => {
  expect(nearestWord(typed, WORDS)).toBe(word);
});

test.each(['', '--', '-p', '--color', '--pxxt', '--prt5x', '--xyz'])('%j is nothing', (typed) => {
  expect(nearestWord(typed, WORDS)).toBeUndefined();
});

test('of equally near words the first is taken', () => {
  expect(nearestWord('--los', ['--log', '--lot'])).toBe('--log');
});
