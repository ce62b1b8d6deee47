import fc from 'fast-check';
import { test } from 'vitest';
import { PRIORITIES } from '../../src/mux/priority.ts';
import { ModelWorld, type Side } from './model-world.ts';

const side = fc.constantFrom<Side>('client', 'server');
const stream = fc.nat(1);
const index = fc.nat(5);
const credit = fc.oneof(fc.integer({ min: 1, max: 3000 }), fc.constant(65_536));
const size = fc.oneof(fc.nat(20), fc.nat(3000), fc.nat(100_000));

/** What may happen: each is a change to the world. */
const command: fc.Arbitrary<(world: ModelWorld) => void> = fc.oneof(
  fc
    .tuple(side, stream, fc.constantFrom(...PRIORITIES), credit)
    .map((args) => (world: ModelWorld) => world.open(...args)),
  fc.tuple(index, fc.boolean(), credit).map((args) => (world: ModelWorld) => world.answer(...args)),
  fc.tuple(index, side, size).map((args) => (world: ModelWorld) => world.write(...args)),
  fc.tuple(index, side, size).map((args) => (world: ModelWorld) => world.write(...args)),
  fc.tuple(index, side).map((args) => (world: ModelWorld) => world.note(...args)),
  fc.tuple(index, side).map((args) => (world: ModelWorld) => world.end(...args)),
  fc.tuple(index, side).map((args) => (world: ModelWorld) => world.reset(...args)),
  fc
    .tuple(index, side, fc.double({ min: 0, max: 1, noNaN: true }))
    .map((args) => (world: ModelWorld) => world.consume(...args)),
  fc.tuple(side, stream, fc.integer({ min: 1, max: 70_000 })).map((args) => (world: ModelWorld) => {
    world.take(...args);
  }),
  fc.tuple(side, stream, fc.integer({ min: 1, max: 70_000 })).map((args) => (world: ModelWorld) => {
    world.deliver(...args);
  }),
  fc.nat(100).map((ms) => (world: ModelWorld) => world.tick(ms)),
);

test('whatever the owners and the transport do, each channel delivers exactly what was sent, or ends with a reason', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 150 }), (commands) => {
      const world = new ModelWorld();
      for (const run of commands) run(world);
      world.finish();
    }),
    { numRuns: 400 },
  );
});
