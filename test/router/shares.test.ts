import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Shares } from '../../src/router/shares.ts';

test('a user has his share, all together have all, and what is given back is there again', () => {
  const shares = new Shares(8, 0.5);
  for (let i = 0; i < 4; i += 1) expect(shares.take(1)).toBe(true);
  expect(shares.take(1)).toBe(false);
  for (let i = 0; i < 2; i += 1) for (const uid of [2, 3]) expect(shares.take(uid)).toBe(true);
  expect(shares.take(4)).toBe(false);
  shares.giveBack(1, 3);
  expect(shares.count).toBe(5);
  expect(shares.take(4)).toBe(true);
  expect(shares.take(1)).toBe(true);
});

test('the count is what was taken and not given back, whoever does it in whatever order', () => {
  const user = fc.integer({ min: 0, max: 3 });
  fc.assert(
    fc.property(fc.array(fc.tuple(user, fc.boolean())), (steps) => {
      const shares = new Shares(6, 0.5);
      const has = [0, 0, 0, 0];
      for (const [uid, takes] of steps) {
        if (takes && shares.take(uid)) has[uid] = (has[uid] ?? 0) + 1;
        if (!takes && (has[uid] ?? 0) > 0) {
          shares.giveBack(uid);
          has[uid] = (has[uid] ?? 0) - 1;
        }
        expect(Math.max(...has)).toBeLessThanOrEqual(3);
        expect(shares.count).toBe(has.reduce((sum, each) => sum + each, 0));
        expect(shares.count).toBeLessThanOrEqual(6);
      }
    }),
  );
});
