import { expect, test } from 'vitest';
import { matchesPattern } from '../../src/base/matches-pattern.ts';

test.each([
  ['host', 'host', true],
  ['HOST.Example', 'host.example', true],
  ['host', 'hosts', false],
  ['*', 'anything', true],
  ['*.example', 'a.b.example', true],
  ['*.example', 'example', false],
  ['h?st', 'host', true],
  ['h?st', 'hst', false],
  ['*a*b*c*', 'xxaxxbxxc', true],
  ['*a*b*c*', 'xxaxxcxxb', false],
  ['a*', 'a', true],
  ['', '', true],
  ['', 'a', false],
  ['[host]:*', '[host]:2222', true],
  ['h.st', 'host', false],
])('%j for %j: %j', (pattern, name, expected) => {
  expect(matchesPattern(pattern, name)).toBe(expected);
});

test('with many stars takes no time', () => {
  expect(matchesPattern(`${'*a'.repeat(200)}b`, 'a'.repeat(2000))).toBe(false);
});
