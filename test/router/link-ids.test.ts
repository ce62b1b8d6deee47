import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LinkIds } from '../../src/router/link-ids.ts';
import { Shares } from '../../src/router/shares.ts';
import { MAX_ROUTED_LINK_IDS } from '../../src/wire/limits.ts';

test('who has an id keeps it from other users, until it is taken back', () => {
  const ids = new LinkIds(new Shares(100, 1));
  const [one, thief] = [{ uid: 1 }, { uid: 2 }];
  ids.add(one, 'a');
  ids.add(thief, 'a');
  expect(ids.ownerOf('a')).toBe(one);
  ids.remove(thief, 'a');
  ids.forget(thief);
  expect(ids.ownerOf('a')).toBe(one);
  ids.remove(one, 'a');
  expect(ids.ownerOf('a')).toBeUndefined();
  ids.add(thief, 'a');
  expect(ids.ownerOf('a')).toBe(thief);
});

test('the same user has come again, and the earlier stream takes nothing away when it ends', () => {
  const shares = new Shares(100, 1);
  const ids = new LinkIds(shares);
  const [before, after] = [{ uid: 1 }, { uid: 1 }];
  ids.add(before, 'a');
  ids.add(after, 'a');
  expect(ids.ownerOf('a')).toBe(after);
  ids.forget(before);
  expect(ids.ownerOf('a')).toBe(after);
  expect([ids.count, shares.count]).toEqual([1, 1]);
});

test(`a session server has ${MAX_ROUTED_LINK_IDS}, and loses none to one more`, () => {
  const ids = new LinkIds(new Shares(10_000, 1));
  const owner = { uid: 1 };
  for (let i = 0; i <= MAX_ROUTED_LINK_IDS; i += 1) ids.add(owner, String(i));
  expect(ids.count).toBe(MAX_ROUTED_LINK_IDS);
  expect(ids.ownerOf('0')).toBe(owner);
  expect(ids.ownerOf(String(MAX_ROUTED_LINK_IDS))).toBeUndefined();
});

interface Holder {
  readonly uid: number;
  readonly has: Set<string>;
}

type What = 'add' | 'remove' | 'forget';

/** Does it, and keeps the books. */
function act(ids: LinkIds<Holder>, what: What, own: Holder, id: string, all: Holder[]): void {
  if (what === 'add') ids.add(own, id);
  else if (what === 'remove') ids.remove(own, id);
  else ids.forget(own);
  if (what === 'forget') own.has.clear();
  else if (what === 'remove') own.has.delete(id);
  else if (ids.ownerOf(id) === own) for (const each of all) each.has.delete(id);
  if (what === 'add' && ids.ownerOf(id) === own) own.has.add(id);
}

test('every id leads to one who has added it and not taken it back, and the shares are what is there', () => {
  const step = fc.record({
    owner: fc.integer({ min: 0, max: 3 }),
    id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
    what: fc.constantFrom<What>('add', 'remove', 'forget'),
  });
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const shares = new Shares(5, 0.8);
      const ids = new LinkIds<Holder>(shares);
      const all = [1, 1, 2, 3].map((uid): Holder => ({ uid, has: new Set() }));
      for (const { owner, id, what } of steps) {
        act(ids, what, all[owner] as Holder, id, all);
        for (const each of all) for (const one of each.has) expect(ids.ownerOf(one)).toBe(each);
        const sum = all.reduce((count, { has }) => count + has.size, 0);
        expect([ids.count, shares.count]).toEqual([sum, sum]);
      }
    }),
  );
});
