import { expect, test } from 'vitest';
import { type RouteOwner, RouteTable } from '../../src/router/route-table.ts';
import { DEFAULT_ROUTER_LIMITS, type RouterLimits } from '../../src/router/router-limits.ts';

const LIMITS: RouterLimits = { ...DEFAULT_ROUTER_LIMITS, servers: 8, routes: 16, userShare: 0.25 };

function tableOf(): { table: RouteTable<RouteOwner>; owner: (uid?: number) => RouteOwner } {
  return { table: new RouteTable(LIMITS), owner: (uid = 1000) => ({ uid }) };
}

test('an id leads to who has registered it, and to nobody when that is gone', () => {
  const { table, owner } = tableOf();
  const [one, other] = [owner(), owner()];
  expect(table.add(one, ['a', 'b'])).toBeUndefined();
  expect(table.add(other, ['c'])).toBeUndefined();
  expect([table.ownerOf('a'), table.ownerOf('c'), table.ownerOf('d')]).toEqual([
    one,
    other,
    undefined,
  ]);
  table.forget(one);
  expect([table.ownerOf('a'), table.ownerOf('b'), table.ownerOf('c')]).toEqual([
    undefined,
    undefined,
    other,
  ]);
  expect([table.serverCount, table.routeCount]).toEqual([1, 1]);
});

test('who shows the same secret later has the id, and keeps it when the earlier connection ends', () => {
  const { table, owner } = tableOf();
  const [before, after] = [owner(), owner()];
  table.add(before, ['a']);
  expect(table.add(after, ['a'])).toBeUndefined();
  expect(table.ownerOf('a')).toBe(after);
  table.remove(before, ['a']);
  table.forget(before);
  expect(table.ownerOf('a')).toBe(after);
  expect([table.serverCount, table.routeCount]).toEqual([1, 1]);
});

test('a user has a quarter of the servers and of the routes, and others are not the worse for it', () => {
  const { table, owner } = tableOf();
  expect(table.add(owner(1), ['a'])).toBeUndefined();
  const second = owner(1);
  expect(table.add(second, ['b'])).toBeUndefined();
  expect(table.add(owner(1), ['c'])).toBe('too many session servers are registered');
  expect(table.add(second, ['c', 'd', 'e'])).toBe('too many routes are registered');
  expect(table.ownerOf('c')).toBeUndefined();
  expect(table.add(second, ['c', 'd'])).toBeUndefined();
  expect(table.add(owner(2), ['x', 'y', 'z'])).toBeUndefined();
});

test('what is taken back or forgotten makes room', () => {
  const { table, owner } = tableOf();
  const [one, two] = [owner(1), owner(1)];
  table.add(one, ['a', 'b', 'c', 'd']);
  table.add(two, ['e']);
  expect(table.ownerOf('e')).toBeUndefined();
  table.remove(one, ['a', 'unknown']);
  expect(table.add(two, ['e'])).toBeUndefined();
  table.forget(one);
  table.forget(one);
  expect(table.add(owner(1), ['f', 'g', 'h'])).toBeUndefined();
});

test('with all servers taken nobody comes in, whoever it is', () => {
  const { table, owner } = tableOf();
  for (let i = 0; i < LIMITS.servers; i += 1) {
    expect(table.add(owner(i), [`id ${i}`])).toBeUndefined();
  }
  expect(table.add(owner(99), ['last'])).toBe('too many session servers are registered');
});
