/**
 * Which roads are dialled, in what order and for how long. The order in which the roads stand is the order in which they are
 * preferred.
 *
 * - `direct`: one road.
 * - `race`: all at once, the first link wins. A `delay` directly in it is a head start of those before it, which is cut short
 *   once all that run have failed.
 * - `fallback`: one after the other, the next when the one before has failed.
 * - `delay`: elsewhere than in a race, a wait.
 * - `timeout`: given up after this long; each road has a limit of its own besides.
 */
export type DialPlan<Road> =
  | { readonly kind: 'direct'; readonly road: Road }
  | { readonly kind: 'race' | 'fallback'; readonly plans: readonly DialPlan<Road>[] }
  | { readonly kind: 'delay' | 'timeout'; readonly ms: number; readonly plan: DialPlan<Road> };

/** The roads of a plan, the preferred one first. */
export function roadsIn<Road>(plan: DialPlan<Road>): readonly Road[] {
  switch (plan.kind) {
    case 'direct':
      return [plan.road];
    case 'race':
    case 'fallback':
      return plan.plans.flatMap((each) => roadsIn(each));
    case 'delay':
    case 'timeout':
      return roadsIn(plan.plan);
  }
}

/** What remains of a plan with some of its roads; `undefined` where none does. */
export function onlyRoads<Road>(
  plan: DialPlan<Road>,
  keeps: (road: Road) => boolean,
): DialPlan<Road> | undefined {
  switch (plan.kind) {
    case 'direct':
      return keeps(plan.road) ? plan : undefined;
    case 'race':
    case 'fallback': {
      const plans = plan.plans.flatMap((each) => onlyRoads(each, keeps) ?? []);
      return plans.length === 0 ? undefined : { kind: plan.kind, plans };
    }
    case 'delay':
    case 'timeout': {
      const inner = onlyRoads(plan.plan, keeps);
      return inner === undefined ? undefined : { ...plan, plan: inner };
    }
  }
}
