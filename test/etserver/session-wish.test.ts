import { describe, expect, test } from 'vitest';
import { DEFAULT_HISTORY_BYTES, sessionWish } from '../../src/etserver/session-wish.ts';

const REQUEST = {
  protocol: [1, 1],
  features: [],
  port: '0',
  bind: '',
  graceSeconds: null,
} as const;

function wishOf(extra: Readonly<Record<string, unknown>>) {
  return sessionWish({ ...REQUEST, extra });
}

test('who says nothing begins a session without a name, with the default history', () => {
  expect(sessionWish(REQUEST)).toEqual({
    name: '',
    attach: 'either',
    session: '',
    killOthers: false,
    historyBytes: DEFAULT_HISTORY_BYTES,
  });
});

describe('a name', () => {
  test.each(['work', 'ünï-code', 'a.b_c@d:e+f', '1', 'x'.repeat(64)])('may be %s', (name) => {
    expect(wishOf({ name }).name).toBe(name);
  });

  test.each([
    '-work',
    'two words',
    'a/b',
    '../x',
    'tab\t',
    'line\n',
    '\u001b[2J',
    'x'.repeat(65),
    5,
    null,
  ])('may not be %j', (name) => {
    expect(() => wishOf({ name })).toThrow('name is not what it can be');
  });
});

test.each([
  [{ attach: 'maybe' }, 'attach'],
  [{ attach: true }, 'attach'],
  [{ session: 7 }, 'session'],
  [{ session: 'x'.repeat(65) }, 'session'],
  [{ historyBytes: '64M' }, 'historyBytes'],
  [{ historyBytes: Number.NaN }, 'historyBytes'],
])('%j is a failure that names the member', (extra, member) => {
  expect(() => wishOf(extra)).toThrow(`${member} is not what it can be`);
});

test('history is at least 64 KiB, and a whole number', () => {
  expect(wishOf({ historyBytes: 0 }).historyBytes).toBe(65_536);
  expect(wishOf({ historyBytes: 1e6 + 0.5 }).historyBytes).toBe(1e6);
  expect(wishOf({ historyBytes: 1e300 }).historyBytes).toBe(2 ** 50);
});
