import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DEFAULT_LIFETIME,
  endsAtMs,
  initialLifetime,
  type LifetimeEvent,
  type LifetimePolicy,
  nextLifetime,
} from '../../src/etserver/lifetime.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** When the server ends after these events, each at its time. */
function endAfter(
  events: readonly (readonly [number, LifetimeEvent])[],
  policy: LifetimePolicy = DEFAULT_LIFETIME,
): number | undefined {
  const state = events.reduce(
    (before, [atMs, event]) => nextLifetime(before, event, atMs),
    initialLifetime(0),
  );
  return endsAtMs(state, policy);
}

test('a server that no client ever came to ends after two minutes', () => {
  expect(endAfter([])).toBe(2 * MINUTE);
});

test('a client that is there, or was, keeps it for ever', () => {
  expect(endAfter([[5, 'link-joined']])).toBeUndefined();
  expect(
    endAfter([
      [5, 'link-joined'],
      [HOUR, 'last-link-lost'],
    ]),
  ).toBeUndefined();
});

test('the grace that the user set runs from the moment the client was lost', () => {
  const policy = { ...DEFAULT_LIFETIME, graceMs: HOUR };
  expect(endAfter([[5, 'link-joined']], policy)).toBeUndefined();
  expect(
    endAfter(
      [
        [5, 'link-joined'],
        [1000, 'last-link-lost'],
      ],
      policy,
    ),
  ).toBe(1000 + HOUR);
  const back = [
    [5, 'link-joined'],
    [1000, 'last-link-lost'],
    [2000, 'link-joined'],
  ] as const;
  expect(endAfter(back, policy)).toBeUndefined();
});

test('an exit status that nobody has seen is kept for a day, whatever the grace', () => {
  const policy = { ...DEFAULT_LIFETIME, graceMs: 1000 };
  const events = [
    [5, 'link-joined'],
    [10, 'last-link-lost'],
    [500, 'work-over'],
  ] as const;
  expect(endAfter(events, policy)).toBe(500 + 24 * HOUR);
});

test('one that was sent is waited on for a quarter of an hour', () => {
  const events = [
    [5, 'link-joined'],
    [500, 'work-over'],
    [510, 'status-sent'],
  ] as const;
  expect(endAfter(events)).toBe(510 + 15 * MINUTE);
  expect(endAfter([...events, [600, 'last-link-lost']])).toBe(510 + 15 * MINUTE);
});

test('one that has not arrived is unseen again', () => {
  const events = [
    [5, 'link-joined'],
    [500, 'work-over'],
    [510, 'status-sent'],
  ] as const;
  expect(endAfter([...events, [600, 'status-undelivered']])).toBe(510 + 24 * HOUR);
});

test('no order of events ends a server before its time, or keeps one without work for ever', () => {
  const event = fc.constantFrom<LifetimeEvent>(
    'link-joined',
    'last-link-lost',
    'work-over',
    'status-sent',
    'status-undelivered',
  );
  fc.assert(
    fc.property(fc.array(event), (names) => {
      const events = names.map((name, index) => [index + 1, name] as const);
      const end = endAfter(events);
      const isOver = names.includes('work-over') || names.includes('status-sent');
      if (isOver) expect(end).toBeGreaterThanOrEqual(15 * MINUTE);
      else if (names.includes('link-joined')) expect(end).toBeUndefined();
      else expect(end).toBeGreaterThanOrEqual(2 * MINUTE);
    }),
  );
});
