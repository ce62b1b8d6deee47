import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { DialPlan } from '../../src/backed/dial-plan.ts';
import { planDial, type RoadDial } from '../../src/backed/plan-dial.ts';
import type { DialResult } from '../../src/backed/redialer.ts';
import type { SecureLink } from '../../src/backed/secure-link.ts';
import { EtError } from '../../src/base/errors.ts';
import { SEED } from '../support/seed.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { type ModelRoad, modelOf } from './plan-model.ts';

const RUNS = 10_000;
/** Longer than any plan here can take. */
const LONG_MS = 10_000_000;

/** Dials roads as their model says, and knows what runs. */
class Roads {
  readonly clock: VirtualClock = new VirtualClock();
  readonly running = new Set<string>();
  readonly started: string[] = [];
  readonly reset: string[] = [];
  readonly #againAfterMs: number | undefined;

  constructor(againAfterMs?: number) {
    this.#againAfterMs = againAfterMs;
  }

  readonly dialOf = (road: ModelRoad): RoadDial => ({
    timeoutMs: road.limitMs,
    route: road.route,
    ...(this.#againAfterMs !== undefined && { againAfterMs: this.#againAfterMs }),
    start: (done) => {
      const { clock, running } = this;
      const { name, outcome, tookMs } = road;
      this.started.push(`${clock.now()} ${name}`);
      running.add(name);
      const end = (result: DialResult): void => {
        timer.cancel();
        if (running.delete(name)) done(result);
      };
      let timer = clock.schedule(outcome === 'silence' ? LONG_MS : tookMs, () =>
        end(outcome === 'link' ? this.#linkOf(name) : failureOf(`${name}: ${outcome}`, outcome)),
      );
      return {
        cancel: () => {
          timer.cancel();
          running.delete(name);
        },
        expire: () => {
          const result = failureOf(`${name} timed out`, outcome);
          timer.cancel();
          // Some say it at once, others in a moment.
          if (road.tookMs > 2500) end(result);
          else timer = clock.schedule(0, () => end(result));
        },
      };
    },
  });

  #linkOf(name: string): DialResult {
    const link = { label: name, reset: () => this.reset.push(name) };
    return { kind: 'link', link: link as unknown as SecureLink };
  }
}

function failureOf(text: string, outcome: ModelRoad['outcome']): DialResult {
  const noRoute = outcome === 'no route' && !text.endsWith('timed out');
  return { kind: 'failed', error: new EtError('ET_ERR_DIAL', text), noRoute };
}

type Shape =
  | { kind: 'direct'; road: Omit<ModelRoad, 'name'> }
  | { kind: 'race' | 'fallback'; plans: Shape[] }
  | { kind: 'delay' | 'timeout'; ms: number; plan: Shape };

const WAIT_MS = fc.integer({ min: 1, max: 3000 });
const { shape } = fc.letrec<{ shape: Shape; leaf: Shape; many: Shape; timed: Shape }>((tie) => ({
  shape: fc.oneof({ maxDepth: 4, withCrossShrink: true }, tie('leaf'), tie('many'), tie('timed')),
  leaf: fc.record({
    kind: fc.constant('direct' as const),
    road: fc.record({
      outcome: fc.constantFrom('link', 'refused', 'refused', 'no route', 'silence'),
      tookMs: fc.integer({ min: 0, max: 5000 }),
      limitMs: fc.integer({ min: 1, max: 6000 }),
      route: fc.constantFrom('a', 'a', 'b', undefined),
    }),
  }),
  many: fc.record({
    kind: fc.constantFrom('race', 'fallback'),
    plans: fc.array(tie('shape'), { minLength: 1, maxLength: 4 }),
  }),
  timed: fc.record({
    kind: fc.constantFrom('delay', 'timeout'),
    ms: WAIT_MS,
    plan: tie('shape'),
  }),
}));

/** Names the roads, and gives each a part of a millisecond of its own. */
function named(tree: Shape): DialPlan<ModelRoad> {
  let count = 0;
  const visit = (each: Shape): DialPlan<ModelRoad> => {
    switch (each.kind) {
      case 'direct': {
        count += 1;
        const tookMs = each.road.tookMs + 2 ** -Math.min(count, 30);
        return { kind: 'direct', road: { ...each.road, tookMs, name: `road${count}` } };
      }
      case 'race':
      case 'fallback':
        return { kind: each.kind, plans: each.plans.map(visit) };
      case 'delay':
      case 'timeout':
        return { kind: each.kind, ms: each.ms, plan: visit(each.plan) };
    }
  };
  return visit(tree);
}

interface Told {
  readonly atMs: number;
  readonly text: string;
}

function textOf(result: DialResult): string {
  if (result.kind === 'link') return `a link by ${result.link.label}`;
  return `${result.error.message}${result.noRoute ? ', no route' : ''}`;
}

function run(roads: Roads, plan: DialPlan<ModelRoad>) {
  const told: Told[] = [];
  const start = planDial(roads.clock, plan, roads.dialOf);
  const running = start((result) => {
    told.push({ atMs: roads.clock.now(), text: textOf(result) });
  }, 'brief');
  return { told, running };
}

test(`${RUNS} random plans do as a model without timers says, and leave nothing (EVERTERM_SEED=${SEED})`, () => {
  fc.assert(
    fc.property(shape, (tree) => {
      const plan = named(tree);
      const model = modelOf(plan);
      const roads = new Roads();
      const { told } = run(roads, plan);
      roads.clock.advance(model.endMs);
      expect([...roads.running], 'what still runs').toEqual([]);
      expect(roads.clock.pending, 'timers').toBe(0);
      const text = model.winner === undefined ? model.failures.join('; ') : undefined;
      expect(told).toEqual([
        {
          atMs: model.endMs,
          text:
            text === undefined
              ? `a link by ${model.winner}`
              : text + (model.noRoute ? ', no route' : ''),
        },
      ]);
      expect(roads.started.toSorted()).toEqual([...model.started].toSorted());
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

test(`a plan that is cancelled at any moment leaves nothing, and tells nothing afterwards (EVERTERM_SEED=${SEED})`, () => {
  fc.assert(
    fc.property(shape, fc.double({ min: 0, max: 1, noNaN: true }), (tree, part) => {
      const plan = named(tree);
      const roads = new Roads();
      const { told, running } = run(roads, plan);
      roads.clock.advance(modelOf(plan).endMs * part);
      const before = told.length;
      running.cancel();
      expect([roads.running.size, roads.clock.pending]).toEqual([0, 0]);
      expect(told).toHaveLength(before);
    }),
    { numRuns: 2000, seed: SEED },
  );
});

test(`roads that are tried again and again end with their race, once (EVERTERM_SEED=${SEED})`, () => {
  fc.assert(
    fc.property(shape, WAIT_MS, (tree, againAfterMs) => {
      const roads = new Roads(againAfterMs);
      const { told } = run(roads, named(tree));
      roads.clock.advance(LONG_MS);
      expect([told.length, roads.running.size, roads.clock.pending]).toEqual([1, 0, 0]);
    }),
    { numRuns: 2000, seed: SEED },
  );
});

test('it takes no longer than it says', () => {
  fc.assert(
    fc.property(shape, (tree) => {
      const plan = named(tree);
      const roads = new Roads();
      const { running } = run(roads, plan);
      expect(modelOf(plan).endMs).toBeLessThanOrEqual(running.patienceMs ?? 0);
    }),
    { numRuns: 2000, seed: SEED },
  );
});
