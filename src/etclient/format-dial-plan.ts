import { formatRoad, type RoadsPlan } from './road.ts';

/** `race(tcp, delay(1.5s, ssh))`: what `parseDialPlan` reads. */
export function formatDialPlan(plan: RoadsPlan): string {
  switch (plan.kind) {
    case 'direct':
      return formatRoad(plan.road);
    case 'race':
    case 'fallback':
      return `${plan.kind}(${plan.plans.map(formatDialPlan).join(', ')})`;
    case 'delay':
    case 'timeout':
      return `${plan.kind}(${formatWait(plan.ms)}, ${formatDialPlan(plan.plan)})`;
  }
}

/** `250ms`, `1.5s`. */
function formatWait(ms: number): string {
  return ms < 1000 ? `${ms}ms` : `${ms / 1000}s`;
}
