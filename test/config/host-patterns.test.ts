import { expect, test } from 'vitest';
import { HostPatterns } from '../../src/config/host-patterns.ts';

test.each([
  [['*'], 'any', true],
  [['a', 'b'], 'b', true],
  [['a*', '!ab'], 'ab', false],
  [['!ab', 'a*'], 'ab', false],
  [['!a*', 'ab'], 'ab', false],
  [['a*', '!ab'], 'ac', true],
  [['10.0.?.*'], '10.0.7.1', true],
  [['10.0.?.*'], '10.0.77.1', false],
  [['2001:db8:*'], '2001:DB8::1', true],
  [['Host'], 'hOST', true],
  [['!a'], 'b', false],
])('%j and %s: %s', (patterns, host, expected) => {
  expect(new HostPatterns(patterns).matches(host)).toBe(expected);
});
