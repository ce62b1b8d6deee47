import { expect, test } from 'vitest';
import { KeyRing } from '../../src/backed/key-ring.ts';
import { KeySet } from '../../src/backed/key-set.ts';
import { pattern } from './stream-script.ts';

function ring(seed: number): KeyRing {
  return new KeyRing(pattern(32, seed), pattern(32, seed + 32));
}

test('an offered ring becomes current, and what was current is revoked', () => {
  const [first, second] = [ring(1), ring(2)];
  const keys = new KeySet(first);
  keys.offer(second);
  expect([keys.stateOf(first), keys.stateOf(second)]).toEqual(['current', 'offered']);
  keys.makeCurrent(second);
  expect([keys.stateOf(first), keys.stateOf(second)]).toEqual(['revoked', 'current']);
  expect([...keys]).toEqual([second, first]);
});

test('the current ring made current again stays as it is', () => {
  const only = ring(1);
  const keys = new KeySet(only);
  keys.makeCurrent(only);
  expect([...keys]).toEqual([only]);
});

test('of many that are offered the latest eight remain', () => {
  const keys = new KeySet(ring(0));
  const offered = Array.from({ length: 12 }, (_, index) => ring(index + 1));
  for (const each of offered) keys.offer(each);
  expect([...keys].slice(1)).toEqual(offered.slice(4));
});

test('of many that are revoked the latest eight are remembered, and the others are strangers', () => {
  const rings = Array.from({ length: 12 }, (_, index) => ring(index));
  const keys = new KeySet(rings[0] as KeyRing);
  for (const each of rings.slice(1)) keys.makeCurrent(each);
  expect(keys.current).toBe(rings[11]);
  expect([...keys].slice(1)).toEqual(rings.slice(3, 11));
  expect(keys.stateOf(rings[2] as KeyRing)).toBeUndefined();
});

test('what is withdrawn is a stranger, and the current ring cannot be', () => {
  const [first, second] = [ring(1), ring(2)];
  const keys = new KeySet(first);
  keys.offer(second);
  keys.withdraw(second);
  keys.withdraw(first);
  expect([keys.stateOf(first), keys.stateOf(second)]).toEqual(['current', undefined]);
});
