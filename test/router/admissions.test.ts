import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Admission, Admissions } from '../../src/router/admissions.ts';
import { DEFAULT_ROUTER_LIMITS, type RouterLimits } from '../../src/router/router-limits.ts';

const LIMITS: RouterLimits = {
  ...DEFAULT_ROUTER_LIMITS,
  incomplete: 6,
  incompletePerSource: 3,
  joined: 8,
  joinedPerSource: 4,
  userShare: 0.5,
};

function admitted(admissions: Admissions, source: string | undefined, count: number): Admission[] {
  return Array.from({ length: count }, () => admissions.admit(source)).flatMap(
    (each) => each ?? [],
  );
}

describe('connections that have not said their hello', () => {
  test('are as many as one source may have, and others are not the worse for it', () => {
    const admissions = new Admissions(LIMITS);
    expect(admitted(admissions, 'a', 10)).toHaveLength(3);
    expect(admitted(admissions, 'b', 2)).toHaveLength(2);
    expect(admissions.incompleteCount).toBe(5);
  });

  test('are as many as there may be in all, wherever they come from', () => {
    const admissions = new Admissions(LIMITS);
    expect(admitted(admissions, undefined, 20)).toHaveLength(6);
    expect(admissions.admit('a')).toBeUndefined();
  });

  test('make room when they leave, once', () => {
    const admissions = new Admissions(LIMITS);
    const [first] = admitted(admissions, 'a', 3);
    first?.leave();
    first?.leave();
    expect(admitted(admissions, 'a', 3)).toHaveLength(1);
  });
});

describe('connections that are joined', () => {
  test('are as many as one source may have, even those that are admitted already', () => {
    const admissions = new Admissions(LIMITS);
    for (let i = 0; i < 3; i += 1) expect(admissions.admit('a')?.join(undefined)).toBe(true);
    const [fourth, fifth] = admitted(admissions, 'a', 2);
    expect(fourth?.join(undefined)).toBe(true);
    expect(fifth?.join(undefined)).toBe(false);
    expect(admissions.admit('a')).toBeUndefined();
  });

  test("are no more than a user's share of all, and other users are not the worse for it", () => {
    const admissions = new Admissions(LIMITS);
    const joins = Array.from({ length: 6 }, () => admissions.admit(undefined)?.join(1000));
    expect(joins).toEqual([true, true, true, true, false, false]);
    expect(admissions.joinedCount).toBe(4);
    expect(admissions.admit(undefined)?.join(1001)).toBe(true);
  });

  test('make room for their user when they leave', () => {
    const admissions = new Admissions(LIMITS);
    for (let i = 0; i < 20; i += 1) {
      const one = admissions.admit(undefined);
      expect(one?.join(1000)).toBe(true);
      one?.leave();
    }
  });

  test('are counted as what they are, and once', () => {
    const admissions = new Admissions(LIMITS);
    const one = admissions.admit('a');
    expect(one?.join(1)).toBe(true);
    expect(one?.join(1)).toBe(false);
    expect([admissions.incompleteCount, admissions.joinedCount]).toEqual([0, 1]);
    one?.leave();
    expect([admissions.incompleteCount, admissions.joinedCount]).toEqual([0, 0]);
  });
});

test('whatever is admitted, joined and left, no limit is passed and nothing stays behind', () => {
  const step = fc.record({
    do: fc.constantFrom('admit', 'join', 'leave'),
    source: fc.constantFrom('a', 'b', undefined),
    uid: fc.constantFrom(1, 2, undefined),
    at: fc.nat(20),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const admissions = new Admissions(LIMITS);
      const all: Admission[] = [];
      for (const { do: what, source, uid, at } of steps) {
        const one = all[at % Math.max(1, all.length)];
        if (what === 'admit') all.push(...admitted(admissions, source, 1));
        else if (what === 'join') one?.join(uid);
        else one?.leave();
        expect(admissions.incompleteCount).toBeLessThanOrEqual(LIMITS.incomplete);
        expect(admissions.joinedCount).toBeLessThanOrEqual(LIMITS.joined);
      }
      for (const one of all) one.leave();
      expect([admissions.incompleteCount, admissions.joinedCount]).toEqual([0, 0]);
      // Every source and user has all its room again.
      expect(admitted(admissions, 'a', 9)).toHaveLength(LIMITS.incompletePerSource);
    }),
  );
});
