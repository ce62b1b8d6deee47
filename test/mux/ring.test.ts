import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ring, RingNode } from '../../src/mux/ring.ts';

test('a ring behaves as a list to which one adds, from which one removes, and whose front goes to the back', () => {
  const step = fc.tuple(fc.constantFrom('add', 'remove', 'rotate'), fc.nat(5));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ring = new Ring<number>();
      const nodes = Array.from({ length: 6 }, (_, value) => new RingNode(value));
      let list: number[] = [];
      for (const [action, value] of steps) {
        const node = nodes[value] as RingNode<number>;
        if (action === 'add') {
          ring.add(node);
          if (!list.includes(value)) list.push(value);
        } else if (action === 'remove') {
          ring.remove(node);
          list = list.filter((other) => other !== value);
        } else {
          ring.rotate();
          list = [...list.slice(1), ...list.slice(0, 1)];
        }
        expect(ring.first).toBe(list[0]);
        expect(ring.isEmpty).toBe(list.length === 0);
        expect(ring.isSingle).toBe(list.length === 1);
        expect(ring.has(node)).toBe(list.includes(value));
      }
      while (!ring.isEmpty) {
        expect(ring.first).toBe(list.shift());
        ring.removeFirst();
      }
      expect(list).toEqual([]);
    }),
  );
});

test('a node is a member of one ring at a time', () => {
  const [one, two] = [new Ring<string>(), new Ring<string>()];
  const node = new RingNode('x');
  one.add(node);
  two.add(node);
  two.remove(node);
  expect([one.first, two.first]).toEqual(['x', undefined]);
});
